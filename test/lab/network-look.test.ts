import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

const PROGRAM = join(ROOT, "dist/test/lab/programs/look-at-network.js");
const BEHIND = ["10.9.0.1", "10.9.0.2", "10.9.0.3"];

async function look(machine: Machine, addresses: readonly string[] = BEHIND): Promise<string> {
  return (await machine.runOk([process.execPath, PROGRAM, ...addresses])).trim();
}

test("the guard tells a dead gateway, a cable that is out, a link that is down and a missing route apart", {
  skip: whyNoLab(["ping"]),
  timeout: 60_000,
}, async () => {
  const network = await Network.build();
  try {
    const director = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
    const gateway = await network.addMachine({ name: "gateway", addresses: ["192.168.1.1/24"] });
    assert.equal(await look(director), "there is no route to them");
    await director.ip("route add default via 192.168.1.1");
    await director.runOk(["ping", "-c", "1", "192.168.1.1"]);
    assert.equal(await look(director), "null");
    // A minority behind nothing does not matter.
    await director.ip("route add unreachable 10.8.0.0/24");
    assert.equal(await look(director, ["10.8.0.1", ...BEHIND]), "null");
    await network.cut(director, gateway);
    await director.ip("neigh flush dev eth0");
    await director.run(["ping", "-c", "1", "-W", "4", "192.168.1.1"]);
    assert.equal(await look(director), "the gateway on eth0 does not answer");
    await network.unplug(director);
    assert.equal(await look(director), "eth0 has no carrier");
    await director.ip("link set eth0 down");
    assert.equal(await look(director), "there is no route to them");
  } finally {
    await network.close();
  }
});
