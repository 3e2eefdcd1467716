import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { AdvertFacts, VrrpAction, VrrpTransport } from "../../src/native/contract.ts";
import { OrderBook } from "../../src/runtime/vrrp-orders.ts";
import { phaseOf } from "../../src/vrrp/program.ts";
import { interfaceDown, type VrrpEffect } from "../../src/vrrp/types.ts";
import { dispatch } from "./dispatch.ts";
import { ModelLoop, type ModelWorld } from "./model-loop.ts";
import { TRANSPORT } from "./virtual-router.ts";

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One machine in the cluster: the loop with its orders, and a main thread that may be asleep. */
export class SimulatedNode implements ModelWorld {
  readonly address: string;
  readonly router: VrrpInstance;
  readonly loop = new ModelLoop({ leaseUs: 0, world: this });
  readonly book: OrderBook;
  isBlocked = false;
  hasLink = true;
  /** Nodes hear each other when they share it. */
  component = 0;
  /** The process is stopped (SIGSTOP, a paused machine): its socket fills up. */
  isPaused = false;
  readonly #unread: AdvertFacts[] = [];
  preemptDelayAtUs: number | null = null;
  readonly changes: { readonly atUs: number; readonly to: string }[] = [];
  readonly #send: (from: SimulatedNode, priority: number) => void;

  constructor(
    address: string,
    router: VrrpInstance,
    atUs: number,
    /** An earlier run left the addresses. */
    isAdopting: boolean,
    send: (from: SimulatedNode, priority: number) => void,
  ) {
    this.address = address;
    this.router = router;
    this.#send = send;
    this.loop.nowUs = atUs;
    this.book = new OrderBook(1, router, {
      loop: this.loop,
      onEffects: (effects, effectsAtUs) => this.#carryOut(effects, effectsAtUs),
    });
    const advertisedInterval = router.advertisementIntervalUs / (router.version === 2 ? 1_000_000 : 10_000);
    this.book.open({ ...TRANSPORT, version: router.version, sourceAddress: address, advertisedInterval });
    this.book.feed(isAdopting ? { kind: "adopt" } : { kind: "startup", isDelayed: false }, atUs);
    this.work();
  }

  get isActive(): boolean {
    return this.loop.phaseOf(1) === "active";
  }

  /** Takes part in the election. */
  get isEligible(): boolean {
    return this.loop.phaseOf(1) !== "idle";
  }

  get isAgreed(): boolean {
    return this.book.isSettled && phaseOf(this.book.state) === this.loop.phaseOf(1);
  }

  nextUs(): number {
    if (this.isPaused) return Infinity;
    return Math.min(
      this.loop.nextTimerUs() ?? Infinity,
      this.isBlocked ? Infinity : (this.preemptDelayAtUs ?? Infinity),
    );
  }

  advanceTo(atUs: number): void {
    if (this.isPaused) return;
    this.loop.advanceTo(atUs);
    if (!this.isBlocked && this.preemptDelayAtUs !== null && this.preemptDelayAtUs <= atUs) {
      this.preemptDelayAtUs = null;
      this.work();
      this.book.feed({ kind: "preempt-delay-expired" }, atUs);
    }
    this.work();
  }

  /** What waits in the socket counts before timers that ran out meanwhile. */
  resume(atUs: number): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.loop.wakeAt(atUs);
    if (!this.hasLink) this.loop.loseLink(1);
    for (const advert of this.#unread.splice(0)) this.receive(advert);
    this.advanceTo(atUs);
    if (!this.isBlocked) this.#tellLink(atUs);
  }

  reload(atUs: number): void {
    if (!this.isBlocked && !this.isPaused) this.book.feed({ kind: "reconfigured", hasNewAddresses: false }, atUs);
    this.work();
  }

  receive(advert: AdvertFacts): void {
    if (this.isPaused) {
      this.#unread.push(advert);
      return;
    }
    if (this.hasLink) this.loop.receive(1, advert);
    this.work();
  }

  setLink(isUp: boolean, atUs: number): void {
    if (this.hasLink === isUp) return;
    this.hasLink = isUp;
    if (this.isPaused) return;
    if (!isUp) this.loop.loseLink(1);
    this.work();
    if (!this.isBlocked) this.#tellLink(atUs);
  }

