import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../helpers/process.ts";
import { BUS_ENVIRONMENT, BUS_SOCKET, startBus, whyNoBus } from "./bus.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const ENV = { ...process.env, ...BUS_ENVIRONMENT };
const NAME = "org.keepalived.Vrrp1";
const NOBODY = "65534";

function instance(name: string, vrid: number, more = ""): string {
  return `vrrp_instance ${name} {
  state BACKUP
  interface eth0
  virtual_router_id ${vrid}
  priority 150
  advert_int 1
  ${more}
  virtual_ipaddress {
    192.168.1.${100 + vrid}/24
  }
}
`;
}

const GLOBAL = "global_defs {\n  enable_dbus\n}\n";
const CONFIG = GLOBAL + instance("A", 51) + instance("B", 52) + instance("C", 53, "notify_deleted /bin/true");
const RELOADED = GLOBAL + instance("A2", 51) + instance("D", 54);

const DAEMON_PATH = "/org/keepalived/Vrrp1/Vrrp";
const pathOf = (vrid: number): string => `/org/keepalived/Vrrp1/Instance/eth0/${vrid}/IPv4`;

type Words = readonly string[];
const INSTANCE = "org.keepalived.Vrrp1.Instance";
const DAEMON = "org.keepalived.Vrrp1.Vrrp";
const PROPERTIES = "org.freedesktop.DBus.Properties";

/** busctl's `call` and what follows the name of the service. */
const CALLS: readonly Words[] = [
  [pathOf(51), PROPERTIES, "GetAll", "s", INSTANCE],
  [pathOf(51), PROPERTIES, "Get", "ss", INSTANCE, "Nothing"],
  [pathOf(51), PROPERTIES, "Get", "ss", "org.nothing", "Name"],
  [pathOf(51), PROPERTIES, "Set", "ssv", INSTANCE, "Name", "s", "x"],
  [pathOf(51), PROPERTIES, "Get", "s", INSTANCE],
  [pathOf(51), "org.freedesktop.DBus.Peer", "Ping"],
  [pathOf(51), "org.freedesktop.DBus.Peer", "GetMachineId"],
  ["/nowhere", "org.freedesktop.DBus.Peer", "Ping"],
  [pathOf(51), INSTANCE, "SendGarp"],
  [pathOf(51), INSTANCE, "SendGarp", "s", "x"],
  [pathOf(51), INSTANCE, "Nope"],
  [pathOf(77), INSTANCE, "SendGarp"],
  [pathOf(51), DAEMON, "PrintData"],
  [DAEMON_PATH, DAEMON, "PrintData"],
  [DAEMON_PATH, DAEMON, "PrintStats"],
  [DAEMON_PATH, DAEMON, "PrintStatsClear"],
  [DAEMON_PATH, DAEMON, "CreateInstance"],
  [DAEMON_PATH, PROPERTIES, "GetAll", "s", DAEMON],
];

async function ask(machine: Machine, words: Words, user: string | null = null): Promise<string> {
  const as = user === null ? [] : ["setpriv", `--reuid=${user}`, "--clear-groups"];
  const { stdout, stderr } = await machine.run([...as, "busctl", "--system", "--no-pager", ...words], { env: ENV });
  return `${stdout}${stderr}`.trim();
}

/** Whether a tag is closed by itself, and who made the text, is no difference. */
async function introspection(machine: Machine, path: string): Promise<string> {
  const words = ["gdbus", "introspect", "--system", "-d", NAME, "-o", path, "--xml"];
  const xml = await machine.runOk(words, { env: ENV });
  return xml.replace(/<!-- GDBus .*-->\n/, "").replace(/(<(\w+) [^>]*[^/>])>\s*<\/\2>/g, "$1/>");
}

const SIGNAL = /^signal .*path=(\S+); interface=org\.keepalived\S+ member=(\w+)/;

interface Seen {
  /** Answers by question. */
  readonly answers: Readonly<Record<string, string>>;
  /** The signals of each path, in their order. */
  readonly signals: Readonly<Record<string, readonly string[]>>;
}

/** Fail-over, questions, a reload that takes and brings instances, stop. */
async function live(name: DaemonName): Promise<Seen> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await startBus(machine);
    const monitor = machine.spawn(["dbus-monitor", "--system", "type=signal,path_namespace=/org/keepalived"], ENV);
    const lines = linesOf(monitor.stdout, monitor.stderr);
    await lines.waitFor("the monitor", ({ text }) => text.includes("NameLost"));
    const daemon = new Daemon(machine, { name, config: CONFIG, env: ENV });
    for (const one of ["A", "B", "C"]) await daemon.logged(`(${one}) Entering MASTER STATE`, { timeoutMs: 20_000 });
    const answers: Record<string, string> = {};
    answers["tree"] = await ask(machine, ["tree", NAME]);
    for (const path of ["/", DAEMON_PATH, pathOf(51)]) answers[path] = await introspection(machine, path);
    for (const call of CALLS) answers[call.join(" ")] = await ask(machine, ["call", NAME, ...call]);
    answers["nobody may look"] = await ask(machine, ["get-property", NAME, pathOf(51), INSTANCE, "State"], NOBODY);
    answers["nobody may not touch"] = await ask(machine, ["call", NAME, pathOf(51), INSTANCE, "SendGarp"], NOBODY);
    await network.unplug(machine);
    for (const one of ["A", "B", "C"]) await daemon.logged(`(${one}) Entering FAULT STATE`);
    answers["at fault"] = await ask(machine, ["get-property", NAME, pathOf(51), INSTANCE, "State"]);
    answers["garp at fault"] = await ask(machine, ["call", NAME, pathOf(51), INSTANCE, "SendGarp"]);
    const from = daemon.log.position;
    await network.plugIn(machine);
    for (const one of ["A", "B", "C"])
      await daemon.logged(`(${one}) Entering MASTER STATE`, { from, timeoutMs: 20_000 });
    daemon.reload(RELOADED);
    await daemon.logged("(D) Entering MASTER STATE", { timeoutMs: 20_000 });
    answers["renamed"] = await ask(machine, ["get-property", NAME, pathOf(51), INSTANCE, "Name", "State"]);
    answers["gone"] = await ask(machine, ["call", NAME, pathOf(52), INSTANCE, "SendGarp"]);
    answers["tree after"] = await ask(machine, ["tree", NAME]);
    assert.equal((await daemon.terminate()).status, 0);
    await lines.waitFor("the last signal", ({ text }) => text.includes("VrrpStopped"));
    return { answers, signals: signalsOf(lines.items.map(({ text }) => text)) };
  } finally {
    await network.close();
  }
}

