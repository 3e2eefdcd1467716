import * as v from "valibot";
import { type Override, overrideKey } from "../checker/override.ts";
import type { Replay } from "../runtime/event-log.ts";
import type { LvsUsage } from "../runtime/lvs-types.ts";
import type { VrrpOrder } from "../runtime/vrrp-operator.ts";
import { METRICS_TYPE, renderMetrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { planOverride } from "./overrides.ts";
import { pageAsset } from "./page.ts";
import { ROUTES } from "./routes.ts";
import {
  type OverrideResult,
  type ReloadOutcome,
  type ReloadPlan,
  VRRP_REQUEST_SCHEMA,
  type VrrpResult,
} from "./schema.ts";
import {
  type ProcessFacts,
  type RealServerQuery,
  type Snapshot,
  viewBfdSession,
  viewDiagnostic,
  viewInstance,
  viewOverride,
  viewRealServers,
  viewStatus,
  viewVirtualServer,
} from "./views.ts";
import { viewWhy } from "./why.ts";

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ApiResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Iterable<string>;
}

/** Returns whether the change was saved, too. */
export interface OverrideStore {
  list(): readonly Override[];
  set(overrides: readonly Override[]): boolean;
  clear(keys: readonly string[]): boolean;
}

/** What operators want of instances. */
export interface OrderTaker {
  /** @returns whether a restart will know of it */
  give(order: VrrpOrder): boolean;
  orderFor(instance: string): VrrpOrder | null;
  /** @returns null when there was no order, else whether a restart will know of it */
  release(instance: string): boolean | null;
}

/** Where answers come from. */
export interface ApiSources {
  /** Null while the daemon starts or stops. */
  readonly snapshot: () => Snapshot | null;
  readonly facts: () => ProcessFacts;
  /** What passes through the kernel's table; null when it can't be read. */
  readonly usage: () => Promise<LvsUsage | null>;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly nowUs: () => number;
  readonly eventsSince: (sequence: number) => Replay;
  readonly overrides: OverrideStore;
  readonly operator: OrderTaker;
  readonly reload: () => Promise<ReloadOutcome>;
  readonly planReload: () => Promise<ReloadPlan>;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** The configuration in force with the origin of each value, as JSON in parts. */
  readonly explain: () => Promise<Iterable<string>>;
}

const LARGEST_PAGE = 10_000;
const DEFAULT_PAGE = 1000;

/** A request that can't be answered as asked. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function json(value: unknown): ApiResponse {
  return { status: 200, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}

/** @throws ApiError when it is no number of the range */
function numberIn(query: URLSearchParams, name: string, fallback: number, maximum: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= maximum) return value;
  throw new ApiError(400, `${name} must be a number from 0 to ${maximum}`);
}

function realServerQuery(query: URLSearchParams, overrides: readonly Override[]): RealServerQuery {
  const state = query.get("state");
  if (state !== null && state !== "up" && state !== "down") throw new ApiError(400, "state must be up or down");
  return {
    overrides,
    virtualServer: query.get("virtualServer"),
    isAlive: state === null ? null : state === "up",
    offset: numberIn(query, "offset", 0, Number.MAX_SAFE_INTEGER),
    limit: numberIn(query, "limit", DEFAULT_PAGE, LARGEST_PAGE),
  };
}

/** @throws ApiError */
function knownInstance<Found>(found: Found | undefined, name: string): Found {
  if (found === undefined) throw new ApiError(404, `there is no VRRP instance ${name}; holdfast status shows all`);
  return found;
}

type Answer = (request: ApiRequest, sources: ApiSources) => ApiResponse | Promise<ApiResponse>;

/** @throws ApiError while there is nothing to show */
function snapshotOf({ snapshot }: ApiSources): Snapshot {
  const found = snapshot();
  if (found === null) throw new ApiError(503, "the daemon is starting or stopping; try again in a moment");
  return found;
}

/** @throws ApiError */
function changeOverrides(body: unknown, sources: ApiSources): OverrideResult {
  const { overrides } = sources;
  const { lvs } = snapshotOf(sources);
  const plan = planOverride(body, { lvs, known: overrides.list(), nowMs: sources.nowMs() });
  switch (plan.kind) {
    case "bad":
      throw new ApiError(plan.status, plan.error);
    case "set":
      return { changed: plan.overrides.length, isSaved: overrides.set(plan.overrides) };
    case "clear": {
      const known = new Set(overrides.list().map(overrideKey));
      const keys = plan.keys.filter((key) => known.has(key));
      return { changed: keys.length, isSaved: overrides.clear(keys) };
    }
  }
}

