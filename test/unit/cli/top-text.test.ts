import assert from "node:assert/strict";
import { test } from "node:test";
import {
  viewBfdSession,
  viewInstance,
  viewRealServers,
  viewStatus,
  viewVirtualServer,
} from "../../../src/api/views.ts";
import { renderStatus } from "../../../src/cli/status-text.ts";
import { plain, renderTable } from "../../../src/cli/table-text.ts";
import { renderTop, type TopAnswer } from "../../../src/cli/top-text.ts";
import { FACTS, snapshot } from "../api/samples.ts";

const NOW_US = 100_000_000;

function answer(): TopAnswer {
  const now = snapshot();
  const query = { overrides: [], virtualServer: null, isAlive: false, offset: 0, limit: 9 };
  const event = { timeMs: 0, level: "info", subsystem: "vrrp", message: "m", fields: {} };
  return {
    status: viewStatus(now, FACTS),
    instances: now.instances.map((instance) => viewInstance(instance, null, NOW_US)),
    bfdSessions: now.bfdSessions.map((session) => viewBfdSession(session, NOW_US)),
    virtualServers: (now.lvs?.virtualServers ?? []).map(viewVirtualServer),
    down: viewRealServers(now.lvs, query, NOW_US),
    events: [1, 2, 3].map((sequence) => ({ ...event, sequence, text: `event ${sequence}` })),
  };
}

test("status is tables of instances and virtual servers", () => {
  assert.deepEqual(renderStatus(answer(), { width: 80, isColoured: false }).split("\n"), [
    "holdfast 0.1.0, pid 7, up 60 s, /a.conf",
    "adverts: 99 % at most 0.25 ms late",
    "IPVS table: in sync, 0 repairs",
    "",
    "INSTANCE  STATE   FOR   LINK  VRID  PRIO  VIPS  NOTE",
    "VI_1      BACKUP  60 s  eth0  51    90    1     master 10.0.0.9, configured 100",
    "",
    "BFD SESSION  STATE  FOR   NEIGHBOUR   DETECTION  NOTE",
    "uplink       UP     60 s  10.0.0.254  50 ms",
    "",
    "VIRTUAL SERVER       SCHED  ALIVE  QUORUM  SORRY",
    "[10.0.0.100]:tcp:80  rr     2/3    yes",
    "",
  ]);
});

test("a BFD session that is down says why, by its own and the peer's diagnostic", () => {
  const [session] = snapshot().bfdSessions;
  assert.ok(session !== undefined);
  const down = viewBfdSession({ ...session, state: "down", localDiag: 1, remoteDiag: 3 }, NOW_US);
  const text = renderStatus({ ...answer(), bfdSessions: [down] }, { width: 120, isColoured: false });
  assert.match(text, /uplink +DOWN +60 s +10\.0\.0\.254 +50 ms +detection time expired, peer: neighbour said down\n/);
});

test("a table fits the terminal: the widest column is cut, and colours take no room", () => {
  const rows = [[plain("a".repeat(30)), { text: "up", tone: "good" as const }, plain("end")]];
  assert.equal(
    renderTable(["NAME", "STATE", "X"], rows, { width: 24, isColoured: false }),
    "NAME          STATE  X\naaaaaaaaaaa…  up     end\n",
  );
  const coloured = renderTable(["NAME", "STATE", "X"], rows, { width: 24, isColoured: true });
  assert.ok(coloured.endsWith("\u001b[32mup   \u001b[0m  end\n"));
});

test("top leaves out details, and status tells of a priority that is not the configured one", () => {
  const now = answer();
  const events = now.events.map((event) => ({ ...event, level: event.sequence === 3 ? "detail" : "info" }));
  const instances = now.instances.map((instance) => ({ ...instance, effectivePriority: 70, activeRouter: null }));
  const text = renderTop({ ...now, events, instances }, { width: 80, height: 30, isColoured: false });
  assert.match(text, /:00 event 2$/);
  assert.match(text, /VI_1 +BACKUP +60 s +eth0 +51 +70 +1 +configured 100\n/);
});

test("a last column without text goes before anything is cut", () => {
  const rows = [[plain("a".repeat(20)), plain("")]];
  assert.equal(renderTable(["NAME", "NOTE"], rows, { width: 22, isColoured: false }), `NAME\n${"a".repeat(20)}\n`);
});

test("top fits the screen, with what is down and the last events", () => {
  const text = renderTop(answer(), { width: 60, height: 19, isColoured: false });
  const lines = text.split("\n");
  assert.ok(lines.length <= 19 && lines.every((line) => line.length <= 60));
  assert.match(text, /\nDOWN \(1\) +VIRTUAL SERVER +REASON\n\[10\.0\.0\.2\]:tcp:81 +\[10\.0\.0\.100\]:tcp:80 +ok\n/);
  assert.match(lines.at(-1) ?? "", /^\d\d:\d\d:00 event 3$/);
  assert.equal(renderTop(answer(), { width: 60, height: 4, isColoured: false }).split("\n").length <= 4, true);
});
