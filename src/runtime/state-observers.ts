import type { CompleteConfiguration } from "../model/complete.ts";
import type { VrrpEvent } from "../native/contract.ts";
import type { LvsPoolEvent } from "./lvs-types.ts";
import type { VrrpDrop, VrrpGroupChange, VrrpStateChange } from "./vrrp-types.ts";

/** Told what is told to notify scripts, after them. */
export interface StateObserver {
  /** At the start and at every reload, before anything of it is in force. */
  configured?(configuration: CompleteConfiguration): void;
  /** The configuration told last is in force. */
  reloaded?(): void;
  instanceChanged?(change: VrrpStateChange): void;
  groupChanged?(change: VrrpGroupChange): void;
  poolChanged?(event: LvsPoolEvent): void;
  advertDropped?(drop: VrrpDrop): void;
  /** What the vrrp loop tells, links and addresses among it. */
  networkNews?(events: readonly VrrpEvent[]): void;
}

/** Passes changes of state to whoever serves them to the outside: SNMP, D-Bus. */
export class StateObservers implements Required<StateObserver> {
  readonly #observers = new Set<StateObserver>();

  /** @returns a function that takes it away again */
  add(observer: StateObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  configured(configuration: CompleteConfiguration): void {
    for (const observer of this.#observers) observer.configured?.(configuration);
  }

  reloaded(): void {
    for (const observer of this.#observers) observer.reloaded?.();
  }

  instanceChanged(change: VrrpStateChange): void {
    for (const observer of this.#observers) observer.instanceChanged?.(change);
  }

  groupChanged(change: VrrpGroupChange): void {
    for (const observer of this.#observers) observer.groupChanged?.(change);
  }

  poolChanged(event: LvsPoolEvent): void {
    for (const observer of this.#observers) observer.poolChanged?.(event);
  }

  advertDropped(drop: VrrpDrop): void {
    for (const observer of this.#observers) observer.advertDropped?.(drop);
  }

  networkNews(events: readonly VrrpEvent[]): void {
    for (const observer of this.#observers) observer.networkNews?.(events);
  }
}
