import type { CompleteConfiguration } from "../model/complete.ts";
import type { ProcessPlaces, ProcessSettings } from "../model/global-complete.ts";
import type { SourcePlace } from "../model/units.ts";
import type { LoopThreadControl, SyscallFailure, ThreadSettings } from "../native/contract.ts";
import { errorCode, errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";

export type LoopName = "vrrp" | "probe";
type ProcessPart = keyof ProcessPlaces;

/** A setting of a loop's thread, as it was written. */
interface WrittenWord {
  readonly word: string;
  readonly value: string;
  readonly place: SourcePlace | null;
}

/** What a loop's thread shall be, and which word asked for each part. */
export interface ThreadPlan {
  readonly settings: ThreadSettings;
  readonly words: Readonly<Record<ProcessPart, WrittenWord>>;
}

export interface ThreadPlans {
  readonly vrrp: ThreadPlan;
  readonly probe: ThreadPlan;
  /** Smallest `*_rlimit_rttime` that is written for a real-time thread, or ours where no priority is; in microseconds; null for none. */
  readonly realtimeLimit: { readonly us: number; readonly word: WrittenWord } | null;
}

/** Which of keepalived's processes there would be. */
export interface ThreadUses {
  readonly hasVrrp: boolean;
  readonly hasBfd: boolean;
}

interface Process {
  readonly prefix: string;
  readonly settings: ProcessSettings;
}

/**
 * SCHED_FIFO's lowest, above every ordinary program: at normal priority two busy programs for each core make adverts 50 to
 * 100 ms late (docs/benchmarks.md). The loop sleeps nearly always.
 */
const STANDING_REALTIME_PRIORITY = 1;
/** Of CPU without a sleep: far beyond the longest takeover, and soon enough when a loop runs wild. */
const STANDING_REALTIME_LIMIT_US = 10_000_000;

/**
 * What the words for keepalived's three processes mean for two threads. VRRP and BFD share one: it gets what either asks for, the
 * more urgent of two values, VRRP's CPUs and name. A process that keepalived would not start asks for nothing. The vrrp
 * loop is real-time unless a priority of it is written, or `max_auto_priority -1`.
 */
export function planThreads({ global }: CompleteConfiguration, { hasVrrp, hasBfd }: ThreadUses): ThreadPlans {
  const { vrrp, bfd, checkers } = global.processes;
  const onVrrpLoop: readonly Process[] = [
    ...(hasVrrp || !hasBfd ? [{ prefix: "vrrp", settings: vrrp }] : []),
    ...(hasBfd ? [{ prefix: "bfd", settings: bfd }] : []),
  ];
  const onProbeLoop: readonly Process[] = [{ prefix: "checker", settings: checkers }];
  const standing = global.maxAutoPriority < 0 || onVrrpLoop.some(isPriorityWritten) ? 0 : STANDING_REALTIME_PRIORITY;
  return {
    vrrp: planThread(onVrrpLoop, hasVrrp || !hasBfd ? "holdfast-vrrp" : "holdfast-bfd", standing),
    probe: planThread(onProbeLoop, "holdfast-probe", 0),
    realtimeLimit: realtimeLimit([...onVrrpLoop, ...onProbeLoop]) ?? standingLimit(standing),
  };
}

function isPriorityWritten({ settings: { place } }: Process): boolean {
  return place.niceness !== null || place.realtimePriority !== null;
}

function standingLimit(priority: number): ThreadPlans["realtimeLimit"] {
  if (priority === 0) return null;
  const us = STANDING_REALTIME_LIMIT_US;
  return { us, word: { word: "vrrp_rlimit_rttime", value: String(us), place: null } };
}

function planThread(processes: readonly Process[], defaultName: string, standing: number): ThreadPlan {
  const pick = (part: ProcessPart, isStronger: (one: ProcessSettings, other: ProcessSettings) => boolean): Process =>
    processes.reduce((best, process) => {
      const bestIsWritten = best.settings.place[part] !== null;
      if (process.settings.place[part] === null) return best;
      return !bestIsWritten || isStronger(process.settings, best.settings) ? process : best;
    });
  const nice = pick("niceness", (one, other) => one.niceness < other.niceness);
  const realtime = pick("realtimePriority", (one, other) => one.realtimePriority > other.realtimePriority);
  const locked = pick("isMemoryLocked", () => false);
  const placed = pick("cpus", () => false);
  const limited = pick("realtimeLimitUs", (one, other) => one.realtimeLimitUs < other.realtimeLimitUs);
  const name = processes.map(({ settings }) => settings.name).find((given) => given !== null);
  return {
    settings: {
      name: name ?? defaultName,
      niceness: nice.settings.niceness,
      realtimePriority: realtime.settings.realtimePriority || standing,
      cpus: placed.settings.cpus,
      isMemoryLocked: locked.settings.isMemoryLocked,
    },
    words: {
      niceness: written(nice, "niceness", "priority", nice.settings.niceness),
      realtimePriority: written(realtime, "realtimePriority", "rt_priority", realtime.settings.realtimePriority),
      cpus: written(placed, "cpus", "cpu_affinity", placed.settings.cpus.join(" ")),
      isMemoryLocked: written(locked, "isMemoryLocked", "no_swap", ""),
      realtimeLimitUs: written(limited, "realtimeLimitUs", "rlimit_rttime", limited.settings.realtimeLimitUs),
    },
  };
}

function written(
  { prefix, settings }: Process,
  part: ProcessPart,
  suffix: string,
  value: number | string,
): WrittenWord {
  return { word: `${prefix}_${suffix}`, value: String(value), place: settings.place[part] };
}

function realtimeLimit(processes: readonly Process[]): ThreadPlans["realtimeLimit"] {
  const limited = processes.filter(
    ({ settings: { realtimePriority, place } }) => realtimePriority > 0 && place.realtimeLimitUs !== null,
  );
  const [first] = limited.sort((left, right) => left.settings.realtimeLimitUs - right.settings.realtimeLimitUs);
  if (first === undefined) return null;
  const us = first.settings.realtimeLimitUs;
  return { us, word: written(first, "realtimeLimitUs", "rlimit_rttime", us) };
}

/** Which part of the plan a failed system call was for. */
const PARTS: Readonly<Record<string, ProcessPart>> = {
  setpriority: "niceness",
  sched_setscheduler: "realtimePriority",
  sched_setaffinity: "cpus",
  mlock2: "isMemoryLocked",
};

/** What lets the call succeed. */
const REMEDIES: Readonly<Record<ProcessPart, string>> = {
  niceness: "give the daemon CAP_SYS_NICE",
  realtimePriority: "give the daemon CAP_SYS_NICE",
  cpus: "name CPUs that this machine has and lets the daemon use",
  isMemoryLocked: "give the daemon CAP_IPC_LOCK or a higher LimitMEMLOCK",
  realtimeLimitUs: "give the daemon a higher LimitRTTIME",
};

export interface LoopThreadsDependencies {
  readonly log: (record: SpokenRecord) => void;
  /** `NativeAddon.limitRealtime` */
  readonly limitRealtime: (limitUs: number | null) => void;
  /** Names the main thread. */
  readonly nameProcess: (name: string) => void;
  /** Calls back at this pace until the process ends. */
  readonly every: (delayUs: number, callback: () => void) => void;
}

const LOOK_INTERVAL_US = 1_000_000;
const OWN_NAME = "holdfast";

interface HeldLoop {
  readonly control: LoopThreadControl;
  /** Real-time priority that lateness has brought it to. */
  raised: number;
}

/** Gives the threads of the native loops what the configuration says, at start, at reload and when a loop is opened. */
export class LoopThreads {
  readonly #dependencies: LoopThreadsDependencies;
  readonly #loops = new Map<LoopName, HeldLoop>();
  readonly #told = new Set<string>();
  #plans: ThreadPlans | null = null;
  #auto = { most: 0, delayUs: 0 };
  #isWatching = false;
  /** The limit was passed: no real-time scheduling before the configuration is loaded anew. */
  #isRealtimeOff = false;

  constructor(dependencies: LoopThreadsDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns the loop, whose thread has been arranged */
  hold<Loop extends LoopThreadControl>(name: LoopName, loop: Loop): Loop {
    this.#loops.set(name, { control: loop, raised: 0 });
    this.#arrange(name);
    return loop;
  }

  configure(configuration: CompleteConfiguration, uses: ThreadUses): void {
    const { processName, maxAutoPriority, minAutoPriorityDelayUs } = configuration.global;
    this.#plans = planThreads(configuration, uses);
    this.#auto = { most: Math.max(0, maxAutoPriority), delayUs: minAutoPriorityDelayUs };
    this.#isRealtimeOff = false;
    this.#dependencies.nameProcess(processName ?? OWN_NAME);
    this.#limit(this.#plans.realtimeLimit);
    for (const name of this.#loops.keys()) this.#arrange(name);
    this.#watch();
  }

  /**
   * SIGXCPU: a thread ran for longer than the limit without sleeping. keepalived's process is killed at twice that; this one holds
   * addresses, so it only gives up what could starve the machine.
   */
  limitPassed(): void {
    const limit = this.#plans?.realtimeLimit ?? null;
    if (limit === null || this.#isRealtimeOff) return;
    this.#isRealtimeOff = true;
    for (const name of this.#loops.keys()) this.#arrange(name);
    const place = placeText(limit.word.place);
    this.#say("warning", "realtime limit passed", { word: limit.word.word, limitUs: limit.us, place }, [
      `A real-time thread ran for more than ${limit.us} us without sleeping (${limit.word.word}${place});`,
      "real-time scheduling is off until the next reload: raise the limit",
    ]);
  }

  #limit(limit: ThreadPlans["realtimeLimit"]): void {
    try {
      this.#dependencies.limitRealtime(limit?.us ?? null);
    } catch (error) {
      if (limit !== null) this.#complain(limit.word, "realtimeLimitUs", errorCode(error), errorText(error));
    }
  }

  #arrange(name: LoopName): void {
    const held = this.#loops.get(name);
    const plan = this.#plans?.[name];
    if (held === undefined || plan === undefined) return;
    const raised = Math.min(held.raised, this.#auto.most);
    const realtimePriority = this.#isRealtimeOff ? 0 : Math.max(plan.settings.realtimePriority, raised);
    const failures = this.#ifOpen(name, [], () => held.control.arrange({ ...plan.settings, realtimePriority }));
    for (const failure of failures) this.#failed(name, plan, failure, raised > 0);
  }

  /** A loop that has been closed is let go. */
  #ifOpen<Result>(name: LoopName, otherwise: Result, call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      if (errorCode(error) !== "ERR_CLOSED") throw error;
      this.#loops.delete(name);
      return otherwise;
    }
  }

  #failed(name: LoopName, plan: ThreadPlan, { syscall, code, message }: SyscallFailure, isRaised: boolean): void {
    const part = PARTS[syscall];
    if (part === undefined) return;
    const word = plan.words[part];
    if (word.place !== null) this.#complain(word, part, code, `${syscall}: ${message}`);
    // What nobody asked for is not missed.
    else if (part === "realtimePriority" && isRaised) {
      this.#complain({ word: "max_auto_priority", value: name, place: null }, part, code, `${syscall}: ${message}`);
    }
  }

  #complain({ word, value, place }: WrittenWord, part: ProcessPart, code: string, reason: string): void {
    const key = `${word} ${value} ${code}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#say("warning", "thread setting refused", { word, value, code, place: placeText(place) }, [
      `${word}${value === "" ? "" : ` ${value}`}${placeText(place)} has no effect: ${reason};`,
      REMEDIES[part],
    ]);
  }

  #say(
    level: "warning" | "info",
    message: string,
    fields: SpokenRecord["fields"],
    sentence: readonly [string, string],
  ): void {
    this.#dependencies.log({ level, message, fields, text: sentence.join(" ") });
  }

  #watch(): void {
    if (this.#isWatching || this.#auto.most === 0) return;
    this.#isWatching = true;
    this.#dependencies.every(LOOK_INTERVAL_US, () => {
      for (const name of this.#loops.keys()) this.#lookAt(name);
    });
  }

  #lookAt(name: LoopName): void {
    const held = this.#loops.get(name);
    if (held === undefined || this.#isRealtimeOff) return;
    const latenessUs = this.#ifOpen(name, 0, () => held.control.takeLateness());
    const present = Math.max(this.#plans?.[name].settings.realtimePriority ?? 0, held.raised);
    if (latenessUs < this.#auto.delayUs || present >= this.#auto.most) return;
    held.raised = present + 1;
    this.#say("info", "realtime priority raised", { loop: name, latenessUs, priority: held.raised }, [
      `A timer of the ${name} loop was ${latenessUs} us late,`,
      `so its thread gets real-time priority ${held.raised} (max_auto_priority)`,
    ]);
    this.#arrange(name);
  }
}

function placeText(place: SourcePlace | null): string {
  return place === null ? "" : ` (${place.file}:${place.line}:${place.column})`;
}
