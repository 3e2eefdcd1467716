import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameOwned } from "../../../src/runtime/owned.ts";
import { loadText } from "../../helpers/load-text.ts";

function text(port: number, weight: number, address = "10.0.0.9"): string {
  const server = ` real_server 192.168.1.7 80 {\n weight ${weight}\n }\n`;
  const service = `virtual_server 192.168.1.100 ${port} {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n${server}}\n`;
  const instance = `vrrp_instance a {\n interface lo\n virtual_router_id 7\n virtual_ipaddress {\n ${address}\n }\n}\n`;
  return service + instance;
}

test("other weights leave the same objects in the kernel, other services and addresses do not", () => {
  const before = loadText(text(80, 1));
  assert.ok(isSameOwned(before, before));
  assert.ok(isSameOwned(before, loadText(text(80, 2))));
  assert.ok(!isSameOwned(before, loadText(text(81, 1))));
  assert.ok(!isSameOwned(before, loadText(text(80, 1, "10.0.0.10"))));
  assert.ok(!isSameOwned(before, loadText(text(80, 1) + text(82, 1).split("vrrp_instance")[0])));
});
