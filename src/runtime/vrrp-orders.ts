import type { Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type {
  AdvertFacts,
  VrrpAction,
  VrrpEvent,
  VrrpLoop,
  VrrpPhaseName,
  VrrpProgram,
  VrrpTransport,
  VrrpTrigger,
} from "../native/contract.ts";
import { catchUp } from "../vrrp/catch-up.ts";
import { step } from "../vrrp/machine.ts";
import { deriveProgram, isSameButLearned, phaseOf, triggerEvent } from "../vrrp/program.ts";
import {
  actionsOf,
  type GroupRole,
  INITIAL_STATE,
  type RouterEvent,
  type VrrpEffect,
  type VrrpState,
} from "../vrrp/types.ts";

/** A configured instance with its role in a sync group. */
export type RunningRouter = VrrpInstance &
  Partial<
    Pick<
      ConfiguredVrrpInstance,
      | "ownerIgnoresAdverts"
      | "timerExpiredBackupPriority"
      | "extraInterfaceGarp"
      | "hmac"
      | "receiveBuffer"
      | "kernelReceiveBufferBytes"
    >
  > & {
    readonly group?: GroupRole;
    readonly isLinkLossDelayed?: boolean;
  };

/** What a trigger report says. */
export interface TriggerReport {
  readonly trigger: VrrpTrigger;
  readonly atUs: Microseconds;
  readonly advert: AdvertFacts | null;
}

export interface OrderBookDependencies {
  readonly loop: VrrpLoop;
  /** Called for effects that are facts: carried out by the loop, or none of its business. */
  readonly onEffects: (effects: readonly VrrpEffect[], atUs: Microseconds) => void;
  /** Called before `onEffects` with the step that they came of. */
  readonly onFact?: (before: VrrpState, event: RouterEvent, atUs: Microseconds) => void;
}

/** A step that the loop has not confirmed yet. */
interface Pending {
  /** Null: the loop has nothing to do, but the step follows one that it has. */
  readonly order: number | null;
  /** Null: only the program was renewed. */
  readonly event: RouterEvent | null;
  readonly program: VrrpProgram;
  readonly effects: readonly VrrpEffect[];
  readonly atUs: Microseconds;
  /** The state that the step started from. */
  before: VrrpState;
}

/**
 * One instance between the machine and the vrrp loop. Steps are taken at once and confirmed later:
 * when the loop has acted on its own in the meantime, it refuses the orders that did not know of
 * that. Its reports come first; then the state goes back to the last confirmed one, takes the
 * reported step and takes the unconfirmed ones again.
 */
export class OrderBook {
  readonly instance: number;
  router: RunningRouter;
  readonly #dependencies: OrderBookDependencies;
  #state: VrrpState = INITIAL_STATE;
  #epoch = 0;
  #lastOrder = 0;
  #pending: Pending[] = [];
  /** What the loop is known to run; null before the first order was accepted. */
  #installed: VrrpProgram | null = null;
  #transport: VrrpTransport | null = null;
  /** Not null after lost events: what the loop reports is of no use before it has answered this order. */
  #probeOrder: number | null = null;
  #settled: (() => void)[] = [];

  constructor(instance: number, router: RunningRouter, dependencies: OrderBookDependencies) {
    this.instance = instance;
    this.router = router;
    this.#dependencies = dependencies;
  }

  /** With all unconfirmed steps taken. */
  get state(): VrrpState {
    return this.#state;
  }

  get isSettled(): boolean {
    return this.#pending.length === 0;
  }

  get transport(): VrrpTransport | null {
    return this.#transport;
  }

  /** Opens or replaces the sockets. Until then the instance must stay idle. */
  open(transport: VrrpTransport): void {
    if (JSON.stringify(transport) === JSON.stringify(this.#transport)) return;
    this.#transport = transport;
    this.#dependencies.loop.openInstance(this.instance, transport);
  }

  /** Tries once more to open what is open in name only. */
  reopen(): void {
    if (this.#transport !== null) this.#dependencies.loop.openInstance(this.instance, this.#transport);
  }

  /** Resolves when every step taken so far is confirmed. */
  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  feed(event: RouterEvent, atUs: Microseconds): void {
    const before = this.#state;
    const { state, effects } = step(this.router, before, event);
    this.#state = state;
    const actions = actionsOf(effects).map((action) => resolveInterval(action, event));
    this.#submit({ event, effects, before, atUs }, actions);
  }

  /** Events of the loop that are not about orders and triggers are none of its business. */
  take(event: VrrpEvent): void {
    switch (event.kind) {
      case "ran":
        this.ran(event, event.epoch);
        break;
      case "heard":
        this.heard(event);
        break;
      case "happened":
        this.happened(event);
        break;
      case "accepted":
        this.accepted(event.order, event.atUs);
        break;
      case "refused":
        this.refused(event.order, event, event.atUs);
        break;
      default:
        break;
    }
  }

  /** The loop ran a plan that changes the state: "ran". */
  ran(report: TriggerReport, epoch: number): void {
    if (this.#probeOrder !== null) return;
    this.#epoch = epoch;
    const again = this.#rollBack();
    const event = triggerEvent(this.router, report.trigger, report.advert);
    if (event !== null) {
      const before = this.#state;
      const { state, effects } = step(this.router, before, event);
      this.#state = state;
      this.#dependencies.onFact?.(before, event, report.atUs);
      this.#dependencies.onEffects(effects, report.atUs);
    }
    this.#resume(again, phaseOf(this.#state), report.atUs);
  }

  /** The loop ran a routine plan for an advert that says something new: "heard". */
  heard(report: TriggerReport): void {
    const event = triggerEvent(this.router, report.trigger, report.advert);
    if (event === null || this.#probeOrder !== null) return;
    const first = this.#pending[0];
    const before = first?.before ?? this.#state;
    const { state, effects } = step(this.router, before, event);
    this.#dependencies.onFact?.(before, event, report.atUs);
    this.#dependencies.onEffects(effects, report.atUs);
    const isMaterial = !isSameButLearned(this.#state, state);
    this.#state = state;
    for (const entry of this.#pending) {
      entry.before = this.#state;
      if (entry.event !== null) this.#state = step(this.router, this.#state, entry.event).state;
    }
    if (isMaterial) this.#renewProgram(report.atUs);
  }

  /** A trigger without a plan: the control loop decides. */
  happened(report: TriggerReport): void {
    const event = triggerEvent(this.router, report.trigger, report.advert);
    if (event !== null && this.#probeOrder === null) this.feed(event, report.atUs);
  }

  accepted(order: number, atUs: Microseconds): void {
    const index = this.#pending.findIndex((entry) => entry.order === order);
    if (index < 0) return;
    if (order >= (this.#probeOrder ?? order)) this.#probeOrder = null;
    let confirmed = index + 1;
    while (this.#pending[confirmed]?.order === null) confirmed += 1;
    for (const entry of this.#pending.splice(0, confirmed)) {
      if (entry.order !== null) this.#installed = entry.program;
      this.#confirm(entry);
    }
    this.#renewProgram(atUs);
    this.#tellSettled();
  }

  /**
   * Orders that a report has overtaken were submitted anew under another number, so one that is
   * still pending when it is refused means that reports were lost.
   */
  refused(order: number, loop: { readonly epoch: number; readonly phase: VrrpPhaseName }, atUs: Microseconds): void {
    const index = this.#pending.findIndex((entry) => entry.order === order);
    if (index < 0 || order < (this.#probeOrder ?? order)) return;
    this.#probeOrder = null;
    this.#epoch = loop.epoch;
    const again = this.#rollBack();
    const { state, effects } = catchUp(this.router, this.#state, loop.phase);
    this.#state = state;
    this.#dependencies.onEffects(effects, atUs);
    this.#resume(again, loop.phase, atUs);
  }

  /** Events may have been lost: an order that changes nothing finds out whether the loop moved on. */
  probe(atUs: Microseconds): void {
    if (this.#transport === null || this.#expected() === null) return;
    this.#push({ event: null, effects: [], before: this.#state, atUs }, [], deriveProgram(this.router, this.#state));
    this.#probeOrder = this.#lastOrder;
  }

  #rollBack(): readonly Pending[] {
    const again = this.#pending;
    this.#state = again[0]?.before ?? this.#state;
    this.#pending = [];
    return again;
  }

  #resume(again: readonly Pending[], phase: VrrpPhaseName, atUs: Microseconds): void {
    if (this.#installed !== null) this.#installed = { ...this.#installed, phase };
    for (const entry of again) if (entry.event !== null) this.feed(entry.event, entry.atUs);
    this.#renewProgram(atUs);
    this.#tellSettled();
  }

  #submit(taken: Pick<Pending, "event" | "effects" | "before" | "atUs">, actions: readonly VrrpAction[]): void {
    const program = deriveProgram(this.router, this.#state);
    const isNews = actions.length > 0 || !isSameProgram(program, this.#expected());
    if (isNews && this.#transport !== null) {
      this.#push(taken, actions, program);
    } else if (this.#pending.length > 0) {
      this.#pending.push({ ...taken, order: null, program });
    } else {
      this.#confirm(taken);
    }
  }

  #confirm({ before, event, effects, atUs }: Pick<Pending, "event" | "effects" | "before" | "atUs">): void {
    if (event !== null) this.#dependencies.onFact?.(before, event, atUs);
    this.#dependencies.onEffects(effects, atUs);
  }

  #push(
    taken: Pick<Pending, "event" | "effects" | "before" | "atUs">,
    actions: readonly VrrpAction[],
    program: VrrpProgram,
  ): void {
    this.#lastOrder += 1;
    this.#pending.push({ ...taken, order: this.#lastOrder, program });
    const order = { order: this.#lastOrder, epoch: this.#epoch, actions, program };
    this.#dependencies.loop.submit(this.instance, order);
  }

  /** The program that the loop will run once it has taken all orders. */
  #expected(): VrrpProgram | null {
    return this.#pending.findLast((entry) => entry.order !== null)?.program ?? this.#installed;
  }

  #renewProgram(atUs: Microseconds): void {
    if (this.#installed === null || this.#transport === null) return;
    const program = deriveProgram(this.router, this.#state);
    if (isSameProgram(program, this.#expected())) return;
    this.#push({ event: null, effects: [], before: this.#state, atUs }, [], program);
  }

  #tellSettled(): void {
    if (!this.isSettled) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}

function isSameProgram(left: VrrpProgram, right: VrrpProgram | null): boolean {
  return right !== null && JSON.stringify(left) === JSON.stringify(right);
}

/** An order is not triggered by an advert, so what the advert taught is written into it. */
function resolveInterval(action: VrrpAction, event: RouterEvent): VrrpAction {
  if (action.kind !== "arm-active-down" || action.rule.intervalFrom !== "advert") return action;
  const intervalUs = event.kind === "advert" ? event.advert.intervalUs : action.rule.intervalUs;
  return { ...action, rule: { ...action.rule, intervalFrom: "rule", intervalUs } };
}
