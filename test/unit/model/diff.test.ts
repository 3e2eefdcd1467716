import assert from "node:assert/strict";
import { test } from "node:test";
import { describeDiff } from "../../../src/cli/diff-text.ts";
import { diffConfigurations, diffVirtualServers, isEmptyDiff, virtualServerKeys } from "../../../src/model/diff.ts";
import { loadText } from "../../helpers/load-text.ts";

interface Parts {
  readonly name?: string;
  readonly vrid?: number;
  readonly priority?: number;
  readonly addresses?: readonly string[];
  readonly scheduler?: string;
  readonly servers?: readonly { readonly address: string; readonly weight: number }[];
}

function pair(parts: Parts = {}): string {
  const { name = "VI_1", vrid = 51, priority = 100, addresses = ["10.0.0.1"], scheduler = "rr" } = parts;
  const servers = parts.servers ?? [{ address: "10.0.1.1", weight: 1 }];
  return `
vrrp_instance ${name} {
    interface eth0
    virtual_router_id ${vrid}
    priority ${priority}
    virtual_ipaddress {
        ${addresses.join("\n        ")}
    }
}
virtual_server 10.0.0.1 80 {
    lb_algo ${scheduler}
    lb_kind DR
    protocol TCP
${servers
  .map(
    ({ address, weight }) => `    real_server ${address} 80 {
        weight ${weight}
        TCP_CHECK {
            connect_timeout 3
        }
    }`,
  )
  .join("\n")}
}
`;
}

function describe(before: string, after: string): readonly string[] {
  return describeDiff(diffConfigurations(loadText(before), loadText(after)));
}

test("the same text, and the same text moved down, change nothing", () => {
  const diff = diffConfigurations(loadText(pair()), loadText(`\n\n# moved\n${pair()}`));
  assert.equal(isEmptyDiff(diff), true);
  assert.deepEqual(describeDiff(diff), ["nothing changes"]);
});

test("a renamed instance is kept, one with another VRID is another", () => {
  assert.deepEqual(describe(pair(), pair({ name: "VI_NEW" })), [
    "VI_NEW (eth0, VRID 51): was called VI_1; its state stays",
  ]);
  assert.deepEqual(describe(pair(), pair({ vrid: 52 })), [
    "VI_1 (eth0, VRID 51): is removed; if it is MASTER it sends priority 0 and drops 10.0.0.1/32",
    "VI_1 (eth0, VRID 52): is added, starts as BACKUP with 10.0.0.1/32",
  ]);
});

test("addresses are matched one by one", () => {
  const diff = diffConfigurations(
    loadText(pair({ addresses: ["10.0.0.1", "10.0.0.2"] })),
    loadText(pair({ addresses: ["10.0.0.1", "10.0.0.3"] })),
  );
  const [change] = diff.instances;
  assert.ok(change?.kind === "kept");
  assert.deepEqual(
    change.addedAddresses.map(({ address }) => address),
    ["10.0.0.3"],
  );
  assert.deepEqual(
    change.removedAddresses.map(({ address }) => address),
    ["10.0.0.2"],
  );
});

test("a changed priority says that the next adverts decide", () => {
  assert.deepEqual(describe(pair({ priority: 100 }), pair({ priority: 150 })), [
    "VI_1 (eth0, VRID 51): priority 100 becomes 150; the state stays, the next adverts decide",
  ]);
});

test("real servers come, go and change in place", () => {
  const before = pair({
    servers: [
      { address: "10.0.1.1", weight: 1 },
      { address: "10.0.1.2", weight: 1 },
    ],
  });
  const after = pair({
    servers: [
      { address: "10.0.1.1", weight: 5 },
      { address: "10.0.1.3", weight: 2 },
    ],
  });
  assert.deepEqual(describe(before, after), [
    "virtual server [10.0.0.1]:tcp:80: real server [10.0.1.2]:80 is removed; its connections end",
    "virtual server [10.0.0.1]:tcp:80: real server [10.0.1.1]:80 changes weight from 1 to 5; connections stay",
    "virtual server [10.0.0.1]:tcp:80: real server [10.0.1.3]:80 is added with weight 2",
  ]);
});

test("a changed scheduler leaves the real servers alone", () => {
  assert.deepEqual(describe(pair(), pair({ scheduler: "wlc" })), [
    "virtual server [10.0.0.1]:tcp:80: scheduler changes in place; connections stay",
  ]);
});

test("virtual servers of one group are told apart by their order, and each has its own key", () => {
  const group = (scheduler: string): string =>
    `virtual_server group G {\n protocol TCP\n lb_algo ${scheduler}\n real_server 10.0.0.2 80 {\n }\n}\n`;
  const members = "virtual_server_group G {\n 10.0.0.1 80\n}\n";
  const before = loadText(`${members}${group("rr")}${group("wrr")}`).virtualServers;
  const after = loadText(`${members}${group("rr")}${group("lc")}`).virtualServers;
  assert.deepEqual(virtualServerKeys(before), ["group G tcp", "group G tcp #1"]);
  const fields = diffVirtualServers(before, after).map((change) => (change.kind === "kept" ? change.fields : []));
  assert.deepEqual(fields, [[], ["scheduler"]]);
});