  setBlocked(isBlocked: boolean, atUs: number): void {
    this.isBlocked = isBlocked;
    this.work();
    if (!isBlocked && !this.isPaused) this.#tellLink(atUs);
  }

  setWeight(weight: number, atUs: number): void {
    if (!this.isBlocked && !this.isPaused) this.book.feed({ kind: "weight", weight }, atUs);
    this.work();
  }

  /** Both threads do what they can right now. */
  work(): void {
    while (!this.isPaused) {
      this.loop.turn();
      if (this.isBlocked) return;
      const events = this.loop.takeEvents();
      if (events.length === 0) return;
      for (const event of events) dispatch(this.book, event);
    }
  }

  onAction(_instance: number, _transport: VrrpTransport, action: VrrpAction): void {
    if (action.kind === "send-advert" && this.hasLink) this.#send(this, action.priority);
  }

  #tellLink(atUs: number): void {
    const kind = this.hasLink ? "fault-cleared" : "fault-raised";
    this.book.feed({ kind, reason: interfaceDown(this.router.interfaceName) }, atUs);
    this.work();
  }

  #carryOut(effects: readonly VrrpEffect[], atUs: number): void {
    for (const effect of effects) {
      if (effect.kind === "notify") this.changes.push({ atUs, to: effect.to });
      if (effect.kind === "start-timer") this.preemptDelayAtUs = Math.max(this.loop.nowUs, atUs + effect.delayUs);
      if (effect.kind === "stop-timer") this.preemptDelayAtUs = null;
    }
  }
}

interface Message {
  readonly atUs: number;
  readonly to: SimulatedNode;
  readonly component: number;
  readonly advert: AdvertFacts;
}

/** Nodes on one segment that loses, delays and doubles packets and falls apart, on one virtual clock. */
export class Simulation {
  nowUs = 0;
  lossRate = 0;
  doubleRate = 0;
  maxDelayUs = 0;
  nodes: readonly SimulatedNode[];
  readonly #random: () => number;
  #messages: Message[] = [];

  constructor(routers: readonly VrrpInstance[], random: () => number) {
    this.#random = random;
    this.nodes = routers.map((router, index) => this.#start(`192.0.2.${index + 1}`, router, false));
  }

  advanceTo(atUs: number): void {
    for (let next = this.#nextUs(); next <= atUs; next = this.#nextUs()) this.#moveTo(next);
    this.#moveTo(atUs);
  }

  /** The machine dies without a word and comes up again. */
  restart(node: SimulatedNode): void {
    this.#messages = this.#messages.filter(({ to }) => to !== node);
    const fresh = this.#start(node.address, node.router, node.loop.hasAddresses(1));
    fresh.component = node.component;
    this.nodes = this.nodes.map((other) => (other === node ? fresh : other));
  }

  #start(address: string, router: VrrpInstance, isAdopting: boolean): SimulatedNode {
    const send = (from: SimulatedNode, priority: number): void => this.#broadcast(from, priority);
    return new SimulatedNode(address, router, this.nowUs, isAdopting, send);
  }

  #nextUs(): number {
    return Math.min(...this.nodes.map((node) => node.nextUs()), ...this.#messages.map(({ atUs }) => atUs));
  }

  #moveTo(atUs: number): void {
    this.nowUs = Math.max(this.nowUs, atUs);
    for (const node of this.nodes) node.advanceTo(this.nowUs);
    const due = this.#messages.filter((message) => message.atUs <= this.nowUs);
    this.#messages = this.#messages.filter((message) => message.atUs > this.nowUs);
    for (const { to, component, advert } of due) if (to.component === component) to.receive(advert);
  }

  #broadcast(from: SimulatedNode, priority: number): void {
    const advert = { source: from.address, priority, intervalUs: from.router.advertisementIntervalUs };
    for (const to of this.nodes) {
      if (to === from || to.component !== from.component) continue;
      const copies = this.#random() < this.lossRate ? 0 : this.#random() < this.doubleRate ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const atUs = from.loop.nowUs + 1 + Math.floor(this.#random() * this.maxDelayUs);
        this.#messages.push({ atUs, to, component: from.component, advert });
      }
    }
  }
}
