import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VrrpEvent } from "../../../src/native/contract.ts";
import { virtualRouter } from "../../helpers/virtual-router.ts";
import { activeBench, Bench, PEER } from "../../helpers/vrrp-bench.ts";

const UNKNOWN: VrrpEvent = {
  kind: "dropped",
  instance: null,
  reason: "vrid",
  source: PEER,
  ifindex: 2,
  received: 77,
  expected: 0,
  atUs: 0,
};
const LINE = "Unknown VRID(77) received on interface(eth0). ignoring...";

async function linesWith(logsUnknownVrids: boolean, event: VrrpEvent = UNKNOWN): Promise<readonly string[]> {
  const bench = new Bench([virtualRouter()], { logsUnknownVrids });
  await bench.start();
  bench.host.loop.emit(event);
  await bench.host.settle();
  return bench.lines;
}

describe("log_unknown_vrids", () => {
  it("tells adverts of virtual routers that are nobody's", async () => {
    assert.ok((await linesWith(true)).includes(LINE));
  });
  it("names who is a peer of none of the instances with the number", async () => {
    const lines = await linesWith(true, { ...UNKNOWN, received: 51, ifindex: 0 });
    assert.ok(lines.includes(`Unknown VRID(51) received on interface(none) from ${PEER}. ignoring...`));
  });
  it("is off by default, as in keepalived", async () => {
    assert.ok(!(await linesWith(false)).includes(LINE));
  });
});

describe("auth_type AH", () => {
  const SYNC = "(VI_1) IPSEC-AH : Syncing seq_num - Increment seq";
  it("says after a lower advert that its sequence number is followed", async () => {
    const bench = await activeBench(virtualRouter({ version: 2, authentication: { kind: "ah", password: "secret" } }));
    await bench.hear(50);
    const at = bench.lines.indexOf(SYNC);
    assert.match(bench.lines[at - 1] ?? "", /Received advert from \S+ with lower priority 50, ours 100/);
  });
  it("says nothing of it with other authentication", async () => {
    const bench = await activeBench(virtualRouter({ version: 2 }));
    await bench.hear(50);
    assert.ok(!bench.lines.includes(SYNC));
  });
});
