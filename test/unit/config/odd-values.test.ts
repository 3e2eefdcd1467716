import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import { loadWhole } from "../../helpers/load-text.ts";

interface Read {
  readonly vrrp: CompleteConfiguration["vrrpInstances"][number] | undefined;
  readonly testExitCode: number;
}

function read(words: string, addresses = "10.0.0.1", globals = ""): Read {
  const text = `global_defs {\n ${globals}\n}\nvrrp_instance V {\n interface eth0\n virtual_router_id 1\n version 3
 ${words}\n virtual_ipaddress {\n ${addresses}\n }\n}\n`;
  const { configuration, testExitCode } = loadWhole(text, { interfaces: ["eth0"] });
  return { vrrp: configuration.vrrpInstances[0], testExitCode };
}

// All of these were seen with keepalived 2.2.7.

test("a prefix length out of range is a host's, and what follows it is overlooked", () => {
  for (const [address, prefixLength] of [
    ["10.0.0.1/33", 32],
    ["10.0.0.1/-1", 32],
    ["10.0.0.1/24x", 24],
    ["10.0.0.1/024", 24],
    ["2001:db8::1/129", 128],
  ] as const) {
    const { vrrp } = read("priority 100", address);
    assert.deepEqual(
      vrrp?.virtualAddresses.map((one) => one.prefixLength),
      [prefixLength],
      address,
    );
  }
  assert.equal(read("priority 100", "10.0.0.1/33").testExitCode, 5);
});

test("a label or broadcast address that can't be takes its address along; a peer that can't be does not", () => {
  const kept = (line: string): readonly string[] | undefined =>
    read("priority 100", `10.0.0.1\n ${line}`).vrrp?.virtualAddresses.map(({ address }) => address);
  assert.deepEqual(kept("10.0.0.2 label eth0:averyverylonglabel"), ["10.0.0.1"]);
  assert.deepEqual(kept("10.0.0.2 brd foo"), ["10.0.0.1"]);
  assert.deepEqual(kept("10.0.0.2 peer foo"), ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(kept("10.0.0.2 scope foo"), ["10.0.0.1", "10.0.0.2"]);
  const { vrrp } = read("priority 100", "fe80::1 label lan\n 2001:db8::1/64 brd 10.0.0.255");
  assert.equal(vrrp?.virtualAddresses.length, 1);
});

test("of priority and advert_int a number with something behind it does not count, of others it does", () => {
  const { vrrp } = read("priority 77x\n advert_int 3x\n garp_master_repeat 3x");
  assert.deepEqual([vrrp?.priority, vrrp?.advertisementIntervalUs, vrrp?.announce.repeat], [100, 1_000_000, 3]);
});

test("strict mode tells of what it overrules", () => {
  const codeOf = (words: string, globals = "vrrp_strict"): number => read(words, "10.0.0.1", globals).testExitCode;
  assert.equal(codeOf("priority 100"), 0);
  assert.equal(codeOf("down_timer_adverts 9"), 5);
  assert.equal(codeOf("down_timer_adverts 3"), 0);
  assert.equal(codeOf("priority 100", "vrrp_strict\n vrrp_down_timer_adverts 5"), 5);
  assert.equal(codeOf("lower_prio_no_advert off"), 5);
  assert.equal(codeOf("higher_prio_send_advert on"), 5);
  assert.equal(codeOf("garp_lower_prio_repeat 7"), 5);
  assert.equal(codeOf("down_timer_adverts 9", ""), 0);
});

test("use_vmac leaves out a MAC that can't be one's own", () => {
  const macOf = (words: string, globals = ""): string | null | undefined =>
    read(words, "10.0.0.1", globals).vrrp?.vmac?.macAddress;
  assert.equal(macOf("use_vmac vm1 02:00:00:00:01:77"), "02:00:00:00:01:77");
  assert.equal(macOf("use_vmac vm1 00:00:5e:00:01:77"), null);
  assert.equal(macOf("use_vmac vm1 01:00:5e:00:01:77"), null);
  assert.equal(macOf("use_vmac vm1 02:00:00:00:01:77", "vrrp_strict"), null);
});