/** @throws ApiError */
function orderInstance(body: unknown, sources: ApiSources): VrrpResult {
  const parsed = v.safeParse(VRRP_REQUEST_SCHEMA, body);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ApiError(400, `${v.getDotPath(issue) ?? "body"}: ${issue.message}`);
  }
  const { output: request } = parsed;
  const { instance, owner, reason } = request;
  const found = snapshotOf(sources).instances.find(({ name }) => name === instance);
  const { basePriority } = knownInstance(found, instance);
  if (request.action === "release") {
    const isSaved = sources.operator.release(instance);
    return { changed: isSaved !== null, isSaved: isSaved ?? true };
  }
  if (request.action === "priority" && basePriority === 255)
    throw new ApiError(400, `${instance} owns its addresses: its priority is always 255`);
  const wish =
    request.action === "priority"
      ? ({ kind: "priority", priority: request.priority } as const)
      : ({ kind: "hold" } as const);
  const sinceMs = sources.nowMs();
  const expiresMs = request.expiresSec === undefined ? null : sinceMs + request.expiresSec * 1000;
  const isSaved = sources.operator.give({ instance, wish, owner, reason, sinceMs, expiresMs });
  return { changed: true, isSaved };
}

const ANSWERS: Readonly<Record<keyof typeof ROUTES, Answer>> = {
  "GET /metrics": async (_, sources) => {
    const usage = await sources.usage();
    const [snapshot, facts, overrides] = [snapshotOf(sources), sources.facts(), sources.overrides.list()];
    const body = renderMetrics({ snapshot, facts, overrides, usage, nowUs: sources.nowUs() });
    return { status: 200, contentType: METRICS_TYPE, body };
  },
  "GET /v1/openapi.json": () => json(openApiDocument()),
  "GET /v1/status": (_, sources) => json(viewStatus(snapshotOf(sources), sources.facts())),
  "GET /v1/instances": (_, sources) =>
    json(
      snapshotOf(sources).instances.map((instance) =>
        viewInstance(instance, sources.operator.orderFor(instance.name), sources.nowUs()),
      ),
    ),
  "GET /v1/bfd-sessions": (_, sources) =>
    json(snapshotOf(sources).bfdSessions.map((session) => viewBfdSession(session, sources.nowUs()))),
  "GET /v1/virtual-servers": (_, sources) =>
    json((snapshotOf(sources).lvs?.virtualServers ?? []).map(viewVirtualServer)),
  "GET /v1/real-servers": ({ query }, sources) =>
    json(viewRealServers(snapshotOf(sources).lvs, realServerQuery(query, sources.overrides.list()), sources.nowUs())),
  "GET /v1/overrides": (_, { overrides }) => json(overrides.list().map(viewOverride)),
  "POST /v1/overrides": ({ body }, sources) => json(changeOverrides(body, sources)),
  "POST /v1/vrrp": ({ body }, sources) => json(orderInstance(body, sources)),
  "POST /v1/reload": async (_, sources) => {
    snapshotOf(sources);
    return json(await sources.reload());
  },
  "GET /v1/reload/plan": async (_, sources) => json(await sources.planReload()),
  "GET /v1/why": ({ query }, sources) => {
    const name = query.get("instance");
    const whys = viewWhy(snapshotOf(sources), sources.nowUs(), sources.nowMs());
    return json(
      name === null
        ? whys
        : [
            knownInstance(
              whys.find(({ instance }) => instance === name),
              name,
            ),
          ],
    );
  },
  "GET /v1/recording": ({ query }, sources) => {
    const name = query.get("instance");
    if (name === null) throw new ApiError(400, "which instance? /v1/recording?instance=NAME");
    const found = snapshotOf(sources).instances.find((instance) => instance.name === name);
    return json(knownInstance(found, name).recording ?? []);
  },
  "GET /v1/diagnostics": (_, sources) => json(snapshotOf(sources).diagnostics.map(viewDiagnostic)),
  "GET /v1/config": async (_, sources) => {
    snapshotOf(sources);
    return { status: 200, contentType: "application/json", body: await sources.explain() };
  },
  "GET /v1/events": ({ query }, sources) => {
    const { missed, events } = sources.eventsSince(numberIn(query, "since", 0, Number.MAX_SAFE_INTEGER));
    return json({ missed, events });
  },
};

function isRoute(key: string): key is keyof typeof ROUTES {
  return Object.hasOwn(ROUTES, key);
}

/** Answers everything except the event stream. Never rejects. */
export async function answer(request: ApiRequest, sources: ApiSources): Promise<ApiResponse> {
  const { method, path } = request;
  const key = `${method} ${path}`;
  try {
    const asset = method === "GET" ? pageAsset(path) : null;
    if (asset !== null) return { status: 200, ...asset };
    if (isRoute(key)) return await ANSWERS[key](request, sources);
    const others = Object.keys(ROUTES).filter((route) => route.endsWith(` ${path}`));
    if (others.length > 0) throw new ApiError(405, `${path} does not take ${method}`);
    throw new ApiError(404, `there is no ${path}; GET /v1/openapi.json lists what there is`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ...json({ error: error.message }), status: error.status };
  }
}
