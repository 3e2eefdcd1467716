import type { IpAddress, Microseconds } from "../model/units.ts";
import type { NoteEffect, VrrpEffect } from "../vrrp/types.ts";
import { allVirtualAddresses, extraAddresses } from "./vrrp-network.ts";
import { NoteLimit } from "./vrrp-note-limit.ts";
import type { RunningRouter } from "./vrrp-orders.ts";
import type { VrrpRuntimeDependencies } from "./vrrp-types.ts";
import {
  announcementRecords,
  renderNote,
  renderSequenceSync,
  renderSource,
  renderSourceAnnounced,
  renderWithheld,
  spoken,
} from "./vrrp-wording.ts";

/** Speaks for one instance: log lines, and what notify scripts and FIFOs want to know besides the states. */
export class InstanceSpeaker {
  readonly #dependencies: VrrpRuntimeDependencies;
  readonly #config: () => RunningRouter;
  readonly #limit = new NoteLimit();
  /** Undefined before the first look. */
  #lastSource: IpAddress | null | undefined = undefined;
  /** It had to wait for what it tracks. */
  isLate = false;
  /** The last line was one too many. */
  #isWithheld = false;

  /** @param config of the moment; a reload may replace it */
  constructor(dependencies: VrrpRuntimeDependencies, config: () => RunningRouter) {
    this.#dependencies = dependencies;
    this.#config = config;
  }

  /** Effects that are words. @param isActive as told to the outside */
  speak(effect: VrrpEffect, isActive: boolean, atUs: Microseconds): void {
    const { isDetailed, log } = this.#dependencies;
    if (effect.kind === "note") {
      this.#observe(effect, isActive);
      if (effect.level !== "detail" || isDetailed) this.#say(effect, atUs);
    }
    if (!isDetailed) return;
    // What comes of an advert that has no line has none either.
    if (effect.kind === "announce" && !this.#isWithheld)
      announcementRecords(this.#config(), effect.rule.repeat).forEach(log);
    if (effect.kind === "announce-source" && this.#lastSource)
      renderSourceAnnounced(this.#config(), this.#lastSource).forEach(log);
  }

  /** A later burst of announcements has begun; 0 rounds: one of the extra addresses. */
  announced(rounds: number): void {
    const { isDetailed, log } = this.#dependencies;
    if (!isDetailed) return;
    const config = this.#config();
    const addresses = rounds === 0 ? extraAddresses(config) : allVirtualAddresses(config);
    announcementRecords(config, Math.max(1, rounds), addresses).forEach(log);
  }

  /** The source address that the network gives; a change of it is told. */
  source(source: IpAddress | null): void {
    const before = this.#lastSource;
    this.#lastSource = source;
    if (source === before || before === undefined) return;
    this.#dependencies.log(renderSource(this.#config(), source, before));
  }

  notReplaced(error: unknown): void {
    const fields = { instance: this.#config().name, reason: String(error) };
    this.#dependencies.log(spoken("error", "addresses not withdrawn for their new form", fields));
  }

  #observe({ message, fields }: NoteEffect, isActive: boolean): void {
    const { onPriorityChange, onLowerPriorityHeard } = this.#dependencies;
    const instance = this.#config().name;
    if (message === "effective priority changed") {
      onPriorityChange?.({ instance, isActive, priority: Number(fields["to"]) });
    }
    if (message === "lower priority while active") {
      onLowerPriorityHeard?.({ instance, isActive: true, priority: Number(fields["ownPriority"]) });
    }
  }

  /** keepalived: an instance that had to wait for its scripts enters its first state like any later one. */
  #say(spoken: NoteEffect, atUs: Microseconds): void {
    const { log } = this.#dependencies;
    if (this.isLate && spoken.message === "startup fault") return;
    const isInitial = spoken.fields["isInitial"] === true && !this.isLate;
    const effect = spoken.message === "state change" ? { ...spoken, fields: { ...spoken.fields, isInitial } } : spoken;
    const withheld = this.#limit.admit(effect.message, atUs);
    this.#isWithheld = withheld === null;
    if (withheld === null) return;
    const { name, version, authentication } = this.#config();
    if (withheld > 0) log(renderWithheld(name, withheld));
    log(renderNote(name, effect));
    const isAh = version === 2 && authentication.kind === "ah";
    if (isAh && effect.message === "lower priority while active") log(renderSequenceSync(name));
  }
}
