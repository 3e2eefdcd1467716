import type { Microseconds } from "../model/units.ts";

/** A server of a pool by position in the configuration. */
export interface GuardPlace {
  readonly pool: number;
  readonly server: number;
}

export interface GuardConfig {
  /** Servers by pool; null for a pool that is not guarded. */
  readonly poolSizes: readonly (number | null)[];
  /** Failures that close together count as one burst; as long as the slowest check takes to notice. */
  readonly windowUs: Microseconds;
}

/** A target that is down for its checks. */
interface Failure {
  readonly atUs: Microseconds;
  readonly places: readonly GuardPlace[];
  /** Its verdict has gone to the pools; else it is held. */
  readonly isPassed: boolean;
}

export type GuardMode =
  /** Until then the network counts as sound without another look. */
  | { readonly kind: "watching"; readonly soundUntilUs: Microseconds }
  /** A burst was seen; whether the own network is to blame is being found out. */
  | { readonly kind: "looking" }
  | { readonly kind: "holding" }
  /** The network is in order again; targets have until then to answer. */
  | { readonly kind: "settling"; readonly untilUs: Microseconds };

/** Servers of one pool that are down, in the order of their failures. */
interface Burst {
  /** By server, when it failed; within the window as of the last look. */
  readonly recent: Map<number, Microseconds>;
  /** Those that failed before. */
  readonly earlier: Set<number>;
  /** By server, how many of its targets are down. */
  readonly failing: Map<number, number>;
}

/** Changed in place: with 30,000 targets a copy for each event would take longer than all the rest. */
export interface GuardState {
  mode: GuardMode;
  /** By target. */
  readonly failures: Map<string, Failure>;
  readonly bursts: Map<number, Burst>;
}

export type GuardEvent =
  | {
      readonly kind: "down";
      readonly target: string;
      readonly places: readonly GuardPlace[];
      readonly atUs: Microseconds;
    }
  | { readonly kind: "up"; readonly target: string }
  /** What a look at the own links, routes and gateways found; null for nothing wrong. */
  | { readonly kind: "network"; readonly problem: string | null; readonly atUs: Microseconds };

export type GuardEffect =
  /** The verdict takes effect now. */
  | { readonly kind: "pass"; readonly target: string }
  /** A verdict of this burst that went through before it was known as one. */
  | { readonly kind: "take-back"; readonly target: string }
  | { readonly kind: "look" }
  | { readonly kind: "hold-began"; readonly problem: string; readonly targets: number; readonly pools: number }
  /** `targets` are still down. */
  | { readonly kind: "hold-ended"; readonly targets: number };

/** A sound network is believed for so long. */
const SOUND_US = 1_000_000;

export function createGuardState(): GuardState {
  return { mode: { kind: "watching", soundUntilUs: 0 }, failures: new Map(), bursts: new Map() };
}

/**
 * Correlated-failure guard: when most servers of several pools fail within one interval and the director's own
 * network looks wrong, the failures say nothing about the servers. Their verdicts are held until the network is in
 * order and the targets had one interval to answer. With a sound network nothing is held longer than a look takes.
 * @returns what to do, in this order
 */
export function stepGuard(config: GuardConfig, state: GuardState, event: GuardEvent): readonly GuardEffect[] {
  switch (event.kind) {
    case "down":
      return onDown(config, state, event);
    case "up":
      forget(state, event.target);
      return [];
    case "network":
      return event.problem === null
        ? onSoundNetwork(config, state, event.atUs)
        : onBadNetwork(config, state, event.problem, event.atUs);
  }
}

export function isHeld({ failures }: GuardState, target: string): boolean {
  return failures.get(target)?.isPassed === false;
}

/** After a reload. @param placesOf where a target is now; null for one that is no more */
export function relocate(state: GuardState, placesOf: (target: string) => readonly GuardPlace[] | null): void {
  const failures = [...state.failures];
  state.failures.clear();
  state.bursts.clear();
  for (const [target, failure] of failures) {
    const places = placesOf(target);
    if (places !== null) note(state, target, { ...failure, places });
  }
}

function onDown(
  config: GuardConfig,
  state: GuardState,
  { target, places, atUs }: Extract<GuardEvent, { kind: "down" }>,
): readonly GuardEffect[] {
  const { mode } = state;
  const isGuarded = places.some(({ pool }) => (config.poolSizes[pool] ?? null) !== null);
  if (!isGuarded) return [{ kind: "pass", target }];
  note(state, target, { atUs, places, isPassed: false });
  if (mode.kind !== "watching") return [];
  if (atUs >= mode.soundUntilUs && isWidespread(config, state, atUs)) {
    state.mode = { kind: "looking" };
    return [{ kind: "look" }];
  }
  state.failures.set(target, { atUs, places, isPassed: true });
  return [{ kind: "pass", target }];
}