function signalsOf(lines: readonly string[]): Seen["signals"] {
  const signals: Record<string, string[]> = {};
  lines.forEach((line, at) => {
    const [, path, member] = SIGNAL.exec(line) ?? [];
    if (path === undefined || member === undefined) return;
    const status = member === "VrrpStatusChange" ? ` ${lines[at + 1]?.trim()}` : "";
    signals[path] = [...(signals[path] ?? []), `${member}${status}`];
  });
  // How often the first state is told depends on when the bus lets a daemon in.
  const isFirst = (text: string): boolean => /uint32 [01]$/.test(text);
  return Object.fromEntries(
    Object.entries(signals).map(([path, all]) => [path, all.slice(all.findIndex((text) => !isFirst(text)))]),
  );
}

describe("D-Bus beside keepalived", { skip: whyNoLab() || whyNoBus() }, () => {
  const all = new Map<DaemonName, Seen>();
  for (const name of daemonNames()) {
    test(`${name} on a bus with the policy that the package brings`, async () => {
      const seen = await live(name);
      all.set(name, seen);
      const { answers, signals } = seen;
      assert.equal(answers["nobody may look"], '(us) 2 "Master"');
      assert.match(answers["nobody may not touch"] ?? "", /Access denied|Access to .* denied|not permitted|rejected/i);
      assert.equal(answers["renamed"], '(s) "A2"\n(us) 2 "Master"');
      assert.deepEqual(signals[DAEMON_PATH], ["VrrpStarted", "VrrpReloaded", "VrrpStopped"]);
      assert.deepEqual(signals[pathOf(52)]?.at(-1), "VrrpStatusChange uint32 3");
      assert.deepEqual(signals[pathOf(53)]?.at(-1), "VrrpStatusChange uint32 97");
      assert.deepEqual(signals[pathOf(54)]?.at(-1), "VrrpStatusChange uint32 98");
    });
  }

  test("both answer and tell the same", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    const [first, second] = [...all.values()];
    assert.deepEqual(first?.answers, second?.answers);
    assert.deepEqual(first?.signals, second?.signals);
  });
});

describe("D-Bus of holdfast alone", { skip: whyNoLab() || whyNoBus() }, () => {
  test("a bus that comes late, and one that is started again", async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      const daemon = new Daemon(machine, {
        name: "holdfast",
        config: GLOBAL + instance("A", 51),
        env: ENV,
        flags: VRRP_FLAGS,
      });
      await daemon.logged("Failed to initialise DBus");
      await daemon.logged("(A) Entering MASTER STATE", { timeoutMs: 20_000 });
      await startBus(machine);
      await daemon.logged("Acquired the name", { timeoutMs: 40_000 });
      assert.equal(await ask(machine, ["get-property", NAME, pathOf(51), INSTANCE, "State"]), '(us) 2 "Master"');
      const from = daemon.log.position;
      await machine.runOk(["sh", "-c", `rm ${BUS_SOCKET}; kill $(cat /run/lab/bus.pid); rm -f /run/lab/bus.pid`]);
      await daemon.logged("has left us", { from });
      await startBus(machine);
      await daemon.logged("Acquired the name", { from, timeoutMs: 40_000 });
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });

  test("an instance without an interface has the configured word in its place", async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      await startBus(machine);
      const unicast = "unicast_src_ip 192.168.1.5\n  unicast_peer {\n    192.168.1.6\n  }\n  virtual_ipaddress {";
      const address = "192.168.1.151/24 dev eth0";
      const words = instance("A", 51)
        .replace("  interface eth0\n", "")
        .replace("virtual_ipaddress {", unicast)
        .replace("192.168.1.151/24", address);
      const config = `global_defs {\n  enable_dbus\n  dynamic_interfaces\n  dbus_no_interface_name any-where\n}\n${words}`;
      const daemon = new Daemon(machine, { name: "holdfast", config, env: ENV, flags: VRRP_FLAGS });
      await daemon.logged("Acquired the name", { timeoutMs: 20_000 });
      const path = "/org/keepalived/Vrrp1/Instance/any_where/51/IPv4";
      await daemon.logged("Entering BACKUP STATE");
      assert.equal(await ask(machine, ["get-property", NAME, path, INSTANCE, "State"]), '(us) 1 "Backup"');
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });
});
