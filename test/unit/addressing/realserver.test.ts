import assert from "node:assert/strict";
import { test } from "node:test";
import {
  planDown,
  planUp,
  type RealserverCommand,
  type RealserverFacts,
  reportStatus,
} from "../../../src/addressing/realserver.ts";
import type { InterfaceAddress, Link } from "../../../src/native/contract.ts";

const VIP = "192.168.1.100";
const VIP6 = "2001:db8::100";
const ALL_IGNORE = "net/ipv4/conf/all/arp_ignore";
const LO_IGNORE = "net/ipv4/conf/lo/arp_ignore";
const ALL_ANNOUNCE = "net/ipv4/conf/all/arp_announce";
const LO_ANNOUNCE = "net/ipv4/conf/lo/arp_announce";

function link(ifindex: number, name: string, isLoopback: boolean): Link {
  const flags = { isUp: true, isRunning: true, hasArp: !isLoopback, isLoopback, masterIfindex: 0 };
  return { ifindex, name, kind: null, mac: null, mtu: 1500, ...flags };
}

function address(ifindex: number, text: string, prefixLength: number): InterfaceAddress {
  const family = text.includes(":") ? "inet6" : "inet";
  return { ifindex, family, address: text, prefixLength, scope: 0, label: null, broadcast: null, peer: null };
}

/** A machine as it comes, with 127.0.0.1 on lo and one address on eth0. */
const FRESH: RealserverFacts = {
  links: [link(1, "lo", true), link(2, "eth0", false)],
  addresses: [address(1, "127.0.0.1", 8), address(2, "192.168.1.7", 24)],
  sysctls: new Map([
    [ALL_IGNORE, 0],
    [LO_IGNORE, 0],
    [ALL_ANNOUNCE, 0],
    [LO_ANNOUNCE, 1],
  ]),
  saved: null,
};

/** The machine after the commands. */
function carryOut(facts: RealserverFacts, commands: readonly RealserverCommand[]): RealserverFacts {
  let { addresses, saved } = facts;
  const sysctls = new Map(facts.sysctls);
  for (const command of commands) {
    if (command.kind === "save-state") saved = command.state;
    else if (command.kind === "set-sysctl") sysctls.set(command.path, command.value);
    else if (command.command.kind === "address-add") addresses = [...addresses, command.command.address];
    else {
      const { address: gone, prefixLength } = command.command.address;
      addresses = addresses.filter((one) => one.address !== gone || one.prefixLength !== prefixLength);
    }
  }
  return { ...facts, addresses, sysctls, saved };
}

function brief(commands: readonly RealserverCommand[]): string[] {
  return commands.map((command) => {
    if (command.kind === "save-state") return "save-state";
    if (command.kind === "set-sysctl") return `${command.path}=${command.value}`;
    return `${command.command.kind} ${command.command.address.address}/${command.command.address.prefixLength}`;
  });
}

test("up saves what it found, quiets ARP and only then adds the VIP", () => {
  const { commands, problems } = planUp([VIP], FRESH);
  assert.deepEqual(problems, []);
  assert.deepEqual(brief(commands), [
    "save-state",
    `${ALL_IGNORE}=1`,
    `${LO_IGNORE}=1`,
    `${ALL_ANNOUNCE}=2`,
    `${LO_ANNOUNCE}=2`,
    "address-add 192.168.1.100/32",
  ]);
  assert.deepEqual(commands[0], {
    kind: "save-state",
    state: { addresses: [VIP], sysctls: { [ALL_IGNORE]: 0, [LO_IGNORE]: 0, [ALL_ANNOUNCE]: 0, [LO_ANNOUNCE]: 1 } },
  });
});

test("up twice does nothing the second time", () => {
  const up = carryOut(FRESH, planUp([VIP], FRESH).commands);
  assert.deepEqual(planUp([VIP], up).commands, []);
});

test("a second VIP keeps the first values found", () => {
  const up = carryOut(FRESH, planUp([VIP], FRESH).commands);
  const { commands } = planUp(["192.168.1.101"], up);
  assert.deepEqual(brief(commands), ["save-state", "address-add 192.168.1.101/32"]);
  const both = carryOut(up, commands);
  assert.deepEqual(both.saved?.sysctls[LO_ANNOUNCE], 1);
  assert.deepEqual(both.saved?.addresses, [VIP, "192.168.1.101"]);
});

