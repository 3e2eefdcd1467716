import assert from "node:assert/strict";
import { test } from "node:test";
import { loadText } from "../../helpers/load-text.ts";

const SORRY = "sorry_server 192.0.2.9 80";
const REAL = "real_server 2001:db8::1 80 {\n }";

function familyOf(...words: readonly string[]): string | null {
  const [one] = loadText(`virtual_server fwmark 7 {\n lb_kind TUN\n ${words.join("\n ")}\n}\n`).virtualServers;
  return one?.key.kind === "fwmark" ? one.key.family : null;
}

test("a firewall mark that does not say its family has that of the first server in the text", () => {
  assert.equal(familyOf(REAL), "inet6");
  assert.equal(familyOf(REAL, SORRY), "inet6");
  assert.equal(familyOf(SORRY, REAL), "inet");
  assert.equal(familyOf("ip_family inet6", SORRY, REAL), "inet6");
});

test("the form of a granularity says it, too, unless the family is told", () => {
  assert.equal(familyOf("persistence_granularity 255.255.255.0", REAL), "inet");
  assert.equal(familyOf("persistence_granularity 64", SORRY), "inet6");
  assert.equal(familyOf("ip_family inet6", "persistence_granularity 255.255.255.0", REAL), "inet6");
});
