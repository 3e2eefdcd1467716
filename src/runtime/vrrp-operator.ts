import type { Logger } from "./log.ts";
import type { TrackingVerdict, VrrpRuntime } from "./vrrp-types.ts";

/** What an operator wants of an instance; it holds over reloads, not over a restart. */
export interface VrrpOrder {
  readonly instance: string;
  readonly wish: { readonly kind: "hold" } | { readonly kind: "priority"; readonly priority: number };
  readonly owner: string;
  readonly reason: string;
  /** Null: until it is released. */
  readonly expiresInMs: number | null;
}

export interface VrrpOperatorDependencies {
  readonly log: Logger;
  /** @returns a function that cancels the call */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

type Instances = Pick<VrrpRuntime, "refreshTracking" | "snapshot" | "announce">;

interface Standing {
  readonly order: VrrpOrder;
  readonly cancel: () => void;
}

/** Operators' wishes about instances, which act like one more tracked object of each. */
export class VrrpOperator {
  readonly #dependencies: VrrpOperatorDependencies;
  readonly #standing = new Map<string, Standing>();
  #instances: Instances | null = null;

  constructor(dependencies: VrrpOperatorDependencies) {
    this.#dependencies = dependencies;
  }

  attach(instances: Instances): void {
    this.#instances = instances;
  }

  /** A later order for the same instance replaces an earlier one. */
  give(order: VrrpOrder): void {
    const { log, after } = this.#dependencies;
    const { instance, wish, owner, reason, expiresInMs } = order;
    this.#standing.get(instance)?.cancel();
    const cancel = expiresInMs === null ? () => undefined : after(expiresInMs, () => void this.release(instance));
    this.#standing.set(instance, { order, cancel });
    log.info("vrrp order", { instance, wish: wish.kind, owner, reason });
    this.#instances?.refreshTracking();
  }

  /** @returns whether there was an order */
  release(instance: string): boolean {
    const standing = this.#standing.get(instance);
    if (standing === undefined) return false;
    standing.cancel();
    this.#standing.delete(instance);
    this.#dependencies.log.info("vrrp order released", { instance, wish: standing.order.wish.kind });
    this.#instances?.refreshTracking();
    return true;
  }

  /** Has an active instance tell its neighbours where its addresses are, now. */
  announce(instance: string): void {
    this.#instances?.announce(instance);
  }

  orderFor(instance: string): VrrpOrder | null {
    return this.#standing.get(instance)?.order ?? null;
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
    for (const { cancel } of this.#standing.values()) cancel();
  }
}
