/** A reload that gives a VMAC another name: the link changes, the service goes on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

const VIP = "192.168.1.100";
const MAC = "00:00:5e:00:01:33";

function config(...words: readonly string[]): string {
  return vrrpConfig({ version: 3, priority: 100, advertInt: "0.2", virtualAddresses: [VIP], extraLines: words });
}

async function links(machine: Machine): Promise<string> {
  return await machine.runOk(["ip", "-o", "link"]);
}

/** Twenty pings a second, for five seconds. @returns the summary */
async function ping(client: Machine): Promise<string> {
  return await client.runOk(["ping", "-q", "-n", "-c", "100", "-i", "0.05", "-W", "1", VIP]);
}

async function rename(before: readonly string[], after: readonly string[]): Promise<void> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const client = await network.addMachine({ name: "client", addresses: ["192.168.1.7/24"] });
    const daemon = new Daemon(machine, { name: "holdfast", config: config(...before) });
    await daemon.logged("gratuitous ARP on vm1");
    await client.runOk(["ping", "-n", "-c", "1", "-W", "2", VIP]);
    const pinging = ping(client);
    const from = daemon.log.position;
    daemon.reload(config(...after));
    await daemon.logged("Success removing VMAC interface vm1", { from });
    await daemon.logged("gratuitous ARP on vm2", { from });
    const ofVm2 = await machine.runOk(["ip", "-o", "link", "show", "vm2"]);
    assert.ok(ofVm2.includes(MAC) && ofVm2.includes(",UP"), ofVm2);
    assert.ok((await machine.runOk(["ip", "-o", "addr", "show", "dev", "vm2"])).includes(VIP));
    assert.ok(!(await links(machine)).includes("vm1"));
    const said = daemon.log.items.slice(from).map(({ text }) => text);
    assert.deepEqual(
      said.filter((text) => text.includes("Entering") || text.includes("sent 0 priority")),
      [],
    );
    assert.match(await pinging, / 0% packet loss/);
    assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
    assert.ok(!(await links(machine)).includes("vm2"));
  } finally {
    await network.close();
  }
}

describe("a reload that renames a VMAC", { concurrency: 2 }, () => {
  const skip = whyNoLab(["ping"]);
  const timeout = 60_000;
  test("keeps the service up and leaves nothing of the old one", { skip, timeout }, () =>
    rename(["use_vmac vm1"], ["use_vmac vm2"]),
  );
  test("also with adverts from the base and a firewall", { skip, timeout }, () =>
    rename(["use_vmac vm1", "vmac_xmit_base"], ["use_vmac vm2", "vmac_xmit_base"]),
  );
  test("also where the link is down until the takeover", { skip, timeout }, () =>
    rename(["use_vmac vm1", "vmac_protodown"], ["use_vmac vm2", "vmac_protodown"]),
  );
});
