import assert from "node:assert/strict";
import { test } from "node:test";
import { BFD_CHECK_ROWS, CHECKER_ROWS, URL_ROWS } from "../../../src/config/explain/checker-rows.ts";
import { type ExplainedObject, explain } from "../../../src/config/explain/explain.ts";
import { GLOBAL_ROWS, ROOT_ROWS } from "../../../src/config/explain/global-rows.ts";
import { REAL_SERVER_ROWS, TLS_ROWS, VIRTUAL_SERVER_ROWS } from "../../../src/config/explain/lvs-rows.ts";
import { dumpLines, originText, renderExplained } from "../../../src/config/explain/render.ts";
import { keywordsOf, type Row } from "../../../src/config/explain/rows.ts";
import {
  BFD_ROWS,
  SCRIPT_ROWS,
  TRACK_FILE_ROWS,
  TRACK_PROCESS_ROWS,
} from "../../../src/config/explain/tracker-rows.ts";
import {
  AUTHENTICATION_ROWS,
  GARP_GROUP_ROWS,
  HMAC_ROWS,
  SYNC_GROUP_ROWS,
  TRACK_GROUP_ROWS,
  VRRP_INSTANCE_ROWS,
} from "../../../src/config/explain/vrrp-rows.ts";
import type { Keyword } from "../../../src/config/keywords/table.ts";
import { TABLES } from "../../../src/config/keywords/tables.ts";
import { type LoadedConfiguration, loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { Entry } from "../../../src/config/tree.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import { loadRow, readVerdicts } from "./corpus.ts";

interface Explained {
  readonly loaded: LoadedConfiguration;
  readonly objects: readonly ExplainedObject[];
}

function explainText(text: string): Explained {
  const entries: Entry[] = [];
  const loaded = loadConfiguration(
    { path: "/t.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/t.conf": text } }),
    entries,
  );
  return { loaded, objects: [...explain({ loaded, entries })] };
}

/** `keyword value # origin` of one object. */
function rowsOf(object: ExplainedObject | undefined): ReadonlyMap<string, string> {
  const rows = object?.keywords ?? [];
  return new Map(rows.map(({ keyword, value, origin }) => [keyword.name, `${value} # ${originText(origin)}`]));
}

const CHECKERS = "MISC_CHECK SMTP_CHECK TCP_CHECK PING_CHECK UDP_CHECK HTTP_GET SSL_GET DNS_CHECK FILE_CHECK".split(
  " ",
);
const inRealServer = (name: string): string => `virtual_server/real_server/${name}`;

const ROWS: readonly (readonly [string, readonly Row<never>[]])[] = [
  ["(root)", ROOT_ROWS],
  ["global_defs", GLOBAL_ROWS],
  ["track_group", TRACK_GROUP_ROWS],
  ["vrrp_sync_group", SYNC_GROUP_ROWS],
  ["garp_group", GARP_GROUP_ROWS],
  ["vrrp_instance", VRRP_INSTANCE_ROWS],
  ["vrrp_instance/authentication", AUTHENTICATION_ROWS],
  ["vrrp_instance/auth_hmac", HMAC_ROWS],
  ["vrrp_script", SCRIPT_ROWS],
  ["vrrp_track_process", TRACK_PROCESS_ROWS],
  ["track_file", TRACK_FILE_ROWS],
  ["vrrp_track_file", TRACK_FILE_ROWS],
  ["SSL", TLS_ROWS],
  ["virtual_server", VIRTUAL_SERVER_ROWS],
  ["virtual_server/real_server", REAL_SERVER_ROWS],
  ...CHECKERS.map((name) => [inRealServer(name), CHECKER_ROWS] as const),
  [inRealServer("SMTP_CHECK/host"), CHECKER_ROWS],
  [inRealServer("BFD_CHECK"), BFD_CHECK_ROWS],
  [inRealServer("HTTP_GET/url"), URL_ROWS],
  [inRealServer("SSL_GET/url"), URL_ROWS],
  ["bfd_instance", BFD_ROWS],
];

/** Blocks whose lines are rendered as a whole: options of addresses, routes and the like. */
const LINES =
  /^(virtual_ipaddress|virtual_routes|virtual_rules|virtual_server_group$|\(parser\)|global_defs\/|virtual_server\/lb_kind|vrrp_instance\/(unicast_peer|track_|use_)|.*regex_options$)/;

/** Blocks that are objects of their own, not values. */
function opensObject({ name, body }: Keyword): boolean {
  return body === "keywords" || name === "virtual_server_group";
}

test("every keyword of every block has a row", () => {
  const known = new Map(ROWS);
  for (const table of TABLES.values()) {
    if (LINES.test(table.path)) continue;
    const rows = known.get(table.path);
    assert.ok(rows !== undefined, `no rows for ${table.path}`);
    const explained = new Set(rows.flatMap(keywordsOf));
    const missing = table.rows.filter((row) => !opensObject(row) && !explained.has(row.name));
    assert.deepEqual(
      missing.map(({ name }) => `${table.path} ${name}`),
      [],
    );
  }
});

