import type { SpokenRecord } from "./log.ts";
import type { ServiceWatchdog } from "./service-manager.ts";

/** A loop turns at least once a second; one that has not for this long is not well. */
const STANDING_US = 2_500_000;
/** A loop that has stood for this long is not waited for any longer: addresses without adverts are what must not be. */
const HUNG_US = 10_000_000;
const LONGEST_PAUSE_US = 2_000_000;

/** Turns of the native loops so far, by name. */
export type Heartbeats = ReadonlyMap<string, number>;

interface SeenLoop {
  readonly heartbeats: number;
  /** When this number was seen first. */
  readonly sinceUs: number;
}

/** What was seen at the last look. */
export interface WatchState {
  readonly atUs: number;
  readonly loops: ReadonlyMap<string, SeenLoop>;
}

/** `standing`: say nothing and wait. `hung`: give up. */
export type Verdict = "alive" | "standing" | "hung";

export interface Look {
  readonly state: WatchState;
  readonly verdict: Verdict;
  /** Loops that stand. */
  readonly standing: readonly string[];
}

export const NOTHING_SEEN: WatchState = { atUs: 0, loops: new Map() };

/**
 * Judges the loops by their heartbeats. A look that comes late tells that the machine or this thread was held up, so that
 * nothing is known of the loops yet: their time counts from that look on.
 * @param latestUs a look after this is late
 */
export function lookAtLoops(
  before: WatchState,
  {
    nowUs,
    heartbeats,
    latestUs,
  }: { readonly nowUs: number; readonly heartbeats: Heartbeats; readonly latestUs: number },
): Look {
  const isLate = nowUs > latestUs;
  const loops = new Map<string, SeenLoop>();
  for (const [name, count] of heartbeats) {
    const seen = before.loops.get(name);
    const stands = !isLate && seen?.heartbeats === count;
    loops.set(name, { heartbeats: count, sinceUs: stands ? seen.sinceUs : nowUs });
  }
  const standing = [...loops].filter(([, { sinceUs }]) => nowUs - sinceUs >= STANDING_US).map(([name]) => name);
  const isHung = [...loops.values()].some(({ sinceUs }) => nowUs - sinceUs >= HUNG_US);
  const verdict = isHung ? "hung" : standing.length > 0 ? "standing" : "alive";
  return { state: { atUs: nowUs, loops }, verdict, standing };
}

export interface WatchdogDependencies {
  readonly watchdog: ServiceWatchdog;
  readonly heartbeats: () => Heartbeats;
  readonly nowUs: () => number;
  /** @returns what ends it */
  readonly every: (delayUs: number, callback: () => void) => () => void;
  readonly log: (record: SpokenRecord) => void;
}

/**
 * Tells the service manager that the daemon is alive, as long as this thread and all native loops turn.
 * @returns what ends it; nothing is done when the service manager does not watch
 */
export function startWatchdog(dependencies: WatchdogDependencies): () => void {
  const { watchdog, heartbeats, nowUs, every, log } = dependencies;
  if (watchdog.timeoutUs === null) return () => undefined;
  const pauseUs = Math.min(Math.floor(watchdog.timeoutUs / 4), LONGEST_PAUSE_US);
  let state: WatchState = { ...NOTHING_SEEN, atUs: nowUs() };
  let isHung = false;
  watchdog.alive();
  return every(pauseUs, () => {
    const look = lookAtLoops(state, { nowUs: nowUs(), heartbeats: heartbeats(), latestUs: state.atUs + 2 * pauseUs });
    state = look.state;
    if (look.verdict === "alive") watchdog.alive();
    if (look.verdict !== "hung" || isHung) return;
    isHung = true;
    const loops = look.standing.join(", ");
    const text = `Native loop stands still: ${loops}; asking the service manager for a restart`;
    log({ level: "error", message: "native loop stands still", fields: { loops }, text });
    watchdog.hung();
  });
}
