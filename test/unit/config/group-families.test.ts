import assert from "node:assert/strict";
import { test } from "node:test";
import { loadText } from "../../helpers/load-text.ts";

function serversOf(members: string, words: string, server = ""): number {
  const text = `virtual_server_group g {
  ${members}
}
virtual_server group g {
  protocol TCP
  lb_algo rr
  ${words}
  real_server 10.0.0.7 80 {
    ${server}
  }
}
`;
  return loadText(text).virtualServers.length;
}

const BOTH = "198.51.100.1 80\n  2001:db8::1 80";

test("a group of both families leads to tunnels only, as with keepalived", () => {
  assert.equal(serversOf(BOTH, "lb_kind TUN"), 1);
  assert.equal(serversOf(BOTH, "lb_kind NAT", "lvs_method TUN"), 1);
  assert.equal(serversOf(BOTH, "lb_kind NAT"), 0);
  assert.equal(serversOf(BOTH, "lb_kind TUN", "lvs_method DR"), 0);
  assert.equal(serversOf(BOTH, "lb_kind TUN\n sorry_server 10.0.0.9 80\n sorry_server_lvs_method NAT"), 0);
  assert.equal(serversOf(BOTH, "lb_kind TUN\n ip_family inet"), 0);
  assert.equal(serversOf("2001:db8::1 80\n 198.51.100.1 80", "lb_kind NAT"), 0);
  assert.equal(serversOf("198.51.100.1 80", "lb_kind TUN\n ip_family inet6"), 0);
  assert.equal(serversOf("198.51.100.1 80\n fwmark 5 inet6", "lb_kind NAT"), 0);
  assert.equal(serversOf(`${BOTH}\n fwmark 5`, "lb_kind TUN"), 0);
  assert.equal(serversOf("198.51.100.1 80\n fwmark 5", "lb_kind NAT"), 1);
});
