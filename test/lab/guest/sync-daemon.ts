import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

/** Without its end. It lives on an interface of its own, so that taking it down leaves the sync traffic alone. */
const INSTANCE = `vrrp_instance VI_1 {
  interface vrrp0
  virtual_router_id 51
  advert_int 0.2
  version 3
  virtual_ipaddress {
    192.168.1.100
  }
`;
const TIED = `global_defs {
  lvs_sync_daemon eth0 inst VI_1 maxlen 1400 port 9000 ttl 3 group 224.0.0.90
}
${INSTANCE}}
`;
const UNTIED = `global_defs {
  lvs_sync_daemon eth0 id 7
}
virtual_server 192.168.1.100 80 {
  protocol TCP
  real_server 192.168.1.7 80 {
  }
}
`;
const OPTIONS = "maxlen=1400, group=224.0.0.90, port=9000, ttl=3";
const ATTEMPTS = 60;

async function daemonsOf(machine: Machine): Promise<string> {
  const text = await machine.runOk(["ipvsadm", "-L", "--daemon"]);
  return text.trim();
}

async function waitForDaemons(machine: Machine, expected: RegExp, daemon: Daemon): Promise<void> {
  let text = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    text = await daemonsOf(machine);
    if (expected.test(text)) return;
  }
  daemon.crash();
  assert.fail(`waited in vain for ${expected}, got "${text}"\n${daemon.text}`);
}

async function followsAnInstance(machine: Machine, name: DaemonName): Promise<void> {
  await machine.ip("link set vrrp0 up");
  const daemon = new Daemon(machine, { name, config: TIED, flags: ALL_FLAGS });
  await waitForDaemons(machine, new RegExp(`^master sync daemon \\(mcast=eth0, syncid=51, ${OPTIONS}\\)$`), daemon);
  await machine.ip("link set vrrp0 down");
  await waitForDaemons(machine, new RegExp(`^backup sync daemon \\(mcast=eth0, syncid=51, ${OPTIONS}\\)$`), daemon);
  assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
  assert.equal(await daemonsOf(machine), "");
}

async function runsBoth(machine: Machine, name: DaemonName): Promise<void> {
  const daemon = new Daemon(machine, { name, config: UNTIED, flags: ALL_FLAGS });
  await waitForDaemons(
    machine,
    /^master sync daemon \(mcast=eth0, syncid=7.*\nbackup sync daemon \(mcast=eth0, syncid=7/,
    daemon,
  );
  assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
  assert.equal(await daemonsOf(machine), "");
}

/** Ways to say it; what the kernel is told is compared. */
const FORMS: Readonly<Record<string, string>> = {
  "the instance by its place": `global_defs {\n lvs_sync_daemon eth0 VI_1\n}\n${INSTANCE}}\n`,
  "instance and id by their places": `global_defs {\n lvs_sync_daemon eth0 VI_1 9\n}\n${INSTANCE}}\n`,
  "an id of its own": `global_defs {\n lvs_sync_daemon eth0 inst VI_1 id 255\n}\n${INSTANCE}}\n`,
  lvs_sync_daemon_interface: `${INSTANCE}  lvs_sync_daemon_interface eth0\n}\n`,
  "an IPv6 group": `global_defs {\n lvs_sync_daemon eth0 inst VI_1 group ff02::90 port 8849 ttl 9\n}\n${INSTANCE}}\n`,
  "tied to none, with all options": UNTIED.replace("id 7", "id 7 maxlen 900 port 8850 ttl 2 group 224.0.0.91"),
};

/** @returns what the kernel tells of its sync daemons once they do as the configuration says */
async function toldOf(machine: Machine, name: DaemonName, config: string): Promise<string> {
  await machine.ip("link set vrrp0 up");
  const daemon = new Daemon(machine, { name, config, flags: ALL_FLAGS });
  await waitForDaemons(machine, /^master sync daemon/, daemon);
  const text = await daemonsOf(machine);
  await daemon.terminate();
  assert.equal(await daemonsOf(machine), "");
  return text;
}

describe("sync daemon", () => {
  let network: Network;
  let machine: Machine;
  before(async () => {
    network = await Network.build();
    machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
    await machine.ip("link add vrrp0 type veth peer name vrrp1\nlink set vrrp1 up\naddr add 192.168.2.5/24 dev vrrp0");
  });
  after(() => network.close());
  for (const name of daemonNames()) {
    test(`sync daemon follows an instance (${name})`, { timeout: 60_000 }, () => followsAnInstance(machine, name));
    test(`sync daemons of both kinds run beside the checkers (${name})`, { timeout: 60_000 }, () =>
      runsBoth(machine, name),
    );
  }
  const names = daemonNames();
  const skip = names.length < 2 ? "needs both daemons" : false;
  for (const [title, config] of Object.entries(FORMS)) {
    test(`sync daemon as keepalived's: ${title}`, { skip, timeout: 120_000 }, async () => {
      const [ours, theirs] = [await toldOf(machine, "holdfast", config), await toldOf(machine, "keepalived", config)];
      assert.equal(ours, theirs);
    });
  }
});
