import * as v from "valibot";

/** What the control socket speaks: the OpenAPI document and the checks of bodies are made from these. */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const nullable = v.nullable;

export const LOOP_SCHEMA = v.object({
  heartbeats: count,
  commands: count,
  eventsLost: count,
  lateness: v.object({ count, p50Us: count, p99Us: count, maxUs: count }),
});

export const STATUS_SCHEMA = v.object({
  version: v.string(),
  compatible: v.string(),
  pid: count,
  node: v.string(),
  uptimeSec: v.number(),
  configFile: v.string(),
  routerId: v.string(),
  lastEvent: v.pipe(count, v.description("sequence number of the newest event")),
  instances: v.object({ initialize: count, backup: count, active: count, fault: count }),
  bfdSessions: v.object({ total: count, up: count }),
  virtualServers: v.object({ total: count, withQuorum: count }),
  realServers: v.object({ total: count, alive: count }),
  vrrpLoop: nullable(
    v.object({
      ...LOOP_SCHEMA.entries,
      advertLateness: v.object({
        count,
        p99Us: v.pipe(
          nullable(count),
          v.description("99 % of all adverts were at most this late; null: none, or over 10 s"),
        ),
      }),
    }),
  ),
  probes: nullable(
    v.object({
      ...{ started: count, succeeded: count, failed: count, local: count, late: count, inFlight: count },
      latency: v.pipe(
        v.record(v.string(), v.object({ count, sumUs: count })),
        v.description("by kind: how many probes were judged and how long they took together"),
      ),
    }),
  ),
  ipvs: nullable(v.object({ reconciles: count, repairs: count, failures: count, isInSync: v.boolean() })),
  memory: v.object({ heapUsedBytes: count, residentBytes: count }),
});

export const ORDER_SCHEMA = v.object({
  wish: v.picklist(["hold", "priority"]),
  priority: nullable(count),
  owner: v.string(),
  reason: v.string(),
  sinceMs: v.number(),
  expiresMs: nullable(v.number()),
});

export const INSTANCE_SCHEMA = v.object({
  name: v.string(),
  family: v.picklist(["inet", "inet6"]),
  version: v.picklist([2, 3]),
  vrid: count,
  interface: v.string(),
  state: v.picklist(["initialize", "backup", "active", "fault"]),
  stateAgeSec: v.number(),
  basePriority: count,
  effectivePriority: count,
  sourceAddress: nullable(v.string()),
  activeRouter: nullable(v.object({ address: v.string(), priority: count })),
  routers: v.pipe(
    v.array(
      v.object({
        address: v.string(),
        priority: count,
        isActive: v.pipe(v.boolean(), v.description("its adverts keep coming")),
        newsAgeSec: v.pipe(
          nullable(v.number()),
          v.description("since its advert was last news; null: longer ago than the recording goes back"),
        ),
      }),
    ),
    v.description(
      "other directors that were heard, the active one first; a backup sends nothing; priority 0 is a good-bye",
    ),
  ),
  faultReasons: v.array(v.string()),
  order: v.pipe(nullable(ORDER_SCHEMA), v.description("what an operator wants of it")),
  virtualAddresses: v.array(v.string()),
  becameActive: count,
  releasedActive: count,
  advertsSent: count,
  advertsReceived: count,
  advertsDropped: v.pipe(v.record(v.string(), count), v.description("by reason; reasons without drops are left out")),
});

export const BFD_SESSION_SCHEMA = v.object({
  name: v.string(),
  neighborAddress: nullable(v.string()),
  sourceAddress: nullable(v.string()),
  state: v.picklist(["admin-down", "down", "init", "up"]),
  stateAgeSec: v.number(),
  isUp: v.pipe(v.boolean(), v.description("as VRRP and checkers were told")),
  localDiag: v.pipe(count, v.description("RFC 5880 §4.1")),
  remoteState: v.picklist(["admin-down", "down", "init", "up"]),
  remoteDiag: count,
  detectionUs: v.pipe(count, v.description("Detection Time; 0 before the first packet")),
  packetsSent: count,
  packetsReceived: count,
  packetsDropped: v.pipe(v.record(v.string(), count), v.description("by reason; reasons without drops are left out")),
});

export const CHECK_SCHEMA = v.object({
  kind: v.string(),
  verdict: v.picklist(["pending", "up", "down"]),
  failures: v.pipe(count, v.description("in a row, that have not decided anything yet")),
  last: v.pipe(
    nullable(v.object({ reason: v.string(), latencyUs: count, ageSec: v.number() })),
    v.description("the last result that was news"),
  ),
});

export const REAL_SERVER_SCHEMA = v.object({
  virtualServer: v.string(),
  name: v.string(),
  address: v.string(),
  port: count,
  weight: count,
  isAlive: v.boolean(),
  override: v.pipe(
    nullable(v.object({ action: v.string(), owner: v.string(), reason: v.string(), expiresMs: nullable(v.number()) })),
    v.description("what an operator said about it"),
  ),
  checks: v.array(CHECK_SCHEMA),
});

export const VIRTUAL_SERVER_SCHEMA = v.object({
  name: v.string(),
  scheduler: v.string(),
  hasQuorum: v.boolean(),
  isSorryServerActive: v.boolean(),
  realServers: count,
  aliveRealServers: count,
});

export const DIAGNOSTIC_SCHEMA = v.object({
  severity: v.string(),
  code: v.string(),
  message: v.string(),
  file: nullable(v.string()),
  line: nullable(count),
  column: nullable(count),
});

