import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { AddressCommand, InterfaceAddress, Rtnetlink } from "../../src/native/contract.ts";
import { addon, enterFreshNamespace, runOk } from "./netlink-helpers.ts";

const skip = process.getuid?.() === 0 ? false : "needs root for a network namespace";

function ipv4(address: string, changes: Partial<InterfaceAddress> = {}): InterfaceAddress {
  return {
    ifindex: 1,
    family: "inet",
    address,
    prefixLength: 32,
    scope: 0,
    label: null,
    broadcast: null,
    peer: null,
    ...changes,
  };
}

function add(address: InterfaceAddress): AddressCommand {
  return { kind: "address-add", address };
}

function remove(address: InterfaceAddress): AddressCommand {
  return { kind: "address-delete", address };
}

/** What `ip` says of an address. */
interface IpAddress {
  readonly local: string;
  readonly prefixlen: number;
  readonly label?: string;
  readonly scope?: string;
  readonly broadcast?: string;
  readonly address?: string;
  readonly nodad?: boolean;
  readonly deprecated?: boolean;
  readonly preferred_life_time?: number;
}

function ipAddresses(device: string): readonly IpAddress[] {
  const links = JSON.parse(runOk("ip", "-j", "address", "show", "dev", device)) as readonly {
    readonly addr_info: readonly IpAddress[];
  }[];
  return links.flatMap((link) => link.addr_info);
}

/** Without what the kernel gives to other links by itself. */
async function loopbackAddresses(rtnetlink: Rtnetlink): Promise<readonly InterfaceAddress[]> {
  return (await rtnetlink.addresses()).filter((address) => address.ifindex === 1);
}

async function withRtnetlink(body: (rtnetlink: Rtnetlink) => Promise<void>): Promise<void> {
  const rtnetlink = addon.openRtnetlink();
  try {
    await body(rtnetlink);
  } finally {
    rtnetlink.close();
  }
}

