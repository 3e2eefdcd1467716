import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { AdvertFacts, VrrpAction } from "../../src/native/contract.ts";
import { classifyAdvert } from "../../src/vrrp/election.ts";
import { step } from "../../src/vrrp/machine.ts";
import {
  activeDownIntervalUs,
  armActiveDown,
  effectivePriority,
  electedRouter,
  intervalOf,
} from "../../src/vrrp/timers.ts";
import {
  type GroupRole,
  INITIAL_STATE,
  interfaceDown,
  isControlEffect,
  type RouterEvent,
  type VrrpEffect,
  type VrrpState,
} from "../../src/vrrp/types.ts";
import { OWN_ADDRESS } from "./vrrp-arbitraries.ts";

export type GroupedRouter = VrrpInstance & { readonly group?: GroupRole };

interface Member {
  readonly instance: number;
  readonly router: GroupedRouter;
  state: VrrpState;
  adverAtUs: number | null;
  activeDownAtUs: number | null;
  lastIntervalUs: number | null;
  wishesActive: boolean;
}

/**
 * A sync group by its rules alone, with no loop, program or report: active only together, backup and
 * fault together. Members are numbered from 1.
 */
export class ReferenceGroup {
  nowUs = 0;
  readonly trace: { readonly atUs: number; readonly instance: number; readonly action: VrrpAction }[] = [];
  readonly #members: readonly Member[];

  constructor(routers: readonly GroupedRouter[]) {
    this.#members = routers.map((router, index) => ({
      instance: index + 1,
      router,
      state: INITIAL_STATE,
      adverAtUs: null,
      activeDownAtUs: null,
      lastIntervalUs: null,
      wishesActive: false,
    }));
  }

  start(): void {
    for (const member of this.#members) this.#step(member, { kind: "startup", isDelayed: false });
  }

  states(): readonly VrrpState[] {
    return this.#members.map(({ state }) => state);
  }

  receive(instance: number, advert: AdvertFacts): void {
    const member = this.#member(instance);
    const priority = effectivePriority(electedRouter(member.router, member.state), member.state.weight);
    const own = { priority, address: OWN_ADDRESS, family: member.router.family };
    this.#feed(member, { kind: "advert", class: classifyAdvert(own, advert), advert });
  }

  loseLink(instance: number): void {
    const member = this.#member(instance);
    // A loop that is idle says nothing of links; the control loop hears of them elsewhere.
    if (member.router.ignoresOwnInterface || member.state.kind === "fault") return;
    this.#feed(member, { kind: "fault-raised", reason: interfaceDown(member.router.interfaceName) });
  }

  advanceTo(atUs: number): void {
    for (;;) {
      const nextUs = Math.min(
        ...this.#members.flatMap(({ adverAtUs, activeDownAtUs }) => [
          adverAtUs ?? Infinity,
          activeDownAtUs ?? Infinity,
        ]),
      );
      if (nextUs > atUs) break;
      this.nowUs = nextUs;
      this.#fireOne(nextUs);
    }
    this.nowUs = atUs;
  }

  #fireOne(atUs: number): void {
    for (const member of this.#members) {
      if (member.activeDownAtUs === atUs) {
        member.activeDownAtUs = null;
        this.#endActiveDown(member);
        return;
      }
      if (member.adverAtUs === atUs) {
        member.adverAtUs = null;
        this.#step(member, { kind: "adver" });
        return;
      }
    }
  }

  #endActiveDown(member: Member): void {
    const isReady = ({ state, wishesActive }: Member): boolean => wishesActive || state.kind === "active";
    if (this.#othersOf(member).every(isReady)) {
      this.#feed(member, { kind: "active-down" });
      return;
    }
    this.#carryOut(member, [armActiveDown(member.router, member.state.weight, "last")], null);
    member.wishesActive = true;
  }

  #feed(member: Member, event: RouterEvent): void {
    const before = member.state.kind;
    const effects = this.#step(member, event);
    const after = member.state.kind;
    for (const other of this.#othersOf(member)) {
      if (before !== after && after === "active") this.#step(other, { kind: "group-active" });
      else if (before !== after && after === "backup") this.#step(other, { kind: "group-backup" });
      else if (before !== after && after === "fault") this.#step(other, { kind: "fault-raised", reason: "sync group" });
      else if (effects.some(({ kind }) => kind === "announce")) this.#step(other, { kind: "group-announce" });
    }
  }

  #step(member: Member, event: RouterEvent): readonly VrrpEffect[] {
    const { state, effects } = step(member.router, member.state, event);
    member.state = state;
    if (state.kind !== "backup") member.wishesActive = false;
    this.#carryOut(member, effects, event.kind === "advert" ? event.advert.intervalUs : null);
    return effects;
  }

  #carryOut(member: Member, effects: readonly VrrpEffect[], advertIntervalUs: number | null): void {
    for (const effect of effects) {
      if (isControlEffect(effect)) continue;
      this.trace.push({ atUs: this.nowUs, instance: member.instance, action: effect });
      if (effect.kind === "arm-adver") member.adverAtUs = this.nowUs + effect.intervalUs;
      if (effect.kind === "disarm-adver") member.adverAtUs = null;
      if (effect.kind === "disarm-active-down") member.activeDownAtUs = null;
      if (effect.kind === "arm-active-down") {
        member.lastIntervalUs = intervalOf(effect.rule, advertIntervalUs, member.lastIntervalUs);
        member.activeDownAtUs = this.nowUs + activeDownIntervalUs(effect.rule, member.lastIntervalUs);
        member.wishesActive = false;
      }
    }
  }

  #othersOf(member: Member): readonly Member[] {
    return this.#members.filter((other) => other !== member);
  }

  #member(instance: number): Member {
    const member = this.#members[instance - 1];
    if (member === undefined) throw new Error(`no member ${instance}`);
    return member;
  }
}
