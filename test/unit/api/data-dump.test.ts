import assert from "node:assert/strict";
import { test } from "node:test";
import { renderBfdData } from "../../../src/api/data-bfd.ts";
import { type DataSources, renderData } from "../../../src/api/data-dump.ts";
import { loadWhole } from "../../helpers/load-text.ts";
import { snapshot } from "./samples.ts";

const TEXT = `bfd_instance uplink {
 neighbor_ip 10.0.0.254
}
vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 priority 90
 authentication {
  auth_type PASS
  auth_pass secret
 }
 virtual_ipaddress {
  10.0.0.100/24
 }
}
`;

function sources(): DataSources {
  const { configuration } = loadWhole(TEXT);
  const { instances, bfdSessions } = snapshot();
  const moments = { nowUs: 100_000_000, wallUs: 1_000_000_000_000 };
  const ownUser = { uid: 0, gid: 0 };
  return {
    configuration,
    instances,
    bfdSessions,
    tracked: null,
    interfaces: { links: [], addresses: [], stacked: [] },
    ownUser,
    ...moments,
  };
}

// The layout is keepalived's, see test/lab/data-dump; here it is what the state puts into it.
test("data: a backup tells its master, and no password is shown", () => {
  const text = renderData(sources());
  assert.doesNotMatch(text, /secret/);
  assert.match(text, /\n {3}Password = \*{8}\n/);
  assert.match(text, /\n {3}State = BACKUP\n {3}Master router = 10\.0\.0\.9\n {3}Master priority = \d+\n {3}Flags:\n/);
  assert.match(text, /\n {3}Virtual IP \(1\):\n {5}10\.0\.0\.100\/24 dev eth0 scope global\n/);
  assert.match(text, /\n {3}Last transition = 999940\.000000 \(/);
});

test("data of BFD: sessions by their configuration with how they fare", () => {
  const { configuration, bfdSessions, ownUser } = sources();
  const text = renderBfdData(configuration, bfdSessions, ownUser);
  const session = text.slice(text.indexOf(" BFD Instance = uplink"));
  assert.match(session, /\n {3}Neighbor IP = 10\.0\.0\.254\n/);
  assert.match(session, /\n {3}local state = Up\n {3}remote state = Up\n {3}local diag = No Diagnostic\n/);
  assert.match(session, /\n {3}packets sent = 11\n {3}packets received = 12\n {3}packets dropped = 2\n$/);
});
