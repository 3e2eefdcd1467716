/** What an operator has said about real servers of the running daemon, whatever configuration and checks say. */

export type OverrideAction =
  /** No new connections; out of the pool as soon as none is left, at the latest at the deadline. */
  | { readonly kind: "drain"; readonly deadlineMs: number | null; readonly isDone: boolean }
  /** Out of the pool, like a server that fails its checks. */
  | { readonly kind: "disable" }
  /** 0..65535 */
  | { readonly kind: "weight"; readonly weight: number };

/** Times are wall clock, milliseconds since 1970: they outlive the daemon. */
export interface Override {
  /** As the status names them. */
  readonly virtualServer: string;
  readonly realServer: string;
  readonly action: OverrideAction;
  readonly owner: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Null: until it is taken back. */
  readonly expiresMs: number | null;
}

/** What a pool makes of an override. */
export type ServerForce = { readonly kind: "weight"; readonly weight: number } | { readonly kind: "out" };

/** By `overrideKey`. */
export type Overrides = ReadonlyMap<string, Override>;

/** An override went, or moved on, by itself. */
export interface OverrideNews {
  readonly kind: "expired" | "drained" | "deadline";
  readonly override: Override;
}

export interface OverrideStep {
  readonly overrides: Overrides;
  readonly news: readonly OverrideNews[];
}

export function overrideKey({ virtualServer, realServer }: Pick<Override, "virtualServer" | "realServer">): string {
  return `${virtualServer} ${realServer}`;
}

export function forceOf({ action }: Override): ServerForce {
  switch (action.kind) {
    case "drain":
      return action.isDone ? { kind: "out" } : { kind: "weight", weight: 0 };
    case "disable":
      return { kind: "out" };
    case "weight":
      return { kind: "weight", weight: action.weight };
  }
}

export function isDraining({ action }: Override): boolean {
  return action.kind === "drain" && !action.isDone;
}

/**
 * Time has passed.
 * @param connectionsOf connections of a server in the kernel's table; null while that is not known
 */
export function stepOverrides(
  overrides: Overrides,
  nowMs: number,
  connectionsOf: (key: string) => number | null,
): OverrideStep {
  const next = new Map<string, Override>();
  const news: OverrideNews[] = [];
  for (const [key, override] of overrides) {
    if (override.expiresMs !== null && override.expiresMs <= nowMs) {
      news.push({ kind: "expired", override });
      continue;
    }
    const end = drainEnd(override, nowMs, connectionsOf(key));
    if (end === null) next.set(key, override);
    else {
      const drained: Override = { ...override, action: { kind: "drain", deadlineMs: null, isDone: true } };
      next.set(key, drained);
      news.push({ kind: end, override: drained });
    }
  }
  return { overrides: next, news };
}

function drainEnd({ action }: Override, nowMs: number, connections: number | null): "drained" | "deadline" | null {
  if (action.kind !== "drain" || action.isDone) return null;
  if (connections === 0) return "drained";
  return action.deadlineMs !== null && action.deadlineMs <= nowMs ? "deadline" : null;
}

/** When something happens by itself next; null for never. */
export function nextDeadlineMs(overrides: Overrides): number | null {
  let next: number | null = null;
  for (const { expiresMs } of overrides.values()) {
    if (expiresMs !== null) next = Math.min(next ?? expiresMs, expiresMs);
  }
  return next;
}
