import assert from "node:assert/strict";
import { test } from "node:test";
import type { FirewallRemoval } from "../../../src/native/contract.ts";
import { GroupMarks } from "../../../src/runtime/lvs-marks.ts";
import type { FirewallDependencies } from "../../../src/runtime/network-firewall.ts";
import { virtualServer } from "../checker/samples.ts";
import { configuration } from "./lvs-fakes.ts";

const OURS: FirewallRemoval = { family: "ip", table: "keepalived_ipvs", senderPort: 77 };
const NFT_PID = 5;

/** nft and the watch over it. */
class FakeNftables implements Omit<FirewallDependencies, "log"> {
  readonly scripts: string[] = [];
  isWatched = false;
  tell: (removals: readonly FirewallRemoval[]) => void = () => {};

  readonly run: FirewallDependencies["run"] = async (script, onStart) => {
    onStart?.(NFT_PID);
    this.scripts.push(script);
    return null;
  };

  readonly watch: FirewallDependencies["watch"] = (onRemoval) => {
    this.isWatched = true;
    this.tell = (removals) => onRemoval(removals, false);
    return {
      close: () => {
        this.isWatched = false;
      },
    };
  };
}

async function marked(): Promise<{ readonly marks: GroupMarks; readonly nftables: FakeNftables }> {
  const nftables = new FakeNftables();
  const marks = new GroupMarks({ nftables, log: () => {} });
  const key = { kind: "group", group: "web", protocol: "tcp" } as const;
  const wanted = configuration([virtualServer([], { key })], {
    firewall: {
      table: null,
      priority: -1,
      usesInterfaceIndex: false,
      hasCounters: false,
      isTableImplied: false,
      ipvsTable: "keepalived_ipvs",
      ipvsPriority: 0,
      ipvsFirstFwmark: 1000,
    },
  });
  const member = { kind: "address", family: "inet", address: "192.0.2.1", port: 80 } as const;
  const place = { file: "test.conf", line: 1, column: 1 };
  marks.plan({ ...wanted, virtualServerGroups: [{ name: "web", members: [member], place }] });
  await marks.set();
  return { marks, nftables };
}

/** Repairs wait for a timer of no time and for the run before. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

test("marks that somebody else removes are put back", async () => {
  const { marks, nftables } = await marked();
  assert.match(nftables.scripts[0] ?? "", /192\.0\.2\.1 \. 80 : 1000/);
  nftables.tell([OURS]);
  await settled();
  assert.equal(nftables.scripts.length, 2);
  assert.equal(nftables.scripts[1], nftables.scripts[0]);
  marks.stop();
});

test("our own replacement and tables of others are no removal", async () => {
  const { marks, nftables } = await marked();
  nftables.tell([{ ...OURS, senderPort: NFT_PID }]);
  nftables.tell([{ ...OURS, table: "theirs" }]);
  await settled();
  assert.equal(nftables.scripts.length, 1);
  marks.stop();
});

test("at the end the tables go, or stay, and nobody looks after them", async () => {
  const first = await marked();
  await first.marks.remove();
  assert.match(first.nftables.scripts.at(-1) ?? "", /^table ip keepalived_ipvs\ndelete table/);
  assert.equal(first.nftables.isWatched, false);
  const second = await marked();
  second.marks.stop();
  assert.equal(second.nftables.isWatched, false);
  assert.equal(second.nftables.scripts.length, 1);
});