test("down gives back exactly the machine that up found", () => {
  const up = carryOut(FRESH, planUp([VIP], FRESH).commands);
  const down = carryOut(up, planDown([VIP], up).commands);
  assert.deepEqual(down, FRESH);
  assert.deepEqual(planDown([VIP], down).commands, []);
});

test("down of one of two VIPs keeps ARP quiet until the last one leaves", () => {
  const two = [VIP, "192.168.1.101"];
  const up = carryOut(FRESH, planUp(two, FRESH).commands);
  const { commands } = planDown([VIP], up);
  assert.deepEqual(brief(commands), ["address-delete 192.168.1.100/32", "save-state"]);
  const half = carryOut(up, commands);
  assert.deepEqual(carryOut(half, planDown([], half).commands), FRESH);
});

test("settings that are strict enough already are not touched and not restored", () => {
  const strict: RealserverFacts = { ...FRESH, sysctls: new Map([...FRESH.sysctls, [ALL_IGNORE, 2]]) };
  const { commands } = planUp([VIP], strict);
  assert.ok(!brief(commands).some((line) => line.startsWith(ALL_IGNORE)));
  const up = carryOut(strict, commands);
  assert.deepEqual(carryOut(up, planDown([VIP], up).commands), strict);
});

test("a setting that somebody else changed in the meantime is left alone", () => {
  const up = carryOut(FRESH, planUp([VIP], FRESH).commands);
  const changed = { ...up, sysctls: new Map([...up.sysctls, [ALL_IGNORE, 8]]) };
  const { commands } = planDown([VIP], changed);
  assert.ok(!brief(commands).some((line) => line.startsWith(ALL_IGNORE)));
  assert.equal(carryOut(changed, commands).sysctls.get(ALL_IGNORE), 8);
});

test("an IPv6 VIP needs no ARP settings", () => {
  assert.deepEqual(brief(planUp([VIP6], FRESH).commands), ["save-state", "address-add 2001:db8::100/128"]);
  const up = carryOut(FRESH, planUp([VIP, VIP6], FRESH).commands);
  assert.deepEqual(brief(planDown([VIP], up).commands), [
    "address-delete 192.168.1.100/32",
    `${ALL_IGNORE}=0`,
    `${LO_IGNORE}=0`,
    `${ALL_ANNOUNCE}=0`,
    `${LO_ANNOUNCE}=1`,
    "save-state",
  ]);
});

test("a VIP that somebody put there is taken down when asked for by name", () => {
  const found = { ...FRESH, addresses: [...FRESH.addresses, address(1, VIP, 32)] };
  assert.deepEqual(brief(planDown([VIP], found).commands), ["address-delete 192.168.1.100/32"]);
  assert.deepEqual(planDown([], found).commands, []);
});

test("status is ready only with every VIP present and ARP quiet", () => {
  assert.equal(reportStatus([VIP], FRESH).isReady, false);
  const up = carryOut(FRESH, planUp([VIP], FRESH).commands);
  assert.equal(reportStatus([VIP], up).isReady, true);
  assert.equal(reportStatus([], up).isReady, true);
  assert.deepEqual(reportStatus([VIP, "192.168.1.101"], up).addresses, [
    { address: VIP, isPresent: true },
    { address: "192.168.1.101", isPresent: false },
  ]);
  const loud = { ...up, sysctls: new Map([...up.sysctls, [ALL_ANNOUNCE, 1]]) };
  assert.equal(reportStatus([VIP], loud).isReady, false);
});

test("problems that no plan mends are named", () => {
  const elsewhere = { ...FRESH, addresses: [...FRESH.addresses, address(2, VIP, 32)] };
  assert.deepEqual(planUp([VIP], elsewhere).problems, [
    { kind: "address-elsewhere", address: VIP, interfaceName: "eth0" },
  ]);
  assert.deepEqual(planUp([VIP], { ...FRESH, links: [] }), { commands: [], problems: [{ kind: "no-loopback" }] });
  const down = { ...FRESH, links: [{ ...link(1, "lo", true), isUp: false }, link(2, "eth0", false)] };
  assert.deepEqual(planUp([VIP], down).problems, [{ kind: "loopback-down", interfaceName: "lo" }]);
  const { problems } = planUp([VIP], { ...FRESH, sysctls: new Map() });
  assert.equal(problems.length, 4);
});