test("every row but those for several kinds of checker names a keyword of its block", () => {
  for (const [path, rows] of ROWS) {
    if (rows === CHECKER_ROWS || rows === URL_ROWS) continue;
    const table = TABLES.get(path);
    for (const { keyword } of rows) assert.ok(table?.byName.has(keyword), `${path} ${keyword}`);
  }
});

test("values come from the text, an outer block, global_defs or the default", () => {
  const { objects } = explainText(`global_defs {
  vrrp_garp_master_repeat 3
}
vrrp_instance V {
  interface eth0
  virtual_router_id 1
  priority 100
  priority 120
  nopreempt
  advert_int 1.4
  virtual_ipaddress {
    10.0.0.1/24
  }
}
virtual_server 10.0.0.1 80 {
  protocol TCP
  lb_algo rr
  lb_kind NAT
  delay_loop 7
  quorum 5
  real_server 10.0.0.2 80 {
    TCP_CHECK {
      nb_get_retry 4
    }
  }
}
`);
  const instance = rowsOf(objects.find(({ kind }) => kind === "vrrp_instance"));
  assert.equal(instance.get("priority"), "120 # /t.conf:8:3");
  assert.equal(instance.get("preempt"), "false # /t.conf:9:3");
  assert.equal(instance.get("state"), "BACKUP # default");
  assert.equal(instance.get("garp_master_repeat"), "3 # from global_defs at /t.conf:2:3");
  assert.equal(
    instance.get("advert_int"),
    "1 # adjusted: vrrp_instance V: advert_int is 1 s: VRRP version 2 cannot send it as written (/t.conf:10:3)",
  );
  const server = objects.find(({ kind }) => kind === "virtual_server");
  assert.match(rowsOf(server).get("quorum") ?? "", /^1 # adjusted: quorum 5 is above the sum of all weights/);
  const real = server?.objects[0];
  assert.equal(rowsOf(real).get("delay_loop"), "7 # from virtual_server at /t.conf:19:3");
  assert.equal(rowsOf(real).get("connect_timeout"), "5 # default");
  const checker = rowsOf(real?.objects[0]);
  assert.equal(checker.get("retry"), "4 # /t.conf:23:7");
  assert.equal(checker.get("delay_loop"), "7 # from virtual_server at /t.conf:19:3");
});

test("servers of one repeated line have each their own block", () => {
  const { objects } = explainText(`virtual_server 10.0.0.1 80 {
  protocol TCP
  ~SEQ(n, 2, 3) real_server 10.0.0.$n 80 { weight $n }
}
`);
  const weights = objects.at(-1)?.objects.map((real) => rowsOf(real).get("weight"));
  assert.deepEqual(
    weights?.map((text) => text?.replace(/:[0-9]+$/, "")),
    ["2 # /t.conf:3", "3 # /t.conf:3"],
  );
});

test("a dump hides secrets", () => {
  const { objects } = explainText(`vrrp_instance V {
  interface eth0
  virtual_router_id 1
  authentication {
    auth_type PASS
    auth_pass hush
  }
  virtual_ipaddress {
    10.0.0.1
  }
}
`);
  const lines = objects.flatMap((object) => [...dumpLines(object)]);
  assert.ok(lines.includes("------< vrrp_instance V >------"));
  assert.ok(lines.includes("  auth_pass = ********"));
  assert.ok(!lines.some((line) => line.includes("hush")));
});

/** DR forces one port on several servers, and the second loading takes them for duplicates. */
const MERGED = "pq-850p";

/** What a value means, without where it stood. */
function withoutPlaces(configuration: CompleteConfiguration): unknown {
  const dropped = new Set(
    "place hasOwnTimeout given givenLowerDelaySec givenLowerRepeat isTableImplied fallsBackToMulticast saysMaster ownVirtualHost hasOwnGranularity".split(
      " ",
    ),
  );
  return JSON.parse(
    JSON.stringify(configuration, (key: string, value: unknown) => {
      if (key === "flags" && Array.isArray(value)) return value.toSorted();
      return dropped.has(key) ? undefined : value;
    }),
  );
}

test("the explanation of a corpus file loads again with the same values", (context) => {
  let count = 0;
  const differing: string[] = [];
  for (const row of readVerdicts()) {
    const entries: Entry[] = [];
    const loaded = loadRow(row, entries);
    if (loaded.startRefusal !== null || row.name === MERGED) continue;
    const text = [...explain({ loaded, entries })].flatMap((object) => renderExplained(object)).join("\n");
    const again = loadRow(row, null, text).configuration;
    count++;
    try {
      assert.deepEqual(withoutPlaces(again), withoutPlaces(loaded.configuration));
    } catch (error) {
      differing.push(`${row.name} ${row.args}: ${String(error).slice(0, 600)}`);
    }
  }
  context.diagnostic(`${count - differing.length} of ${count} are the same`);
  if (process.env["SHOW"]) console.log(differing.slice(0, 8).join("\n"));
  assert.ok(count > 200);
  assert.deepEqual(differing, []);
});
