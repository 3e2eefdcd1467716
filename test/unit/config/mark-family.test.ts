import assert from "node:assert/strict";
import { test } from "node:test";
import { loadText } from "../../helpers/load-text.ts";

const SORRY = "sorry_server 192.0.2.9 80";
const REAL = "real_server 2001:db8::1 80 {\n }";

function familyOf(...words: readonly string[]): string | null {
  const [one] = loadText(`virtual_server fwmark 7 {\n lb_kind TUN\n ${words.join("\n ")}\n}\n`).virtualServers;
  return one?.key.kind === "fwmark" ? one.key.family : null;
}

// All of these were seen with keepalived 2.2.7: lab/random-tables compares them.

test("a firewall mark that does not say its family has that of all its servers, IPv4 when they differ", () => {
  assert.equal(familyOf(REAL), "inet6");
  assert.equal(familyOf(REAL, SORRY), "inet");
  assert.equal(familyOf(REAL, "real_server 10.0.0.1 80 {\n }"), "inet");
  assert.equal(familyOf(SORRY, REAL), "inet");
  assert.equal(familyOf("ip_family inet6", SORRY, REAL), "inet6");
});

test("one that is not behind a tunnel says it, the sorry server last", () => {
  const nat = "real_server 10.0.0.1 80 {\n lvs_method NAT\n }";
  assert.equal(familyOf(REAL, nat), "inet");
  assert.equal(familyOf(REAL, SORRY, "sorry_server_lvs_method DR"), "inet");
});

test("the form of a granularity says it, too, unless the family is told", () => {
  assert.equal(familyOf("persistence_granularity 255.255.255.0", REAL), "inet");
  assert.equal(familyOf("persistence_granularity 64", SORRY, "real_server 10.0.0.1 80 {\n }"), "inet6");
  assert.equal(familyOf("ip_family inet6", "persistence_granularity 255.255.255.0", REAL), "inet6");
  assert.equal(familyOf("persistence_granularity 255.255.255.0", "ip_family inet6", REAL), "inet");
});
