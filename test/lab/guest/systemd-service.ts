import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { examplesOf } from "../../helpers/examples.ts";

/** The Debian package under Debian's systemd, which is this guest's first program. */

const VIP = "192.168.1.100";
const PATH = "/etc/keepalived/keepalived.conf";
const CONFIG = `global_defs {
  router_id LAB
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  virtual_ipaddress {
    ${VIP}/24
  }
}
`;
const SLOW = { timeoutMs: 60_000, intervalMs: 200 };

function run(...words: readonly string[]): string {
  const [program = "", ...rest] = words;
  const { stdout, stderr, status } = spawnSync(program, rest, { encoding: "utf8", timeout: 240_000 });
  assert.equal(status, 0, `${words.join(" ")}: ${stdout}${stderr}${status === 0 ? "" : circumstances()}`);
  return stdout;
}

/** What may have kept a command of systemd from its end. */
function circumstances(): string {
  const looks = ["systemctl status --no-pager --full --lines=40 holdfast", "free -m", "cat /proc/loadavg"];
  return spawnSync("sh", ["-c", looks.join("; ")], { encoding: "utf8" }).stdout;
}

function show(property: string, unit = "holdfast.service"): string {
  return run("systemctl", "show", "--value", "-p", property, unit).trim();
}

/** From 254 on reloads are the service manager's own: it sends the signal, waits, and can't be told of a refusal. */
const sendsReloads = Number(/^systemd (\d+)/.exec(run("systemctl", "--version"))?.[1]) >= 254;

function hasVip(): boolean {
  return run("ip", "-brief", "address", "show", "dev", "eth0").includes(`${VIP}/24`);
}

function becomes(what: string, condition: () => boolean): Promise<true> {
  return waitUntil(what, () => (condition() ? true : null), SLOW);
}

/** Every moment at which the address came or went while `body` ran. */
async function addressNews(body: () => Promise<void>): Promise<string> {
  const file = "/tmp/monitor";
  const monitor = spawnSync("sh", ["-c", `ip monitor address dev eth0 > ${file} 2>&1 & echo $!`], { encoding: "utf8" });
  try {
    await body();
  } finally {
    process.kill(Number(monitor.stdout.trim()));
  }
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(VIP))
    .join("\n");
}

function install(): void {
  run("dpkg", "--force-depends", "--no-triggers", "--install", process.env["HOLDFAST_DEB"] ?? "");
}

await test("the package takes keepalived's place, and systemd waits until the service is up", async () => {
  run(
    "sh",
    "-c",
    "ip link add eth0 type veth peer name far && ip addr add 192.168.1.5/24 dev eth0 && ip link set eth0 up && ip link set far up",
  );
  mkdirSync("/etc/keepalived", { recursive: true });
  writeFileSync(PATH, CONFIG);
  install();
  assert.equal(show("ActiveState"), "active");
  assert.equal(show("Type"), sendsReloads ? "notify-reload" : "notify");
  assert.equal(spawnSync("dpkg", ["-s", "keepalived"]).stdout.includes("install ok installed"), false);
  await becomes("the VIP", hasVip);
  assert.match(run("holdfast", "status"), /VI_1 +MASTER/);
  assert.match(run("keepalived", "--signum=RELOAD"), /^1$/m);
});

await test("the commands of installation.md do what the page says", () => {
  for (const { command, output } of examplesOf("installation.md", "console systemd")) {
    const said = run("bash", "-c", command);
    for (const line of output.split("\n").filter((text) => text !== ""))
      assert.ok(said.includes(line), `no "${line}": ${command}\n${said}`);
  }
});

