import { readFileSync } from "node:fs";
import type { VrrpInstance } from "../../src/model/vrrp.ts";
import { renderNote } from "../../src/runtime/vrrp-wording.ts";
import type { ControlEffect, ControlTimer } from "../../src/vrrp/types.ts";
import { loadText } from "./load-text.ts";
import { ReferenceRouter } from "./reference-router.ts";

/** First line of a recording. @see test/lab/record-exchanges.ts */
export interface RecordingHeader {
  readonly recording: string;
  readonly about: string;
  readonly daemon: string;
  /** The recorded router sends from it. */
  readonly address: string;
  readonly config: string;
}

/** One thing that happened; one of the four. Times count from keepalived's first state. */
export interface RecordingEntry {
  readonly atUs: number;
  /** Priority of an advert of its own. */
  readonly sent?: number;
  /** Priority of one that it heard. */
  readonly received?: number;
  readonly from?: string;
  readonly intervalUs?: number;
  readonly log?: string;
  readonly did?: "stop";
}

export interface Recording {
  readonly header: RecordingHeader;
  readonly entries: readonly RecordingEntry[];
}

export interface SentAdvert {
  readonly atUs: number;
  readonly priority: number;
}

/** What came of an exchange. */
export interface Outcome {
  readonly adverts: readonly SentAdvert[];
  readonly lines: readonly string[];
}

export function readRecording(path: string): Recording {
  const [header = "", ...entries] = readFileSync(path, "utf8").trim().split("\n");
  return { header: JSON.parse(header), entries: entries.map((line): RecordingEntry => JSON.parse(line)) };
}

type DelayEvent = `${ControlTimer | "startup-delay"}-expired`;

/** The machine with the timers and the wording of the control loop. */
class ReplayedRouter extends ReferenceRouter {
  readonly lines: string[] = [];
  /** Those of the control loop, by the event that they end in. */
  readonly #timers = new Map<DelayEvent, number>();
  readonly #name: string;

  constructor(router: VrrpInstance, header: RecordingHeader, startupDelayUs: number) {
    super(router, header.address);
    this.#name = router.name;
    if (startupDelayUs > 0) this.#timers.set("startup-delay-expired", startupDelayUs);
    this.feed({ kind: "startup", isDelayed: startupDelayUs > 0 });
  }

  override advanceTo(atUs: number): void {
    for (;;) {
      const [next] = [...this.#timers].sort(([, left], [, right]) => left - right);
      if (next === undefined || next[1] > atUs) break;
      const [kind, nextUs] = next;
      super.advanceTo(nextUs);
      this.#timers.delete(kind);
      this.feed({ kind });
    }
    super.advanceTo(atUs);
  }

  protected override control(effect: ControlEffect): void {
    if (effect.kind === "note") this.lines.push(renderNote(this.#name, effect).text);
    if (effect.kind === "start-timer") this.#timers.set(`${effect.timer}-expired`, this.nowUs + effect.delayUs);
    if (effect.kind === "stop-timer") this.#timers.delete(`${effect.timer}-expired`);
  }
}

/** A weight that has changed, as keepalived tells it. */
const CHANGED_PRIORITY = /Changing effective priority from \d+ to (\d+)$/;

/** Feeds the machine with what happened to keepalived: adverts, weights, the stop. Its own timers do the rest. */
export function replay({ header, entries }: Recording): Outcome {
  const { vrrpInstances, global } = loadText(header.config);
  const [instance] = vrrpInstances;
  if (instance === undefined) throw new Error(`${header.recording}: no instance`);
  const router = new ReplayedRouter(instance, header, global.startupDelayUs);
  for (const { atUs, received, from = "", intervalUs = 0, log, did } of entries) {
    const changed = CHANGED_PRIORITY.exec(log ?? "")?.[1];
    if (received === undefined && changed === undefined && did === undefined) continue;
    router.advanceTo(atUs);
    if (received !== undefined) router.receive({ priority: received, source: from, intervalUs });
    if (changed !== undefined) router.feed({ kind: "weight", weight: Number(changed) - instance.priority });
    if (did === "stop") {
      router.feed({ kind: "shutdown", isSilent: false });
      break;
    }
  }
  const adverts = router.trace.flatMap(({ atUs, action }) =>
    action.kind === "send-advert" ? [{ atUs, priority: action.priority }] : [],
  );
  return { adverts, lines: router.lines };
}

/** Told by the vrrp loop, not by the machine. */
const NOT_OF_THE_MACHINE = "Sending/queueing gratuitous ARPs";
/** keepalived 2.4 says this, 2.2.7 does not. */
const NEWER = /master (set to|changed from) /;
/** An owner passes through backup; 2.2.7 says so by the timer, 2.4 by the state. */
const OWNER_START = /Entering BACKUP STATE \(init\)|Receive advertisement timeout/;

/** 2.2.7 becomes 254 at once, whatever the addresses; 2.4 does so only when the lower one does not yield. Both end as backup. */
const TWO_OWNERS =
  /both configured as address owner|still advertising as address owner|Master received advert|forcing new election/;

/** The lines that both must have. */
export function comparableLines({ header }: Recording, lines: readonly string[]): readonly string[] {
  const isOwner = /priority 255/.test(header.config);
  return lines.filter(
    (line) =>
      !line.includes(NOT_OF_THE_MACHINE) &&
      !NEWER.test(line) &&
      !(isOwner && (OWNER_START.test(line) || TWO_OWNERS.test(line))),
  );
}

/** An owner with the higher address defends it, as in 2.4, so that its adverts go on for a while. */
export function defendsLonger({ header }: Recording): boolean {
  return header.recording === "two-owners-higher";
}

export function recordedOutcome({ entries }: Recording): Outcome {
  return {
    adverts: entries.flatMap(({ atUs, sent }) => (sent === undefined ? [] : [{ atUs, priority: sent }])),
    lines: entries.flatMap(({ log }) => (log === undefined ? [] : [log])),
  };
}
