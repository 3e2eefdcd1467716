import assert from "node:assert/strict";
import { test } from "node:test";
import { withStaticInterfaces } from "../../../src/addressing/static-tracking.ts";
import { loadText } from "../../helpers/load-text.ts";

const CONFIG = `
global_defs { default_interface eth9 }
track_group near { group { VI_1 } }
static_ipaddress {
  10.9.0.1/24 dev eth1 track_group near
  10.9.1.1/24 dev eth3
}
static_routes { 10.8.0.0/16 via 10.9.0.2 dev eth2 track_group near }
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 5
  track_interface { eth2 weight -10 }
  virtual_ipaddress { 10.0.0.100 }
}
vrrp_instance VI_2 {
  interface eth0
  virtual_router_id 6
  virtual_ipaddress { 10.0.0.101 }
}
`;

test("instances follow the interfaces of static items that name their track_group", () => {
  const placed = withStaticInterfaces(loadText(CONFIG));
  const tracked = placed.map(({ trackedInterfaces }) =>
    trackedInterfaces.map(({ name, weight }) => `${name} ${weight}`),
  );
  assert.deepEqual(tracked, [["eth2 -10", "eth1 0"], []]);
});
