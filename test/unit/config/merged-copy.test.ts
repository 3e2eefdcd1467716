import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { rememberingHost } from "../../../src/config/merged-copy.ts";

const SOURCE = { path: "k.conf", workingDirectory: "/etc", configId: null, enforcesIncludes: false };

// The same text as keepalived 2.2.7 saved, but for the path of an included file, which it gives as written.
test("the copy has every line trimmed, includes in their place, and expands nothing", () => {
  const main = `# a comment
global_defs {
 router_id a
}   ! another
include inc*.conf
$P=100
vrrp_instance A {
 interface    eth0    # x
 priority $P
 virtual_ipaddress { 10.0.0.9 }
@foo garp_master_delay 3
}
`;
  const files = {
    "/etc/k.conf": main,
    "/etc/inc1.conf": 'vrrp_script s { script "/bin/true # x" }\n',
    "/etc/inc2.conf": "",
  };
  assert.equal(
    mergeConfiguration(SOURCE, createMemoryHost({ files })),
    `# k.conf

global_defs {
router_id a
}

# /etc/inc1.conf
vrrp_script s { script "/bin/true # x" }
!
# /etc/inc2.conf
!
$P=100
vrrp_instance A {
interface    eth0
priority $P
virtual_ipaddress { 10.0.0.9 }
@foo garp_master_delay 3
}
!
`,
  );
});

test("a second reading finds what the first one found", () => {
  const host = createMemoryHost({ files: { "/etc/k.conf": "router_id a\n" } });
  let reads = 0;
  const remembering = rememberingHost({
    ...host,
    readFile: (path) => {
      reads += 1;
      return host.readFile(path);
    },
  });
  assert.equal(mergeConfiguration(SOURCE, remembering), mergeConfiguration(SOURCE, remembering));
  assert.equal(reads, 1);
});
