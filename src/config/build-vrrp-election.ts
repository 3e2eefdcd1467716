import type { AnnouncePolicy, VrrpInstance } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import { complain, type InstanceDraft } from "./instance-draft.ts";
import { atMostAYear } from "./values.ts";

const SECOND_US = 1_000_000;
const CENTISECOND_US = 10_000;
export const OWNER_PRIORITY = 255;
const DEFAULT_PRIORITY = 100;

type Election = Pick<VrrpInstance, "priority" | "wantsActive" | "preemptMode" | "preemptDelayUs">;

export function readElection(draft: InstanceDraft): Election {
  const { settings } = draft;
  const state = readState(draft);
  const hasPriority = settings.all("priority").length > 0;
  const priority =
    settings.number("priority") ?? (state === "MASTER" && !hasPriority ? OWNER_PRIORITY : DEFAULT_PRIORITY);
  return { priority, ...readPreemption(draft, wantsActive(draft, state, priority), priority) };
}

function wantsActive(draft: InstanceDraft, state: "MASTER" | "BACKUP" | null, priority: number): boolean {
  const isOwner = priority === OWNER_PRIORITY;
  if (draft.isStrict && state !== null && (state === "MASTER") !== isOwner) {
    complain(
      draft,
      "vrrp-adjusted",
      "strict mode: state is MASTER for priority 255 and BACKUP for all others",
      "state",
    );
    return isOwner;
  }
  // keepalived: an owner that says BACKUP waits like any other router.
  return state === null ? isOwner : state === "MASTER";
}

type Preemption = Pick<Election, "wantsActive" | "preemptMode" | "preemptDelayUs">;

function readPreemption(draft: InstanceDraft, isActive: boolean, priority: number): Preemption {
  const { settings } = draft;
  const words = settings.entries.filter(({ keyword }) => keyword.name === "preempt" || keyword.name === "nopreempt");
  let preemptMode = words.at(-1)?.keyword.name !== "nopreempt";
  let preemptDelayUs = settings.number("preempt_delay") ?? 0;
  if (!preemptMode && (isActive || priority === OWNER_PRIORITY)) {
    complain(
      draft,
      "vrrp-adjusted",
      "nopreempt cannot go with state MASTER or priority 255, it is left out",
      "nopreempt",
    );
    preemptMode = true;
  }
  if (preemptDelayUs > 0 && draft.isStrict) {
    complain(draft, "vrrp-adjusted", "strict mode has no preempt_delay, it is left out", "preempt_delay");
    preemptDelayUs = 0;
  }
  if (preemptDelayUs > 0 && (isActive || !preemptMode)) {
    const message = "preempt_delay cannot go with state MASTER, priority 255 or nopreempt, it is left out";
    complain(draft, "vrrp-adjusted", message, "preempt_delay");
    preemptDelayUs = 0;
  }
  return { wantsActive: isActive, preemptMode, preemptDelayUs };
}

function readState(draft: InstanceDraft): "MASTER" | "BACKUP" | null {
  let state: "MASTER" | "BACKUP" | null = null;
  for (const { statement } of draft.settings.all("state")) {
    const word = statement.words[1];
    if (word === "MASTER") state = word;
    else if (word === "BACKUP" && state !== "MASTER") state = word;
    else complain(draft, "bad-value", `state is MASTER or BACKUP, once, not "${word ?? ""}"`, "state");
  }
  return state;
}

/** Rounds to what the wire can carry: whole seconds in version 2, hundredths in version 3. */
export function readInterval(draft: InstanceDraft, version: 2 | 3): number {
  const given = draft.settings.number("advert_int") ?? SECOND_US;
  const unit = version === 2 ? SECOND_US : CENTISECOND_US;
  const most = version === 2 ? 255 * SECOND_US : 4095 * CENTISECOND_US;
  const intervalUs = Math.min(most, Math.max(unit, Math.round(given / unit) * unit));
  if (intervalUs !== given) {
    const message = `advert_int is ${intervalUs / SECOND_US} s: VRRP version ${version} cannot send it as written`;
    complain(draft, "vrrp-adjusted", message, "advert_int");
  }
  return intervalUs;
}

/** The vrrp loop announces no more often in a row. */
const MOST_ANNOUNCEMENTS = 65_536;

export function readAnnouncePolicy(draft: InstanceDraft): AnnouncePolicy {
  const { settings, isStrict } = draft;
  const defaults = draft.globals.vrrp;
  const seconds = (name: string): number | null => {
    const value = settings.number(name);
    return value === null ? null : value * SECOND_US;
  };
  const count = (name: string, fallback: number): number =>
    Math.min(MOST_ANNOUNCEMENTS, settings.number(name) ?? fallback);
  return {
    repeat: Math.max(1, count("garp_master_repeat", defaults.garpRepeat)),
    delayUs: seconds("garp_master_delay") ?? defaults.garpDelayUs,
    refreshUs: atMostAYear(seconds("garp_master_refresh") ?? defaults.garpRefreshUs),
    refreshRepeat: Math.max(1, count("garp_master_refresh_repeat", defaults.garpRefreshRepeat)),
    lowerPriorityRepeat: isStrict ? 0 : count("garp_lower_prio_repeat", defaults.garpLowerPriorityRepeat),
    lowerPriorityDelayUs: isStrict ? 0 : (seconds("garp_lower_prio_delay") ?? defaults.garpLowerPriorityDelayUs),
    garpIntervalUs: defaults.garpIntervalUs,
    gnaIntervalUs: defaults.gnaIntervalUs,
  };
}

type Accepting = Pick<ConfiguredVrrpInstance, "acceptMode" | "ownerIgnoresAdverts" | "timerExpiredBackupPriority">;

export function readAccepting(draft: InstanceDraft, version: 2 | 3, election: Election): Accepting {
  const { settings } = draft;
  const words = settings.entries.filter(({ keyword }) => keyword.name === "accept" || keyword.name === "no_accept");
  const last = words.at(-1)?.keyword.name;
  const isOwner = election.priority === OWNER_PRIORITY;
  let acceptMode = last === undefined ? !draft.isStrict || isOwner : last === "accept";
  if (draft.isStrict && version === 2 && last === "accept" && !isOwner) {
    complain(draft, "vrrp-adjusted", "strict mode of version 2 cannot accept, it is left out", "accept");
    acceptMode = false;
  }
  const ignores = settings.boolean("owner_ignore_adverts");
  return {
    acceptMode,
    ownerIgnoresAdverts: isOwner && (ignores !== null || draft.isStrict || draft.globals.vrrp.ownerIgnoresAdverts),
    timerExpiredBackupPriority: readStall(draft, election),
  };
}

function readStall(draft: InstanceDraft, { preemptMode }: Election): number | null {
  const { settings } = draft;
  const name = settings.has("timer_expired_backup") ? "timer_expired_backup" : "thread_timer_expired";
  if (settings.has("thread_timer_expired")) {
    complain(draft, "deprecated", "the word for this is timer_expired_backup", "thread_timer_expired");
  }
  if (!settings.has(name)) return null;
  if (!preemptMode) return settings.number(name) ?? OWNER_PRIORITY - 1;
  complain(draft, "vrrp-adjusted", `${name} needs nopreempt, it is left out`, name);
  return null;
}
