import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { linesOf, sendSignal } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { CONFIG_PATH } from "./daemon.ts";
import { Network } from "./network.ts";

const VIP = "192.168.1.100";
const CAPABILITIES = "+net_admin,+net_raw,+net_bind_service";
/** What the service manager hears, a datagram a line. */
const LISTEN = `import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/holdfast/notify")
os.chmod("/run/holdfast/notify", 0o777)
print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " "), flush=True)`;

describe("a daemon of another user with three capabilities", { skip: whyNoLab(["setpriv", "python3"]) }, () => {
  test("is master, and tells the service manager of itself", { timeout: 90_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      const watch = await machine.watchAddresses();
      await machine.runOk([
        "sh",
        "-ec",
        "mkdir /run/holdfast && chown 65534:65534 /run/holdfast && chmod 755 /run/lab",
      ]);
      machine.writeFile(
        CONFIG_PATH,
        vrrpConfig({ version: 3, priority: 200, advertInt: "0.2", virtualAddresses: [`${VIP}/24`] }),
      );
      const listener = machine.spawn(["python3", "-c", LISTEN]);
      const heard = linesOf(listener.stdout, listener.stderr);
      await heard.waitFor("the socket", ({ text }) => text === "listening");
      const identity = ["--reuid=65534", "--regid=65534", "--clear-groups"];
      const limits = [
        `--inh-caps=-all,${CAPABILITIES}`,
        `--ambient-caps=${CAPABILITIES}`,
        `--bounding-set=-all,${CAPABILITIES}`,
      ];
      const pids = ["-p", "/run/holdfast/p", "-r", "/run/holdfast/r", "-c", "/run/holdfast/c"];
      const program = [
        process.execPath,
        join(ROOT, "bin", "holdfast"),
        "-f",
        CONFIG_PATH,
        "-n",
        "-l",
        "-D",
        "-G",
        "-P",
        ...pids,
      ];
      const child = machine.spawn(["setpriv", ...identity, ...limits, "--no-new-privs", ...program], {
        ...process.env,
        NOTIFY_SOCKET: "/run/holdfast/notify",
        WATCHDOG_USEC: "2000000",
      });
      const log = linesOf(child.stdout, child.stderr);
      const said = (): string => log.items.map(({ text }) => text).join("\n");
      await watch.gained(VIP).catch((error: unknown) => assert.fail(`${String(error)}\n${said()}`));
      await heard.waitFor("readiness", ({ text }) => text.startsWith("READY=1"));
      const from = heard.position;
      for (let count = 0; count < 3; count += 1)
        await heard.waitFor("a sign of life", ({ text }) => text === "WATCHDOG=1", { from });
      const pid = machine.pidOf(child) ?? 0;
      assert.ok(sendSignal(pid, "SIGHUP"));
      await heard.waitFor("a reload", ({ text }) => /^RELOADING=1 MONOTONIC_USEC=\d+$/.test(text));
      await heard.waitFor("the end of it", ({ text }) => text.startsWith("READY=1"), { from });
      sendSignal(pid, "SIGTERM");
      await heard.waitFor("the stop", ({ text }) => text === "STOPPING=1");
      await watch.lost(VIP);
    } finally {
      await network.close();
    }
  });
});
