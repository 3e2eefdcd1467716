import assert from "node:assert/strict";
import { test } from "node:test";
import { describeGlobalChanges, keywordChanges } from "../../../src/cli/diff-keywords.ts";
import { describeDiff } from "../../../src/cli/diff-text.ts";
import { diffConfigurations } from "../../../src/model/diff.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `global_defs {
  router_id A
}
vrrp_instance V {
  interface eth0
  virtual_router_id 51
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    10.0.0.1
  }
}
virtual_server 10.0.0.1 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.0.1.1 80 {
  }
}
`;

function describe(after: string): readonly string[] {
  const [old, now] = [loadWhole(TEXT).configuration, loadWhole(after).configuration];
  const globals = describeGlobalChanges(old, now);
  return describeDiff(diffConfigurations(old, now), { globals, keywordsOf: keywordChanges(old, now) });
}

test("a change is told by its keyword with both values, a secret by its keyword alone", () => {
  assert.deepEqual(describe(TEXT), ["nothing changes"]);
  const global = "router_id B\n  control_listen 127.0.0.1 9650";
  assert.deepEqual(describe(TEXT.replace("router_id A", global)), [
    "global_defs: router_id: A becomes B",
    "global_defs: control_listen: not set becomes 127.0.0.1 9650",
  ]);
  const peers = "; adverts are dropped until every peer has the same";
  assert.deepEqual(describe(TEXT.replace("advert_int 1", "advert_int 2").replace("secret", "other")), [
    `V (eth0, VRID 51): advert_int: 1 becomes 2, the election is not restarted${peers}`,
    `V (eth0, VRID 51): auth_pass changes, the election is not restarted${peers}`,
  ]);
  assert.deepEqual(describe(TEXT.replace("lb_algo rr", "lb_algo wlc")), [
    "virtual server [10.0.0.1]:tcp:80: lb_algo: rr becomes wlc in place; connections stay",
  ]);
});

test("a block that comes or goes is told as a whole, beside the keywords that change", () => {
  const peers = "; adverts are dropped until every peer has the same";
  const open = TEXT.replace(/ {2}authentication \{[^}]*\}\n/, "  nopreempt\n");
  assert.deepEqual(describe(open), [
    "V (eth0, VRID 51): preempt: on becomes off, the election is not restarted",
    `V (eth0, VRID 51): authentication is removed, the election is not restarted${peers}`,
  ]);
});
