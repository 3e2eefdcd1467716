import assert from "node:assert/strict";
import { test } from "node:test";
import { readInputChains } from "../../../src/cli/doctor-facts.ts";
import { examine, examineFile, type HostFacts } from "../../../src/cli/doctor-findings.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

const CONFIG = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    10.0.0.100
  }
}
virtual_server 10.0.0.100 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.0.0.2 80 {
  }
  real_server 10.0.0.3 80 {
  }
}
`;

const HEALTHY: HostFacts = {
  sysctl: (path) => (path.endsWith("ip_forward") ? "1" : path.includes("gc_thresh3") ? "1024" : "0"),
  ipvs: "loaded",
  processes: new Set(["bash", "holdfast"]),
  interfaces: new Map([["eth0", { isUp: true, supportsMulticast: true }]]),
  addresses: new Set(["10.9.0.5"]),
  loopbackAddresses: new Set(["127.0.0.1"]),
  inputChains: [],
  isClockSynchronized: true,
  openFilesLimit: 1024,
  heard: { strangers: [], vrids: new Set() },
};

test("a file that is refused, or that does not say what it means to, is a finding", () => {
  const look = (text: string): readonly string[] => {
    const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
    const loaded = loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } }));
    return examineFile("/a.conf", loaded).map(({ severity, text: told, fix }) => `${severity}: ${told} | ${fix}`);
  };
  assert.deepEqual(look(CONFIG), []);
  assert.deepEqual(look(CONFIG.replace("lb_algo rr", "lb_algo rrr\n  delay_loop x")), [
    "warning: errors in the configuration: /a.conf:8:1: no scheduler given, wlc is used (and 2 more) | holdfast check /a.conf",
  ]);
  assert.match(look(CONFIG.replace("_id 51", "_id 510"))[0] ?? "", /^bad: a start would be refused: \/a.conf:1:15: /);
});

function fixes(changes: Partial<HostFacts>): readonly string[] {
  const { configuration } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/a.conf": CONFIG } }),
  );
  return examine(configuration, { ...HEALTHY, ...changes }).map(({ severity, fix }) => `${severity}: ${fix}`);
}

function sysctl(values: Readonly<Record<string, string>>): HostFacts["sysctl"] {
  return (path) => values[path] ?? HEALTHY.sysctl(path);
}

test("a healthy machine has no findings, and unknown facts are none", () => {
  assert.deepEqual(fixes({}), []);
  const unknown = { interfaces: null, inputChains: null, isClockSynchronized: null, openFilesLimit: null };
  assert.deepEqual(fixes({ ...unknown, sysctl: () => null }), []);
});

test("each finding comes with the command that mends it, the worst first", () => {
  assert.deepEqual(fixes({ ipvs: "loadable" }), ["warning: modprobe ip_vs"]);
  assert.equal(fixes({ ipvs: "missing" }).length, 1);
  assert.deepEqual(fixes({ sysctl: sysctl({ "net/ipv4/ip_forward": "0" }) }), ["bad: sysctl -w net.ipv4.ip_forward=1"]);
  assert.deepEqual(fixes({ sysctl: sysctl({ "net/ipv4/conf/eth0/rp_filter": "1" }) }), [
    "warning: sysctl -w net.ipv4.conf.eth0.rp_filter=2",
  ]);
  assert.deepEqual(fixes({ sysctl: sysctl({ "net/ipv4/neigh/default/gc_thresh3": "3" }) }), [
    "warning: sysctl -w net.ipv4.neigh.default.gc_thresh3=8",
  ]);
  assert.deepEqual(fixes({ interfaces: new Map() }), ["bad: ip link"]);
  assert.deepEqual(fixes({ interfaces: new Map([["eth0", { isUp: false, supportsMulticast: true }]]) }), [
    "bad: ip link set eth0 up",
  ]);
  assert.deepEqual(fixes({ interfaces: new Map([["eth0", { isUp: true, supportsMulticast: false }]]) }), [
    "bad: ip link set eth0 multicast on",
  ]);
  assert.deepEqual(fixes({ isClockSynchronized: false, processes: new Set(["keepalived"]) }), [
    "bad: systemctl disable --now keepalived",
    "warning: timedatectl set-ntp true",
  ]);
  assert.equal(fixes({ openFilesLimit: 100 }).length, 1);
  assert.deepEqual(fixes({ inputChains: [{ name: "inet filter input", dropsByDefault: true, namesVrrp: false }] }), [
    "bad: nft insert rule inet filter input meta l4proto vrrp accept",
  ]);
});

test("an instance without interface needs its source address and, if it has one, its VRF", () => {
  const look = (words: string, changes: Partial<HostFacts>): readonly string[] => {
    const text = CONFIG.replace("interface eth0", `unicast_src_ip ${words}\n unicast_peer {\n 10.9.0.6\n }`);
    const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
    const { configuration } = loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } }));
    return examine(configuration, { ...HEALTHY, ...changes }).map(({ text: told, fix }) => `${told} | ${fix}`);
  };
  assert.deepEqual(look("10.9.0.5", {}), []);
  assert.deepEqual(look("10.9.0.7", { addresses: null }), []);
  assert.deepEqual(look("10.9.0.7", {}), [
    "VI_1: its peers speak to 10.9.0.7, which this machine does not have | ip address",
  ]);
  assert.deepEqual(look("10.9.0.5\n vrf blue", {}), ["VI_1: there is no interface blue | ip link"]);
  const heard = { strangers: [{ instance: "VI_1", source: "10.9.0.9", why: "stranger" }], vrids: new Set<number>() };
  assert.match(look("10.9.0.5", { heard })[0] ?? "", /10\.9\.0\.9 uses VRID 51 in another way/);
});

test("chains that drop by default are found in nft's listing, and rules for VRRP in them", () => {
  const chain = (rule: string): string =>
    `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\t${rule}\n\t}\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n`;
  const found = { name: "inet filter input", dropsByDefault: true };
  assert.deepEqual(readInputChains(chain("tcp dport 22 accept")), [{ ...found, namesVrrp: false }]);
  assert.deepEqual(readInputChains(chain("meta l4proto vrrp accept")), [{ ...found, namesVrrp: true }]);
  assert.deepEqual(readInputChains(chain("ip protocol 112 accept")), [{ ...found, namesVrrp: true }]);
  assert.deepEqual(readInputChains(""), []);
  const last = (rules: string): string =>
    chain(rules).replace("input priority filter; policy drop", "input priority 0; policy accept");
  const open = { ...found, dropsByDefault: false, namesVrrp: false };
  assert.deepEqual(readInputChains(last("tcp dport 22 accept")), [open]);
  for (const end of ["drop", "reject with icmpx admin-prohibited", "counter packets 7 bytes 420 drop"])
    assert.deepEqual(readInputChains(last(`tcp dport 22 accept\n\t\t${end}`)), [{ ...found, namesVrrp: false }]);
  assert.deepEqual(readInputChains(last("ip daddr 224.0.0.18 accept\n\t\tdrop")), [{ ...found, namesVrrp: true }]);
  // Of another chain, which not everything passes.
  assert.deepEqual(
    readInputChains(`${last("tcp dport 22 accept")}table ip other {\n\tchain bad {\n\t\tdrop\n\t}\n}\n`),
    [open],
  );
});

test("a director that is a real server for direct routing too has to keep quiet about the VIP on its lo", () => {
  const look = (text: string, changes: Partial<HostFacts>): readonly string[] => {
    const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
    const { configuration } = loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } }));
    return examine(configuration, { ...HEALTHY, ...changes }).map(({ text: told, fix }) => `${told} | ${fix}`);
  };
  const onLoopback = { loopbackAddresses: new Set(["127.0.0.1", "10.0.0.100"]) };
  const direct = CONFIG.replace("lb_kind NAT", "lb_kind DR");
  assert.deepEqual(look(CONFIG, onLoopback), []);
  assert.deepEqual(look(direct, {}), []);
  const quiet =
    (places: string): HostFacts["sysctl"] =>
    (path) => {
      if (!new RegExp(`/(${places})/arp`).test(path)) return HEALTHY.sysctl(path);
      return path.endsWith("arp_ignore") ? "1" : "2";
    };
  for (const places of ["all", "eth0"])
    assert.deepEqual(look(direct, { ...onLoopback, sysctl: quiet(places) }), [], places);
  assert.deepEqual(look(direct, { ...onLoopback, sysctl: quiet("lo") }), [
    "direct routing: 10.0.0.100 is on lo, and this machine answers ARP for it (net/ipv4/conf/all/arp_ignore is 0, net/ipv4/conf/all/arp_announce is 0) | holdfast realserver up 10.0.0.100",
  ]);
});
