import * as v from "valibot";
import { METRICS_TYPE } from "./metrics.ts";
import {
  BFD_SESSION_SCHEMA,
  DIAGNOSTIC_SCHEMA,
  EVENT_SCHEMA,
  INSTANCE_SCHEMA,
  OVERRIDE_REQUEST_SCHEMA,
  OVERRIDE_RESULT_SCHEMA,
  OVERRIDE_SCHEMA,
  REAL_SERVERS_SCHEMA,
  RELOAD_PLAN_SCHEMA,
  RELOAD_SCHEMA,
  STATUS_SCHEMA,
  VIRTUAL_SERVER_SCHEMA,
  VRRP_REQUEST_SCHEMA,
  VRRP_RESULT_SCHEMA,
  WHY_SCHEMA,
} from "./schema.ts";

type Schema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;

export interface Route {
  readonly summary: string;
  /** Name and meaning of each parameter of the query. */
  readonly query: Readonly<Record<string, string>>;
  readonly body: Schema | null;
  readonly result: Schema;
  /** JSON if not given. */
  readonly contentType?: string;
}

const ANYTHING = v.record(v.string(), v.unknown());

function get(summary: string, result: Schema, query: Route["query"] = {}): Route {
  return { summary, query, body: null, result };
}

/** All that the control socket answers, by method and path. */
export const ROUTES = {
  "GET /metrics": { ...get("OpenMetrics, for Prometheus", v.string()), contentType: METRICS_TYPE },
  "GET /v1/openapi.json": get("this document", ANYTHING),
  "GET /v1/status": get("the daemon at a glance", STATUS_SCHEMA),
  "GET /v1/instances": get("every VRRP instance", v.array(INSTANCE_SCHEMA)),
  "GET /v1/bfd-sessions": get("every BFD session", v.array(BFD_SESSION_SCHEMA)),
  "GET /v1/virtual-servers": get(
    "every virtual server, with how many of its real servers are alive",
    v.array(VIRTUAL_SERVER_SCHEMA),
  ),
  "GET /v1/real-servers": get("real servers with their checks, a page at a time", REAL_SERVERS_SCHEMA, {
    virtualServer: "name of the virtual server, as the list of them shows it",
    state: "up or down",
    offset: "how many to skip",
    limit: "how many to show, 0 to 10000; 1000 if not given",
  }),
  "GET /v1/overrides": get("what operators said about real servers", v.array(OVERRIDE_SCHEMA)),
  "POST /v1/overrides": {
    summary: "drain, disable, enable or weigh real servers, until it expires or is taken back by enable",
    query: {},
    body: OVERRIDE_REQUEST_SCHEMA,
    result: OVERRIDE_RESULT_SCHEMA,
  },
  "POST /v1/vrrp": {
    summary: "hold an instance back, give it another priority, or release it",
    query: {},
    body: VRRP_REQUEST_SCHEMA,
    result: VRRP_RESULT_SCHEMA,
  },
  "POST /v1/reload": { summary: "load the configuration anew", query: {}, body: null, result: RELOAD_SCHEMA },
  "GET /v1/reload/plan": get("what a reload would change", RELOAD_PLAN_SCHEMA),
  "GET /v1/why": get("why instances changed their state", v.array(WHY_SCHEMA), { instance: "only this one" }),
  "GET /v1/recording": get("the last steps of an instance, which replay through its state machine", v.array(ANYTHING), {
    instance: "its name",
  }),
  "GET /v1/diagnostics": get("complaints about the configuration in force", v.array(DIAGNOSTIC_SCHEMA)),
  "GET /v1/config": get("every effective value with where it came from", v.array(ANYTHING)),
  "GET /v1/events": get(
    "what happened: server-sent events, or with follow=0 a list of those that are still known",
    v.object({ missed: v.number(), events: v.array(EVENT_SCHEMA) }),
    { since: "the last sequence number that is known already", follow: "0: no stream" },
  ),
} as const satisfies Readonly<Record<string, Route>>;
