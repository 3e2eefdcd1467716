import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfiguredVirtualServer } from "../../../src/model/checks.ts";
import { loadWhole } from "../../helpers/load-text.ts";

// What keepalived 2.2.7 makes of these was seen in its table (lab/table-words) and by `-t`.

const REAL = "real_server 10.0.0.7 80 {\n }";

interface Read {
  readonly service: ConfiguredVirtualServer | undefined;
  readonly testExitCode: number;
  readonly codes: readonly string[];
}

function read(words: readonly string[], head = "198.51.100.1 80", before = ""): Read {
  const usual = ["lb_algo rr", "protocol TCP"].join("\n ");
  const loaded = loadWhole(`${before}virtual_server ${head} {\n ${usual}\n ${words.join("\n ")}\n}\n`);
  const codes = loaded.diagnostics.map(({ code }) => code);
  return { service: loaded.configuration.virtualServers[0], testExitCode: loaded.testExitCode, codes };
}

function methods({ service }: Read): readonly string[] | undefined {
  return service?.realServers.map(({ fwdMethod, tunnel }) =>
    tunnel === null ? fwdMethod : `${tunnel.type} ${tunnel.port} ${tunnel.checksum}`,
  );
}

test("a server is of the method before it; one without any before it, of the last", () => {
  const servers = ["real_server 10.0.0.1 80 {\n }", "real_server 10.0.0.2 80 {\n }"] as const;
  assert.deepEqual(methods(read(["lb_kind NAT", servers[0], "lb_kind DR", servers[1]])), ["masq", "droute"]);
  assert.deepEqual(methods(read([servers[0], "lb_kind DR", servers[1]])), ["droute", "droute"]);
});

test("of tunnel options that can't be the method alone counts, the rest is what it was", () => {
  for (const kind of ["TUN type gue", "TUN port 6080", "TUN csum", "TUN type gre remcsum", "TUN type gre x"]) {
    const one = read([`lb_kind ${kind}`, REAL]);
    assert.deepEqual([methods(one), one.testExitCode], [["ipip 0 nocsum"], 5], kind);
    const inner = read(["lb_kind TUN type gre csum", `real_server 10.0.0.7 80 {\n lvs_method ${kind}\n }`]);
    assert.deepEqual(methods(inner), ["gre 0 csum"], kind);
  }
  const nat = read(["lb_kind NAT type gre x", REAL]);
  assert.deepEqual([methods(nat), nat.testExitCode], [["masq"], 5]);
});

test("what has no real server is left out, be there a sorry server", () => {
  const sorry = "sorry_server 10.0.0.9 80";
  for (const words of [[], [sorry], ["ip_family inet6"], ["real_server 2001:db8::1 80 {\n }"]]) {
    const { service, testExitCode } = read(["lb_kind NAT", ...words]);
    assert.deepEqual([service, testExitCode], [undefined, 5], words.join());
  }
});

test("so is one of a group that is not there or can't be its own, about which keepalived's test says nothing", () => {
  const unknown = read(["lb_kind NAT", REAL], "group g");
  assert.deepEqual(
    [unknown.service, unknown.testExitCode, unknown.codes.includes("group-misfit")],
    [undefined, 0, true],
  );
  const other = read(["lb_kind NAT", REAL], "group g", "virtual_server_group g {\n 2001:db8::1 80\n}\n");
  assert.deepEqual([other.service, other.testExitCode], [undefined, 0]);
});

test("a sorry server of another family needs a tunnel", () => {
  const six = "sorry_server 2001:db8::9 80";
  const [nat, tunnel] = [read(["lb_kind NAT", six, REAL]), read(["lb_kind TUN", six, REAL])];
  assert.deepEqual([nat.service?.sorryServer, nat.testExitCode], [null, 5]);
  assert.equal(tunnel.service?.sorryServer?.address, "2001:db8::9");
});

