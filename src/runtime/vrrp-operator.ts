import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";
import type { TrackingVerdict, VrrpRuntime } from "./vrrp-types.ts";

export type VrrpWish = { readonly kind: "hold" } | { readonly kind: "priority"; readonly priority: number };

/** What an operator wants of an instance; it holds over reloads and restarts. */
export interface VrrpOrder {
  readonly instance: string;
  readonly wish: VrrpWish;
  readonly owner: string;
  readonly reason: string;
  /** Wall clock, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Null: until it is released. */
  readonly expiresMs: number | null;
}

/** Where orders outlive the daemon. */
export interface VrrpOrderStore {
  /** What an earlier run saved. @throws Error when it can't be trusted or understood */
  readonly load: () => readonly VrrpOrder[];
  /** @throws system error */
  readonly save: (orders: readonly VrrpOrder[]) => void;
}

export interface VrrpOperatorDependencies {
  readonly log: Logger;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** @returns a function that cancels the call */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

type Instances = Pick<VrrpRuntime, "refreshTracking" | "snapshot" | "announce" | "setPreempt">;

function wishText(wish: VrrpWish): string {
  return wish.kind === "hold" ? "hold" : `priority ${wish.priority}`;
}

/** Timers hold no more than 24 days, and the wall clock may be set: look again. */
const LONGEST_WAIT_MS = 3_600_000;

/** Operators' wishes about instances, which act like one more tracked object of each. */
export class VrrpOperator {
  readonly #dependencies: VrrpOperatorDependencies;
  readonly #orders = new Map<string, VrrpOrder>();
  #store: VrrpOrderStore | null = null;
  #instances: Instances | null = null;
  #cancel: (() => void) | null = null;

  constructor(dependencies: VrrpOperatorDependencies) {
    this.#dependencies = dependencies;
  }

  /** Takes up what an earlier run saved. Never throws: without it the configuration holds. */
  open(store: VrrpOrderStore): void {
    const { log } = this.#dependencies;
    this.#store = store;
    try {
      for (const order of store.load()) this.#orders.set(order.instance, order);
    } catch (error) {
      log.error("vrrp orders not loaded", { reason: errorText(error) });
    }
    this.#expire();
  }

  attach(instances: Instances): void {
    this.#instances = instances;
  }

  /** A later order for the same instance replaces an earlier one. @returns whether it was saved, too */
  give(order: VrrpOrder): boolean {
    const { instance, wish, owner, reason } = order;
    this.#orders.set(instance, order);
    this.#dependencies.log.info("vrrp order", { instance, wish: wishText(wish), owner, reason });
    return this.#changed();
  }

  /** @returns null when there was no order, else whether that was saved, too */
  release(instance: string): boolean | null {
    const order = this.#orders.get(instance);
    if (order === undefined) return null;
    this.#orders.delete(instance);
    this.#dependencies.log.info("vrrp order released", { instance, wish: order.wish.kind });
    return this.#changed();
  }

  /** Has an active instance tell its neighbours where its addresses are, now. */
  announce(instance: string): void {
    this.#instances?.announce(instance);
  }

  /**
   * Until the next reload, which brings back what is configured.
   * @returns whether it preempted before; null for an instance that is not there
   */
  setPreempt(instance: string, preempts: boolean): boolean | null {
    const before = this.#instances?.snapshot().find(({ name }) => name === instance)?.preemptMode ?? null;
    this.#dependencies.log.info("preemption set", { instance, preempts });
    this.#instances?.setPreempt(instance, preempts);
    return before;
  }

  orderFor(instance: string): VrrpOrder | null {
    return this.#orders.get(instance) ?? null;
  }

  /** What tracked objects say, and the operator. */
  amend(instance: string, verdict: TrackingVerdict): TrackingVerdict {
    const wish = this.orderFor(instance)?.wish;
    if (wish === undefined) return verdict;
    if (wish.kind === "hold") return { ...verdict, faults: [...verdict.faults, "held by operator"] };
    const base = this.#instances?.snapshot().find(({ name }) => name === instance)?.basePriority ?? wish.priority;
    return { ...verdict, weight: verdict.weight + wish.priority - base };
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#store = null;
  }

  #changed(): boolean {
    this.#arm();
    this.#instances?.refreshTracking();
    try {
      this.#store?.save([...this.#orders.values()]);
      return this.#store !== null;
    } catch (error) {
      this.#dependencies.log.error("vrrp orders not saved", { reason: errorText(error) });
      return false;
    }
  }

  #expire(): void {
    const nowMs = this.#dependencies.nowMs();
    for (const { instance, expiresMs } of [...this.#orders.values()]) {
      if (expiresMs !== null && expiresMs <= nowMs) this.release(instance);
    }
    this.#arm();
  }

  /** Waits for the order that expires first. */
  #arm(): void {
    const { nowMs, after } = this.#dependencies;
    this.#cancel?.();
    const moments = [...this.#orders.values()].flatMap(({ expiresMs }) => expiresMs ?? []);
    const waitMs = Math.min(LONGEST_WAIT_MS, ...moments.map((expiresMs) => Math.max(0, expiresMs - nowMs())));
    this.#cancel = moments.length === 0 ? null : after(waitMs, () => this.#expire());
  }
}
