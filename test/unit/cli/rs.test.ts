import assert from "node:assert/strict";
import { test } from "node:test";
import type { RealServerView } from "../../../src/api/schema.ts";
import { renderRealServers } from "../../../src/cli/rs.ts";

function server(virtualServer: string, port: number, changes: Partial<RealServerView> = {}): RealServerView {
  const name = `[192.168.1.13]:tcp:${port}`;
  const last = { reason: "refused", latencyUs: 1234, ageSec: 1 };
  const checks = [{ kind: "tcp", verdict: "down" as const, failures: 1, last }];
  const plain = { virtualServer, name, address: "192.168.1.13", port, weight: 1, isAlive: false, override: null };
  return { ...plain, checks, ...changes };
}

const expiresMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const HELD = { action: "drain", owner: "ann", reason: "kernel", expiresMs };
const SERVERS = [
  server("[192.168.1.100]:tcp:80", 80),
  server("[192.168.1.100]:tcp:80", 81, { isAlive: true, checks: [], override: { ...HELD, expiresMs: null } }),
  server("FWM 5", 80),
];

test("on a terminal of 80 columns every real server can be told from the others", () => {
  const text = renderRealServers(SERVERS, { width: 80, isColoured: false });
  assert.deepEqual(text.split("\n"), [
    "  REAL SERVER            STATE  WEIGHT  CHECKS        LATENCY  OVERRIDE",
    "[192.168.1.100]:tcp:80",
    "  [192.168.1.13]:tcp:80  down   1       tcp: refused  1.2 ms",
    "  [192.168.1.13]:tcp:81  up     1                              drain by ann: ke…",
    "FWM 5",
    "  [192.168.1.13]:tcp:80  down   1       tcp: refused  1.2 ms",
    "",
  ]);
});

test("where there is room it is one table, with the time when an override ends", () => {
  const text = renderRealServers([server("FWM 5", 80, { override: HELD })], { width: 200, isColoured: false });
  assert.equal(
    text.split("\n")[1],
    "FWM 5           [192.168.1.13]:tcp:80  down   1       tcp: refused  1.2 ms   drain by ann until 2026-01-02T03:04:05Z: kernel",
  );
});
