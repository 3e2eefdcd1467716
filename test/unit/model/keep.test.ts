import assert from "node:assert/strict";
import { test } from "node:test";
import { keepEqual } from "../../../src/model/keep.ts";
import { loadText } from "../../helpers/load-text.ts";

function service(port: number, weight = 1): string {
  const server = ` real_server 192.168.1.7 80 {\n weight ${weight}\n TCP_CHECK {\n connect_timeout 3\n }\n }\n`;
  return `virtual_server 192.168.1.100 ${port} {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n${server}}\n`;
}

test("equal virtual servers stay the same objects, also when their place in the text has moved", () => {
  const before = loadText(service(80) + service(81));
  const after = keepEqual(loadText(`! a comment\n\n${service(81)}${service(80)}`), before);
  assert.equal(after.virtualServers[0], before.virtualServers[1]);
  assert.equal(after.virtualServers[1], before.virtualServers[0]);
});

test("what differs or is new is taken from the new text", () => {
  const before = loadText(service(80) + service(81));
  const loaded = loadText(service(80, 2) + service(82) + service(81));
  const after = keepEqual(loaded, before);
  assert.equal(after.virtualServers[0], loaded.virtualServers[0]);
  assert.equal(after.virtualServers[0]?.realServers[0]?.weight, 2);
  assert.equal(after.virtualServers[1], loaded.virtualServers[1]);
  assert.equal(after.virtualServers[2], before.virtualServers[1]);
});

test("at the start there is nothing to keep", () => {
  const loaded = loadText(service(80));
  assert.equal(keepEqual(loaded, null), loaded);
});