export const EVENT_SCHEMA = v.object({
  sequence: count,
  timeMs: v.number(),
  level: v.string(),
  subsystem: v.string(),
  message: v.pipe(v.string(), v.description("a constant, for programs")),
  fields: v.record(v.string(), v.unknown()),
  text: v.pipe(v.string(), v.description("for people")),
});

export const WHY_SCHEMA = v.object({
  instance: v.string(),
  state: v.string(),
  changes: v.pipe(
    v.array(
      v.object({
        timeMs: v.number(),
        from: v.string(),
        to: v.string(),
        cause: v.string(),
        evidence: v.array(v.string()),
      }),
    ),
    v.description("newest first"),
  ),
});

export const RELOAD_SCHEMA = v.object({ isComplete: v.boolean(), messages: v.array(v.string()) });

export const RELOAD_PLAN_SCHEMA = v.object({
  wouldBeRefused: v.boolean(),
  changes: v.pipe(v.array(v.string()), v.description("in plain words")),
  complaints: v.array(v.string()),
});

export const ERROR_SCHEMA = v.object({ error: v.string() });

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const duration = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31_536_000)));

const OVERRIDE_COMMON = {
  realServer: v.pipe(name, v.description("its name as the list shows it, its address, or ADDRESS:PORT")),
  virtualServer: v.pipe(v.optional(name), v.description("if not given, all that have the real server")),
  owner: v.pipe(v.optional(name, "unknown"), v.description("who wants it")),
  reason: v.pipe(v.optional(v.pipe(v.string(), v.maxLength(1024)), ""), v.description("why")),
  expiresSec: v.pipe(duration, v.description("it is taken back by itself after this")),
};

export const OVERRIDE_REQUEST_SCHEMA = v.variant("action", [
  v.strictObject({
    ...OVERRIDE_COMMON,
    action: v.literal("drain"),
    deadlineSec: v.pipe(duration, v.description("out of the pool after this, whatever connections are left")),
  }),
  v.strictObject({ ...OVERRIDE_COMMON, action: v.literal("disable") }),
  v.strictObject({ ...OVERRIDE_COMMON, action: v.literal("enable") }),
  v.strictObject({
    ...OVERRIDE_COMMON,
    action: v.literal("weight"),
    weight: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  }),
]);

export const OVERRIDE_SCHEMA = v.object({
  virtualServer: v.string(),
  realServer: v.string(),
  action: v.picklist(["drain", "disable", "weight"]),
  weight: nullable(count),
  isDrained: v.boolean(),
  owner: v.string(),
  reason: v.string(),
  sinceMs: v.number(),
  expiresMs: nullable(v.number()),
  deadlineMs: nullable(v.number()),
});

export const OVERRIDE_RESULT_SCHEMA = v.object({
  changed: v.pipe(count, v.description("servers")),
  isSaved: v.pipe(v.boolean(), v.description("false: in force, but a restart will not know of it")),
});

const VRRP_COMMON = { instance: name, owner: OVERRIDE_COMMON.owner, reason: OVERRIDE_COMMON.reason };

export const VRRP_REQUEST_SCHEMA = v.variant("action", [
  v.strictObject({ ...VRRP_COMMON, action: v.literal("force-backup"), expiresSec: duration }),
  v.strictObject({
    ...VRRP_COMMON,
    action: v.literal("priority"),
    priority: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(254)),
    expiresSec: duration,
  }),
  v.strictObject({ ...VRRP_COMMON, action: v.literal("release") }),
]);

export const VRRP_RESULT_SCHEMA = v.object({ changed: v.boolean(), isSaved: OVERRIDE_RESULT_SCHEMA.entries.isSaved });

/** A part of a longer list. */
function page<const Item extends v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>>(item: Item) {
  return v.object({ total: count, offset: count, items: v.array(item) });
}

export const REAL_SERVERS_SCHEMA = page(REAL_SERVER_SCHEMA);

export type Status = v.InferOutput<typeof STATUS_SCHEMA>;
export type Instance = v.InferOutput<typeof INSTANCE_SCHEMA>;
export type BfdSessionView = v.InferOutput<typeof BFD_SESSION_SCHEMA>;
export type VirtualServerView = v.InferOutput<typeof VIRTUAL_SERVER_SCHEMA>;
export type RealServerView = v.InferOutput<typeof REAL_SERVER_SCHEMA>;
export type RealServersPage = v.InferOutput<typeof REAL_SERVERS_SCHEMA>;
export type DiagnosticView = v.InferOutput<typeof DIAGNOSTIC_SCHEMA>;
export type EventView = v.InferOutput<typeof EVENT_SCHEMA>;
export type OverrideRequest = v.InferOutput<typeof OVERRIDE_REQUEST_SCHEMA>;
export type OverrideView = v.InferOutput<typeof OVERRIDE_SCHEMA>;
export type OverrideResult = v.InferOutput<typeof OVERRIDE_RESULT_SCHEMA>;
export type Why = v.InferOutput<typeof WHY_SCHEMA>;
export type ReloadOutcome = v.InferOutput<typeof RELOAD_SCHEMA>;
export type ReloadPlan = v.InferOutput<typeof RELOAD_PLAN_SCHEMA>;
export type VrrpResult = v.InferOutput<typeof VRRP_RESULT_SCHEMA>;