describe("rtnetlink", { skip }, () => {
  before(() => {
    enterFreshNamespace();
    const peer = ["peer", "name", "nl-b", "address", "02:00:00:00:00:0b"];
    runOk("ip", "link", "add", "nl-a", "address", "02:00:00:00:00:0a", "mtu", "1400", "type", "veth", ...peer);
    runOk("ip", "link", "set", "nl-b", "up", "arp", "off");
  });

  it("lists links with kind, hardware address, MTU and state", () =>
    withRtnetlink(async (rtnetlink) => {
      const before = await rtnetlink.links();
      const veth = before.find((link) => link.name === "nl-a");
      assert.ok(veth);
      assert.deepEqual(veth, {
        ifindex: veth.ifindex,
        name: "nl-a",
        kind: "veth",
        mac: "02:00:00:00:00:0a",
        mtu: 1400,
        isUp: false,
        isRunning: false,
        hasArp: true,
        isLoopback: false,
        masterIfindex: 0,
      });
      assert.equal(before.find((link) => link.name === "nl-b")?.hasArp, false);
      const loopback = before.find((link) => link.ifindex === 1);
      assert.deepEqual(
        [loopback?.name, loopback?.kind, loopback?.mac, loopback?.isLoopback],
        ["lo", null, "00:00:00:00:00:00", true],
      );

      runOk("ip", "link", "set", "nl-a", "up");
      const after = (await rtnetlink.links()).find((link) => link.name === "nl-a");
      assert.deepEqual([after?.isUp, after?.isRunning], [true, true]);
      runOk("ip", "link", "set", "nl-b", "down");
      const alone = (await rtnetlink.links()).find((link) => link.name === "nl-a");
      assert.deepEqual([alone?.isUp, alone?.isRunning], [true, false]);

      // veth has no PHY: MII is not known, and without a method ETHTOOL is asked.
      const requests = (["ethtool", "ioctl", "mii", null] as const).map((method) => ({ name: "nl-a", method }));
      assert.deepEqual(await rtnetlink.beats(requests), [false, false, null, false]);
      runOk("ip", "link", "set", "nl-b", "up");
      assert.deepEqual(await rtnetlink.beats(requests), [true, true, null, true]);
      assert.deepEqual(await rtnetlink.beats([{ name: "nowhere", method: null }]), [null]);
      assert.deepEqual(await rtnetlink.beats([]), []);
    }));

  it("adds an IPv4 address with everything, tells it back, deletes it", () =>
    withRtnetlink(async (rtnetlink) => {
      const address = ipv4("192.168.1.100", {
        prefixLength: 24,
        scope: 253,
        label: "lo:1",
        broadcast: "192.168.1.255",
      });
      assert.deepEqual(await rtnetlink.apply([add(address)]), [null]);
      assert.deepEqual(await loopbackAddresses(rtnetlink), [address]);
      const [seen] = ipAddresses("lo");
      assert.deepEqual(
        [seen?.local, seen?.prefixlen, seen?.label, seen?.scope, seen?.broadcast],
        ["192.168.1.100", 24, "lo:1", "link", "192.168.1.255"],
      );
      assert.deepEqual(await rtnetlink.apply([remove(address)]), [null]);
      assert.deepEqual(await loopbackAddresses(rtnetlink), []);
    }));

  it("keeps the peer apart from the address", () =>
    withRtnetlink(async (rtnetlink) => {
      const address = ipv4("10.0.0.1", { label: "lo", peer: "10.0.0.2" });
      assert.deepEqual(await rtnetlink.apply([add(address)]), [null]);
      assert.deepEqual(await loopbackAddresses(rtnetlink), [address]);
      assert.deepEqual(await rtnetlink.apply([remove(address)]), [null]);
    }));

  it("adds IPv6 addresses without duplicate address detection, a host address deprecated", () =>
    withRtnetlink(async (rtnetlink) => {
      const host = ipv4("2001:db8::64", { family: "inet6", prefixLength: 128 });
      const wide = ipv4("2001:db8:1::64", { family: "inet6", prefixLength: 64 });
      const forever = 2 ** 32 - 1;
      assert.deepEqual(await rtnetlink.apply([add(host), add(wide)]), [null, null]);
      const seen = new Map(ipAddresses("lo").map((address) => [address.local, address]));
      assert.deepEqual([seen.get("2001:db8::64")?.nodad, seen.get("2001:db8::64")?.deprecated], [true, true]);
      assert.equal(seen.get("2001:db8::64")?.preferred_life_time, 0);
      assert.deepEqual(
        [seen.get("2001:db8:1::64")?.deprecated, seen.get("2001:db8:1::64")?.preferred_life_time],
        [undefined, forever],
      );
      const listed = await loopbackAddresses(rtnetlink);
      assert.deepEqual(new Set(listed.map((address) => address.address)), new Set(["2001:db8::64", "2001:db8:1::64"]));
      assert.deepEqual(await rtnetlink.apply([remove(host), remove(wide)]), [null, null]);
    }));

  it("gives one verdict per command, and a failure does not stop the rest", () =>
    withRtnetlink(async (rtnetlink) => {
      const address = ipv4("10.0.0.1");
      const results = await rtnetlink.apply([
        add(address),
        add(address),
        add({ ...address, ifindex: 999_999 }),
        remove(address),
        remove(address),
      ]);
      assert.deepEqual(
        results.map((result) => result && [result.syscall, result.code, result.errno]),
        [
          null,
          ["RTM_NEWADDR", "EEXIST", 17],
          ["RTM_NEWADDR", "ENODEV", 19],
          null,
          ["RTM_DELADDR", "EADDRNOTAVAIL", 99],
        ],
      );
      assert.ok(results.every((result) => result === null || result.message.length > 0));
    }));

  it("carries out 2,000 commands in one call", () =>
    withRtnetlink(async (rtnetlink) => {
      const addresses = Array.from({ length: 2_000 }, (_, index) => ipv4(`10.7.${index >> 8}.${index & 255}`));
      const added = await rtnetlink.apply(addresses.map(add));
      assert.equal(added.length, 2_000);
      assert.ok(added.every((result) => result === null));
      assert.equal((await loopbackAddresses(rtnetlink)).length, 2_000);
      const removed = await rtnetlink.apply(addresses.map(remove));
      assert.ok(removed.every((result) => result === null));
      assert.deepEqual(await rtnetlink.apply([]), []);
    }));

  it("queues calls behind each other", () =>
    withRtnetlink(async (rtnetlink) => {
      const address = ipv4("10.0.0.1");
      const rounds = Array.from({ length: 100 }, (_, index) =>
        rtnetlink.apply([index % 2 === 0 ? add(address) : remove(address)]),
      );
      const results = await Promise.all(rounds);
      assert.ok(results.every(([result]) => result === null));
    }));

  it("finishes what was asked for before close()", async () => {
    const rtnetlink = addon.openRtnetlink();
    const address = ipv4("10.0.0.1");
    const outcomes = Promise.all([
      rtnetlink.apply([add(address)]),
      loopbackAddresses(rtnetlink),
      rtnetlink.apply([remove(address)]),
    ]);
    rtnetlink.close();
    rtnetlink.close();
    const [added, listed, removed] = await outcomes;
    assert.deepEqual([added, listed.map((entry) => entry.address), removed], [[null], ["10.0.0.1"], [null]]);
  });
});
