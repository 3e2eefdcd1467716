import * as v from "valibot";
import { type Override, type OverrideAction, overrideKey } from "../checker/override.ts";
import type { LvsSnapshot } from "../runtime/lvs-types.ts";
import { OVERRIDE_REQUEST_SCHEMA, type OverrideRequest } from "./schema.ts";

const SECOND_MS = 1000;

/** Which servers of which virtual servers a request means. */
export interface ServerName {
  readonly virtualServer: string;
  readonly realServer: string;
}

/**
 * @param realServer its name as the status shows it, its address, or ADDRESS:PORT
 * @param virtualServer its name; null for all that have the real server
 */
export function findServers(lvs: LvsSnapshot | null, realServer: string, virtualServer: string | null): ServerName[] {
  return (lvs?.virtualServers ?? [])
    .filter(({ name }) => virtualServer === null || virtualServer === name)
    .flatMap(({ name, realServers }) =>
      realServers
        .filter((one) =>
          [one.name, one.address, `${one.address}:${one.port}`, `[${one.address}]:${one.port}`].includes(realServer),
        )
        .map((one) => ({ virtualServer: name, realServer: one.name })),
    );
}

function actionOf(request: OverrideRequest, nowMs: number): OverrideAction | null {
  switch (request.action) {
    case "enable":
      return null;
    case "disable":
      return { kind: "disable" };
    case "weight":
      return { kind: "weight", weight: request.weight };
    case "drain": {
      const deadlineMs = request.deadlineSec === undefined ? null : nowMs + request.deadlineSec * SECOND_MS;
      return { kind: "drain", deadlineMs, isDone: false };
    }
  }
}

export type OverrideChange =
  | { readonly kind: "bad"; readonly status: 400 | 404; readonly error: string }
  | { readonly kind: "set"; readonly overrides: readonly Override[] }
  | { readonly kind: "clear"; readonly keys: readonly string[] };

/** What a request body asks for. @param known overrides in force, also of servers that are no longer configured */
export function planOverride(
  body: unknown,
  {
    lvs,
    known,
    nowMs,
  }: { readonly lvs: LvsSnapshot | null; readonly known: readonly Override[]; readonly nowMs: number },
): OverrideChange {
  const parsed = v.safeParse(OVERRIDE_REQUEST_SCHEMA, body);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return { kind: "bad", status: 400, error: `${v.getDotPath(issue) ?? "body"}: ${issue.message}` };
  }
  const { output: request } = parsed;
  const { realServer, virtualServer = null, owner, reason, expiresSec } = request;
  const servers = findServers(lvs, realServer, virtualServer);
  const action = actionOf(request, nowMs);
  if (action === null) {
    const keys = new Set(servers.map(overrideKey));
    const orphans = known.filter(
      (one) => one.realServer === realServer && [null, one.virtualServer].includes(virtualServer),
    );
    for (const orphan of orphans) keys.add(overrideKey(orphan));
    if (keys.size > 0) return { kind: "clear", keys: [...keys] };
  }
  if (servers.length === 0 || action === null) {
    const where = virtualServer === null ? "" : ` in ${virtualServer}`;
    return {
      kind: "bad",
      status: 404,
      error: `there is no real server ${realServer}${where}; holdfast rs list shows all`,
    };
  }
  const expiresMs = expiresSec === undefined ? null : nowMs + expiresSec * SECOND_MS;
  const overrides = servers.map((server) => ({ ...server, action, owner, reason, sinceMs: nowMs, expiresMs }));
  return { kind: "set", overrides };
}