await test("systemctl reload waits for the new file, and fails for a bad one with a word in the status", async () => {
  const pid = show("MainPID");
  writeFileSync(PATH, CONFIG.replace("router_id LAB", "router_id OTHER"));
  run("systemctl", "reload", "holdfast");
  // Nothing is waited for: when the command is back the configuration is in force.
  assert.match(run("holdfast", "status", "--json"), /"routerId": "OTHER"/);
  await becomes("a word of it", () => show("StatusText").includes("last reload is complete"));
  writeFileSync(PATH, CONFIG.replace("eth0", "nowhere0"));
  const refused = spawnSync("systemctl", ["reload", "keepalived"], { encoding: "utf8", timeout: 60_000 });
  assert.equal(refused.status === 0, sendsReloads);
  await becomes("a refusal", () => show("StatusText").includes("refused"));
  assert.match(spawnSync("journalctl", ["-u", "holdfast", "--no-pager"], { encoding: "utf8" }).stdout, /nowhere0/);
  assert.deepEqual([show("MainPID"), show("ActiveState"), hasVip()], [pid, "active", true]);
  writeFileSync(PATH, CONFIG);
});

await test("a reload reaches a daemon whose socket is elsewhere or off: by its socket, else by a signal", async () => {
  const reload = (): string => run("holdfast", "reload", "--pid", show("MainPID"));
  const withSocket = (words: string): void =>
    writeFileSync(PATH, CONFIG.replace("router_id LAB", `router_id LAB\n  control_socket ${words}`));
  withSocket("/run/holdfast/other.sock");
  run("systemctl", "reload", "holdfast");
  await becomes("the socket elsewhere", () => existsSync("/run/holdfast/other.sock"));
  withSocket("off");
  assert.match(reload(), /Reload complete/);
  await becomes("no socket", () => !existsSync("/run/holdfast/other.sock"));
  writeFileSync(PATH, CONFIG);
  assert.match(reload(), /SIGHUP sent/);
  await becomes("the socket again", () => existsSync("/run/holdfast/control.sock"));
});

await test("an upgrade replaces the process and the VIP never goes", async () => {
  const pid = show("MainPID");
  const news = await addressNews(async () => {
    install();
    await becomes("another process", () => show("MainPID") !== pid && show("ActiveState") === "active");
    await becomes("the master again", () => run("holdfast", "status").includes("MASTER"));
  });
  assert.equal(news, "");
  assert.equal(hasVip(), true);
});

await test("a hung process is killed by the watchdog, started again and adopts the VIP", async () => {
  mkdirSync("/run/systemd/system/holdfast.service.d", { recursive: true });
  writeFileSync("/run/systemd/system/holdfast.service.d/lab.conf", "[Service]\nWatchdogSec=5\n");
  run("systemctl", "daemon-reload");
  run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "holdfast.service");
  await becomes(
    "a process with the short watchdog",
    () => show("WatchdogUSec") === "5s" && show("SubState") === "running",
  );
  await becomes("the VIP", hasVip);
  const pid = show("MainPID");
  const restarts = Number(show("NRestarts"));
  const news = await addressNews(async () => {
    process.kill(Number(pid), "SIGSTOP");
    await becomes("another process", () => {
      return show("SubState") === "running" && Number(show("NRestarts")) > restarts;
    });
    await becomes("the master again", () =>
      spawnSync("holdfast", ["status"], { encoding: "utf8" }).stdout.includes("MASTER"),
    );
  });
  assert.notEqual(show("MainPID"), pid);
  assert.equal(news, "");
  assert.notEqual(show("ActiveState", "holdfast-cleanup.service"), "active");
});

await test("when no restart follows, the cleanup takes the VIP away, also with a file that no longer loads", async () => {
  assert.equal(hasVip(), true);
  writeFileSync(PATH, "vrrp_instance VI_1 {\n interface nowhere0\n");
  process.kill(Number(show("MainPID")), "SIGKILL");
  await becomes("failure", () => show("ActiveState") === "failed");
  await becomes("the VIP gone", () => !hasVip());
  await becomes("the cleanup's end", () => show("Result", "holdfast-cleanup.service") === "success");
});

await test("removing the package stops the service, which gives the VIP up", async () => {
  writeFileSync(PATH, CONFIG);
  run("systemctl", "reset-failed", "holdfast");
  run("systemctl", "start", "holdfast");
  await becomes("the VIP", hasVip);
  run("dpkg", "--remove", "holdfast");
  assert.equal(hasVip(), false);
  assert.notEqual(show("ActiveState"), "active");
  assert.equal(readFileSync(PATH, "utf8"), CONFIG);
});
