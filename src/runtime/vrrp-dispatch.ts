import { boundInterface } from "../model/bound-interface.ts";
import type { Microseconds } from "../model/units.ts";
import type { VrrpEvent } from "../native/contract.ts";
import type { RunningInstance } from "./vrrp-instance.ts";
import type { NetworkView } from "./vrrp-network.ts";
import type { VrrpRuntimeDependencies } from "./vrrp-types.ts";
import { renderDrop, renderStall, renderUnknownVrid, spoken } from "./vrrp-wording.ts";

const SENDING_ON_A_LOST_LINK = ["ENETUNREACH", "ENETDOWN", "ENODEV"];

/** What the vrrp loop says of one instance, or of itself. */
export type InstanceEvent = Exclude<VrrpEvent, { kind: "link" | "address" | "overrun" | "object-removed" }>;

type FailedEvent = Extract<VrrpEvent, { kind: "failed" }>;
type DroppedEvent = Extract<VrrpEvent, { kind: "dropped" }>;

export interface DispatchContext {
  readonly dependencies: Pick<VrrpRuntimeDependencies, "log" | "onDrop">;
  readonly view: NetworkView;
  /** By the number that the loop knows; undefined for one that is gone. */
  readonly instanceAt: (instance: number) => RunningInstance | undefined;
  /** `log_unknown_vrids` */
  readonly logsUnknownVrids: () => boolean;
  /** Some instance has it, if not for this sender. */
  readonly hasVrid: (vrid: number) => boolean;
  readonly renewLease: () => void;
}

/** Hands events of the vrrp loop to the instances that they are about. */
export class EventDispatch {
  readonly #context: DispatchContext;

  constructor(context: DispatchContext) {
    this.#context = context;
  }

  take(event: InstanceEvent): void {
    const running = event.instance === null ? undefined : this.#context.instanceAt(event.instance);
    if (running === undefined) this.#onStray(event);
    else this.#onInstance(running, event);
  }

  /** It belongs to no instance of ours. */
  #onStray(event: InstanceEvent): void {
    if (event.kind === "failed") this.#onLoopFailure(event);
    const isUnknown = event.kind === "dropped" && event.reason === "vrid";
    if (isUnknown && this.#context.logsUnknownVrids()) this.#sayUnknownVrid(event);
  }

  #sayUnknownVrid(event: DroppedEvent): void {
    const { dependencies, view, hasVrid } = this.#context;
    const name = event.ifindex === 0 ? "none" : (view.linkAt(event.ifindex)?.name ?? "unknown");
    dependencies.log(renderUnknownVrid(event, name, hasVrid(event.received)));
  }

  #onInstance(running: RunningInstance, event: InstanceEvent): void {
    const { log } = this.#context.dependencies;
    running.book.take(event);
    switch (event.kind) {
      case "ran":
        if (event.trigger === "lease-lapsed") this.#onLapse(running, event.atUs);
        break;
      case "failed":
        this.#onFailure(running, event);
        break;
      case "announced":
        running.announced(event.rounds);
        break;
      case "stalled":
        log(renderStall(running.config.name, event.lateUs));
        break;
      case "dropped":
        log(renderDrop(event, running.config));
        this.#context.dependencies.onDrop?.({ ...event, instance: running.config.name });
        break;
    }
  }

  /** The instance stood down because nobody answered for it; now somebody does. */
  #onLapse(running: RunningInstance, atUs: Microseconds): void {
    this.#context.renewLease();
    this.#context.dependencies.log(spoken("error", "lease lapsed", { instance: running.config.name, atUs }));
    running.book.feed({ kind: "fault-cleared", reason: "lease lapsed" }, atUs);
  }

  #onFailure(running: RunningInstance, { action, failure, address, atUs }: FailedEvent): void {
    const isExpected = action === "send-advert" && SENDING_ON_A_LOST_LINK.includes(failure.code);
    const bound = boundInterface(running.config);
    // keepalived: the priority 0 that nobody can hear is not worth a line.
    if (isExpected && bound !== null && !this.#context.view.isUp(bound)) return;
    // The interface has gone and has taken its addresses along.
    if (action === "remove-addresses" && failure.code === "ENODEV") return;
    const { errno, message } = failure;
    running.book.feed({ kind: "effect-failed", action, errno, reason: message, address }, atUs);
    if (action === "open") running.onOpenFailure();
  }

  /** Of the loop as a whole, for example real-time priority refused. */
  #onLoopFailure({ failure: { syscall, code, message } }: FailedEvent): void {
    const text = `vrrp loop: ${syscall}: ${message}`;
    this.#context.dependencies.log(spoken("warning", "vrrp loop", { syscall, code, reason: message }, text));
  }
}
