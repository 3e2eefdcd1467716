import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { type ApiSources, answer } from "../../../src/api/router.ts";
import { ROUTES } from "../../../src/api/routes.ts";
import { INSTANCE_SCHEMA, REAL_SERVERS_SCHEMA, STATUS_SCHEMA, VIRTUAL_SERVER_SCHEMA } from "../../../src/api/schema.ts";
import type { Override } from "../../../src/checker/override.ts";
import { FACTS, snapshot, USAGE } from "./samples.ts";

const NOW_US = 100_000_000;

function sources(changes: Partial<ApiSources> = {}): ApiSources {
  return {
    snapshot,
    facts: () => FACTS,
    usage: async () => USAGE,
    nowUs: () => NOW_US,
    eventsSince: () => ({ missed: 0, events: [] }),
    overrides: { list: () => [], set: () => true, clear: () => true },
    operator: { give: () => true, release: () => null, orderFor: () => null },
    reload: async () => ({ isComplete: true, messages: [] }),
    planReload: async () => ({ wouldBeRefused: false, changes: [], complaints: [] }),
    nowMs: () => 1_000_000,
    explain: async () => ["[", "]"],
    ...changes,
  };
}

async function get(target: string, from = sources(), method = "GET"): Promise<{ status: number; value: unknown }> {
  const url = new URL(target, "http://localhost");
  const request = { method, path: url.pathname, query: url.searchParams, body: undefined };
  const { status, body } = await answer(request, from);
  return { status, value: JSON.parse(typeof body === "string" ? body : [...body].join("")) };
}

test("status, instances and servers are what the schemas promise", async () => {
  const { value: status } = await get("/v1/status");
  const parsed = v.parse(STATUS_SCHEMA, status);
  assert.deepEqual(parsed, status);
  assert.deepEqual(parsed.instances, { initialize: 0, backup: 1, active: 0, fault: 0 });
  assert.deepEqual(
    [parsed.realServers, parsed.virtualServers],
    [
      { total: 3, alive: 2 },
      { total: 1, withQuorum: 1 },
    ],
  );
  const [instance] = v.parse(v.array(INSTANCE_SCHEMA), (await get("/v1/instances")).value);
  assert.deepEqual([instance?.stateAgeSec, instance?.interface, instance?.effectivePriority], [60, "eth0", 90]);
  const [virtual] = v.parse(v.array(VIRTUAL_SERVER_SCHEMA), (await get("/v1/virtual-servers")).value);
  assert.deepEqual([virtual?.realServers, virtual?.aliveRealServers], [3, 2]);
});

test("real servers come in pages, filtered by state and virtual server", async () => {
  const page = async (query: string): Promise<readonly unknown[]> => {
    const { total, items } = v.parse(REAL_SERVERS_SCHEMA, (await get(`/v1/real-servers${query}`)).value);
    return [total, ...items.map(({ port }) => port)];
  };
  assert.deepEqual(await page(""), [3, 80, 81, 82]);
  assert.deepEqual(await page("?offset=1&limit=1"), [3, 81]);
  assert.deepEqual(await page("?state=up&offset=1"), [2, 82]);
  assert.deepEqual(await page("?virtualServer=FWM%205"), [0]);
  const { value } = await get("/v1/real-servers?limit=1");
  assert.deepEqual(v.parse(REAL_SERVERS_SCHEMA, value).items[0]?.checks, [
    { kind: "tcp", verdict: "up", failures: 0, last: { reason: "ok", latencyUs: 80, ageSec: 1.5 } },
    { kind: "misc", verdict: "pending", failures: 0, last: null },
  ]);
});

test("a recording is asked for by name", async () => {
  assert.deepEqual(await get("/v1/recording"), {
    status: 400,
    value: { error: "which instance? /v1/recording?instance=NAME" },
  });
});

test("drain, weight and enable reach the servers they name, everything else is refused with a reason", async () => {
  const said: Override[] = [];
  const cleared: string[] = [];
  const overrides = {
    list: () => said,
    set: (more: readonly Override[]) => said.push(...more) > 0,
    clear: (keys: readonly string[]) => cleared.push(...keys) > 0,
  };
  const post = async (body: unknown): Promise<unknown> => {
    const request = { method: "POST", path: "/v1/overrides", query: new URLSearchParams(), body };
    const { status, body: text } = await answer(request, sources({ overrides }));
    return [status, JSON.parse(String(text))];
  };
  const drain = {
    action: "drain",
    realServer: "10.0.0.2:81",
    owner: "ann",
    reason: "r",
    deadlineSec: 60,
    expiresSec: 5,
  };
  assert.deepEqual(await post(drain), [200, { changed: 1, isSaved: true }]);
  assert.deepEqual(said, [
    {
      virtualServer: "[10.0.0.100]:tcp:80",
      realServer: "[10.0.0.2]:tcp:81",
      action: { kind: "drain", deadlineMs: 1_060_000, isDone: false },
      owner: "ann",
      reason: "r",
      sinceMs: 1_000_000,
      expiresMs: 1_005_000,
    },
  ]);
  assert.deepEqual(await post({ action: "weight", realServer: "10.0.0.2", weight: 0 }), [
    200,
    { changed: 3, isSaved: true },
  ]);
  assert.deepEqual(await post({ action: "enable", realServer: "[10.0.0.2]:tcp:81" }), [
    200,
    { changed: 1, isSaved: true },
  ]);
  assert.deepEqual(cleared, ["[10.0.0.100]:tcp:80 [10.0.0.2]:tcp:81"]);
  const status = async (body: unknown): Promise<number> => {
    const [code] = (await post(body)) as readonly [number];
    return code;
  };
  assert.equal(await status({ action: "disable", realServer: "10.9.9.9" }), 404);
  assert.equal(await status({ action: "disable", realServer: "10.0.0.2", virtualServer: "FWM 9" }), 404);
  assert.equal(await status({ action: "weight", realServer: "10.0.0.2", weight: 65_536 }), 400);
  assert.equal(await status({ action: "weight", realServer: "10.0.0.2" }), 400);
  assert.equal(await status({ action: "explode", realServer: "10.0.0.2" }), 400);
  assert.equal(await status({ action: "disable", realServer: "10.0.0.2", surplus: 1 }), 400);
  assert.equal(await status(undefined), 400);
  assert.equal(said.length, 4);
});

test("what can't be answered says why", async () => {
  assert.deepEqual(await get("/v1/status", sources({ snapshot: () => null })), {
    status: 503,
    value: { error: "the daemon is starting or stopping; try again in a moment" },
  });
  assert.equal((await get("/v1/real-servers?limit=10001")).status, 400);
  assert.equal((await get("/v1/real-servers?offset=-1")).status, 400);
  assert.equal((await get("/v1/real-servers?state=maybe")).status, 400);
  assert.equal((await get("/v1/status", sources(), "DELETE")).status, 405);
  assert.equal((await get("/v1/__proto__")).status, 404);
});

test("the OpenAPI document has every route with its parameters", async () => {
  const { value } = await get("/v1/openapi.json");
  const shape = v.object({ openapi: v.string(), paths: v.record(v.string(), v.record(v.string(), v.unknown())) });
  const { openapi, paths } = v.parse(shape, value);
  assert.equal(openapi, "3.1.0");
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(listed.toSorted(), Object.keys(ROUTES).toSorted());
  assert.match(JSON.stringify(paths["/v1/real-servers"]), /"name":"virtualServer","in":"query"/);
  assert.match(JSON.stringify(paths["/v1/status"]), /"isInSync":\{"type":"boolean"\}/);
});
