import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCheckData } from "../../../src/api/check-data.ts";
import type { LvsSnapshot } from "../../../src/runtime/lvs-types.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `virtual_server_group G {
 10.0.0.30-32 80
 fwmark 7
}
virtual_server group G {
 protocol TCP
 lb_algo rr
 lb_kind NAT
 sorry_server 10.0.0.99 80
 quorum_up "/bin/up now"
 real_server 10.0.0.2 80 {
  weight 3
  TCP_CHECK {
   connect_port 81
  }
 }
}
`;

function render(lvs: LvsSnapshot | null): readonly string[] {
  const { configuration } = loadWhole(TEXT);
  return renderCheckData({ configuration, lvs, before: null, ownUser: { uid: 1, gid: 2 }, wallOffsetUs: 0 }).split(
    "\n",
  );
}

const DOWN: LvsSnapshot = {
  virtualServers: [
    {
      name: "[G]:0",
      scheduler: "rr",
      hasQuorum: false,
      isSorryServerActive: true,
      realServers: [
        {
          name: "[10.0.0.2]:tcp:80",
          address: "10.0.0.2",
          port: 80,
          weight: 0,
          isAlive: false,
          checkers: [{ kind: "tcp", verdict: "down", failures: 0 }],
        },
      ],
    },
  ],
  probes: null,
  table: { reconciles: 0, repairs: 0, failures: 0, isInSync: true },
};

// The layout is keepalived's, see test/lab/check-data; here it is what the state puts into it.
test("the state of a server and of its check stands among their settings", () => {
  const lines = render(DOWN);
  const realServer = lines.indexOf("   ------< Real server >------");
  assert.equal(lines[realServer + 1], "   RIP = 10.0.0.2, RPORT = 80, WEIGHT = 0 EFF WEIGHT = 0");
  for (const line of [
    "     Alive: 0 tcp, 0 udp, 0 sctp",
    "   quorum_state_up = 0",
    "   initial weight = 3",
    "   effective weight = 0",
    "   alive = 0",
    "   num failed checkers = 1",
    "   RS set = 0",
    " [G]:0 -> [10.0.0.2]:tcp:80",
    "   Up = no",
    "   Has run = yes",
    "   Retries iterations = 0",
    "     Dest = [10.0.0.2]:81",
    "   Quorum up notify script = '/bin/up' 'now', uid:gid 1:2",
  ]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  }
  const sorry = lines.indexOf("   sorry server = [10.0.0.99]:tcp:80");
  assert.deepEqual(lines.slice(sorry + 1, sorry + 3), [
    "     forwarding method = NAT",
    "     Inhibit on failure is OFF",
  ]);
});

test("before the pools are up a check has not run, and counts as keepalived assumes it", () => {
  const lines = render(null);
  for (const line of ["   Up = yes", "   Has run = no", "   Retries iterations = 1", "   effective weight = 3"]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  }
});

const RESTING = `track_file load {
 file /run/load
 weight 1
}
virtual_server 2001:db8::10 80 {
 lb_algo rr
 lb_kind DR
 persistence_granularity 128
 ha_suspend
 real_server 2001:db8::2 80 {
  weight 4
  MISC_CHECK {
   misc_path /bin/true
   misc_dynamic
  }
  FILE_CHECK {
   track_file load
   weight 2
  }
 }
}
`;

test("checks that rest, what scripts and files add, and what a file says", () => {
  const { configuration } = loadWhole(RESTING);
  const checkers = [
    { kind: "misc", verdict: "up", failures: 0, addedWeight: 3 },
    { kind: "file", verdict: "up", failures: 0, addedWeight: 10 },
  ] as const;
  const server = { name: "", address: "2001:db8::2", port: 80, weight: 17, isAlive: true, checkers };
  const virtual = { name: "", scheduler: "rr", hasQuorum: true, isSorryServerActive: false, realServers: [server] };
  const lvs: LvsSnapshot = {
    ...{ virtualServers: [{ ...virtual, isSuspended: true }], probes: null, files: new Map([["load", 5]]) },
    table: DOWN.table,
  };
  const sources = { configuration, lvs, before: null, ownUser: { uid: 1, gid: 2 }, wallOffsetUs: 0 };
  const lines = renderCheckData(sources).split("\n");
  const told = lines.filter((line) => /^ {3}(Enabled|Current weight|Status|persistence granularity) = /.test(line));
  assert.deepEqual(told, [
    "   persistence granularity = 128",
    "   Enabled = no",
    "   Current weight = 3",
    // Files are followed all the same.
    "   Enabled = yes",
    "   Current weight = 10",
    "   Status = 5",
  ]);
});