test("words for the sorry server count after it only", () => {
  const early = read(["lb_kind NAT", "sorry_server_inhibit", "sorry_server 10.0.0.9 80", REAL]);
  assert.deepEqual([early.service?.isSorryServerInhibited, early.testExitCode], [false, 5]);
  const again = read([
    "lb_kind NAT",
    "sorry_server 10.0.0.8 80",
    "sorry_server_inhibit",
    "sorry_server 10.0.0.9 80",
    REAL,
  ]);
  assert.deepEqual([again.service?.isSorryServerInhibited, again.service?.sorryServer?.address], [false, "10.0.0.9"]);
});

test("a granularity that does not fit the family brings no persistence; a number for IPv4 no mask", () => {
  const six = read(
    ["lb_kind NAT", "persistence_granularity 255.255.255.0", "real_server 2001:db8::7 80 {\n }"],
    "2001:db8::1 80",
  );
  assert.deepEqual([six.service?.persistenceTimeoutSec, six.testExitCode], [0, 5]);
  const { service, testExitCode, codes } = read(["lb_kind NAT", "persistence_granularity 24", REAL]);
  assert.deepEqual([service?.persistenceTimeoutSec, service?.persistenceGranularity], [360, 0xffffffff]);
  assert.deepEqual([testExitCode, codes], [0, ["advice"]]);
});

test("the first group of a name counts, and one of marks alone has no protocol", () => {
  const groups = "virtual_server_group g {\n fwmark 7\n}\nvirtual_server_group g {\n 198.51.100.1 80\n}\n";
  const { service } = read(["lb_kind NAT", "ha_suspend", REAL], "group g", groups);
  assert.deepEqual(service?.key, { kind: "group", group: "g", protocol: null });
  // A mark has no address that could be here.
  assert.equal(service?.isSuspendedWithoutAddress, false);
});

test("a flag of the other hashing scheduler is overlooked, of any other complained about", () => {
  const codeOf = (...words: readonly string[]): number => read(["lb_kind NAT", ...words, REAL]).testExitCode;
  assert.deepEqual([codeOf("lb_algo mh", "sh-port"), codeOf("sh-port"), codeOf("lb_algo sh", "hashed")], [0, 5, 0]);
  assert.deepEqual(read(["lb_kind NAT", "lb_algo mh", "sh-port", REAL]).service?.flags, []);
});

test("a threshold that the kernel refuses is told at load", () => {
  const { testExitCode, codes } = read(["lb_kind NAT", "real_server 10.0.0.7 80 {\n lthreshold 9\n }"]);
  assert.deepEqual([testExitCode, codes], [0, ["advice"]]);
});

test("an address may have a mask or the end of a range behind it", () => {
  const { service, testExitCode } = read(["lb_kind NAT", "real_server 10.0.0.7-9 80 {\n }"], "198.51.100.1/24 80");
  assert.deepEqual([service?.realServers[0]?.address, testExitCode], ["10.0.0.7", 0]);
});

test("a persistence engine is cut to the kernel's 15 octets", () => {
  const long = read(["lb_kind NAT", "persistence_engine abcdefghijklmnopq", REAL]);
  assert.deepEqual([long.service?.persistenceEngine, long.testExitCode], ["abcdefghijklmno", 5]);
  assert.equal(read(["lb_kind NAT", "persistence_engine abcdefghijklmno", REAL]).testExitCode, 0);
});

test("of protocols the last usable one counts, a sorry server of a port that can't be is none", () => {
  const odd = read(["lb_kind NAT", "protocol SCTP", "protocol FOO", "sorry_server 10.0.0.9 80000", REAL]);
  assert.deepEqual(odd.codes, ["bad-value", "bad-value"]);
  assert.equal(odd.testExitCode, 5);
  assert.equal(odd.service?.key.kind === "address" && odd.service.key.protocol, "sctp");
  assert.equal(odd.service?.sorryServer, null);
  assert.equal(
    read(["lb_kind NAT", "sorry_server 10.0.0.9 80", "sorry_server 10.0.0.8 0", REAL]).service?.sorryServer?.address,
    "10.0.0.9",
  );
});