function onSoundNetwork(config: GuardConfig, state: GuardState, atUs: Microseconds): readonly GuardEffect[] {
  const { mode } = state;
  switch (mode.kind) {
    case "watching":
      return [];
    case "looking":
      return passAll(state, atUs);
    case "holding":
      state.mode = { kind: "settling", untilUs: atUs + config.windowUs };
      return [];
    case "settling": {
      if (atUs < mode.untilUs) return [];
      const targets = heldTargets(state).length;
      return [{ kind: "hold-ended", targets }, ...passAll(state, atUs)];
    }
  }
}

function onBadNetwork(
  config: GuardConfig,
  state: GuardState,
  problem: string,
  atUs: Microseconds,
): readonly GuardEffect[] {
  const { mode, failures } = state;
  if (mode.kind === "watching") return [];
  state.mode = { kind: "holding" };
  if (mode.kind !== "looking") return [];
  const taken = [...failures].filter(([, failure]) => failure.isPassed && atUs - failure.atUs <= config.windowUs);
  for (const [target, failure] of taken) failures.set(target, { ...failure, isPassed: false });
  const held = heldTargets(state);
  const pools = new Set(held.flatMap((target) => failures.get(target)?.places.map(({ pool }) => pool) ?? []));
  return [
    { kind: "hold-began", problem, targets: held.length, pools: pools.size },
    ...taken.map(([target]): GuardEffect => ({ kind: "take-back", target })),
  ];
}

function passAll(state: GuardState, atUs: Microseconds): readonly GuardEffect[] {
  const held = heldTargets(state);
  for (const target of held) {
    const failure = state.failures.get(target);
    if (failure !== undefined) state.failures.set(target, { ...failure, isPassed: true });
  }
  state.mode = { kind: "watching", soundUntilUs: atUs + SOUND_US };
  return held.map((target) => ({ kind: "pass", target }));
}

function heldTargets({ failures }: GuardState): readonly string[] {
  return [...failures].filter(([, { isPassed }]) => !isPassed).map(([target]) => target);
}

function note(state: GuardState, target: string, failure: Failure): void {
  const isNew = !state.failures.has(target);
  state.failures.set(target, failure);
  for (const { pool, server } of failure.places) {
    const burst = state.bursts.get(pool) ?? { recent: new Map(), earlier: new Set(), failing: new Map() };
    state.bursts.set(pool, burst);
    burst.recent.delete(server);
    burst.recent.set(server, failure.atUs);
    burst.earlier.delete(server);
    if (isNew) burst.failing.set(server, (burst.failing.get(server) ?? 0) + 1);
  }
}

/** A server is up again when none of its targets is down. */
function forget(state: GuardState, target: string): void {
  for (const { pool, server } of state.failures.get(target)?.places ?? []) {
    const burst = state.bursts.get(pool);
    const left = (burst?.failing.get(server) ?? 0) - 1;
    if (left > 0) {
      burst?.failing.set(server, left);
      continue;
    }
    burst?.failing.delete(server);
    burst?.recent.delete(server);
    burst?.earlier.delete(server);
  }
  state.failures.delete(target);
}

/** Most servers of two guarded pools (of the only one, when there is one) that were up before the burst. */
function isWidespread({ poolSizes, windowUs }: GuardConfig, { bursts }: GuardState, nowUs: Microseconds): boolean {
  const guarded = poolSizes.reduce((count: number, size) => count + (size === null ? 0 : 1), 0);
  let affected = 0;
  for (const [pool, burst] of bursts) {
    const size = poolSizes[pool] ?? null;
    if (size === null) continue;
    age(burst, nowUs - windowUs);
    if (burst.recent.size * 2 > size - burst.earlier.size) affected += 1;
    if (affected >= Math.min(2, guarded)) return true;
  }
  return false;
}

/** The oldest come first, so this looks at each failure once. */
function age({ recent, earlier }: Burst, sinceUs: Microseconds): void {
  for (const [server, atUs] of recent) {
    if (atUs >= sinceUs) return;
    recent.delete(server);
    earlier.add(server);
  }
}
