import type { AdvertFacts, VrrpAction, VrrpEvent, VrrpTransport } from "../../src/native/contract.ts";
import { OrderBook, type RunningRouter } from "../../src/runtime/vrrp-orders.ts";
import { faultsOf, sharedFaults } from "../../src/vrrp/group.ts";
import { phaseOf } from "../../src/vrrp/program.ts";
import { interfaceDown, type RouterEvent, type VrrpEffect } from "../../src/vrrp/types.ts";
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

/** What a full receive buffer holds; the kernel drops what comes later. */
const SOCKET_PACKETS = 250;

/** What a reload may change in a running cluster. */
export type ElectionSettings = Partial<
  Pick<RunningRouter, "priority" | "preemptMode" | "preemptDelayUs" | "advertisementIntervalUs">
>;

/** One machine in the cluster: the loop with its orders, and a main thread that may be asleep. With several routers they are a sync group. */
export class SimulatedNode implements ModelWorld {
  readonly address: string;
  readonly loop = new ModelLoop({ leaseUs: 0, world: this });
  readonly books: readonly OrderBook[];
  isBlocked = false;
  hasLink = true;
  /** A member of the group has a fault of its own. */
  hasFault = false;
  /** Nodes hear each other when they share it. */
  component = 0;
  /** The process is stopped (SIGSTOP, a paused machine): its socket fills up. */
  isPaused = false;
  readonly #unread: { readonly instance: number; readonly advert: AdvertFacts }[] = [];
  readonly #preemptDelays = new Map<number, number>();
  readonly changes: { readonly atUs: number; readonly to: string }[] = [];
  readonly #send: SendAdvert;

  constructor(
    address: string,
    routers: readonly RunningRouter[],
    atUs: number,
    /** An earlier run left the addresses. */
    isAdopting: boolean,
    send: SendAdvert,
  ) {
    this.address = address;
    this.#send = send;
    this.loop.nowUs = atUs;
    if (routers.length > 1) this.loop.setGroup(routers.map((_, index) => index + 1));
    this.books = routers.map((config, index) => this.#open(index + 1, config));
    const start: RouterEvent = isAdopting
      ? { kind: "adopt", isHeldBack: false }
      : { kind: "startup", isDelayed: false };
    for (const book of this.books) book.feed(start, atUs);
    this.work();
  }

  get routers(): readonly RunningRouter[] {
    return this.books.map(({ router }) => router);
  }

  /** The first one; the others have the same election settings. */
  get router(): RunningRouter {
    const router = this.books[0]?.router;
    if (router === undefined) throw new Error("a node needs a router");
    return router;
  }

  get weight(): number {
    return this.books[0]?.state.weight ?? 0;
  }

  get isActive(): boolean {
    return this.loop.phaseOf(1) === "active";
  }

  /** Takes part in the election. */
  get isEligible(): boolean {
    return this.loop.phaseOf(1) !== "idle";
  }

  get isAgreed(): boolean {
    return this.books.every((book) => book.isSettled && phaseOf(book.state) === this.loop.phaseOf(book.instance));
  }

  nextUs(): number {
    if (this.isPaused) return Infinity;
    const delays = this.isBlocked ? [] : [...this.#preemptDelays.values()];
    return Math.min(this.loop.nextTimerUs() ?? Infinity, ...delays);
  }

  advanceTo(atUs: number): void {
    if (this.isPaused) return;
    this.loop.advanceTo(atUs);
    for (const [instance, dueUs] of this.isBlocked ? [] : [...this.#preemptDelays]) {
      if (dueUs > atUs) continue;
      this.#preemptDelays.delete(instance);
      this.work();
      this.books[instance - 1]?.feed({ kind: "preempt-delay-expired" }, atUs);
    }
    this.work();
  }

  /** What waits in the socket counts before timers that ran out meanwhile. */
  resume(atUs: number): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.loop.wakeAt(atUs);
    if (!this.hasLink) this.#loseLinks();
    for (const { instance, advert } of this.#unread.splice(0)) this.receive(instance, advert);
    this.advanceTo(atUs);
    if (!this.isBlocked) this.#tellFaults(atUs);
  }

  /** SIGHUP with other settings of the election; a main thread that is asleep does not see it. */
  reload(settings: ElectionSettings, atUs: number): void {
    if (this.isBlocked || this.isPaused) return;
    for (const book of this.books) book.router = { ...book.router, ...settings };
    for (const book of this.books) book.open(this.#transport(book.router));
    this.#feedAll({ kind: "reconfigured", hasNewAddresses: false }, atUs);
  }

  receive(instance: number, advert: AdvertFacts): void {
    if (this.isPaused) {
      if (this.hasLink && this.#unread.length < SOCKET_PACKETS) this.#unread.push({ instance, advert });
      return;
    }
    if (this.hasLink) this.loop.receive(instance, advert);
    this.work();
  }

  setLink(isUp: boolean, atUs: number): void {
    if (this.hasLink === isUp) return;
    this.hasLink = isUp;
    if (this.isPaused) return;
    if (!isUp) this.#loseLinks();
    this.work();
    if (!this.isBlocked) this.#tellFaults(atUs);
  }

  /** Of the last member only, and known to the control loop only: a script says so. */
  setFault(hasFault: boolean, atUs: number): void {
    this.hasFault = hasFault;
    if (!this.isBlocked && !this.isPaused) this.#tellFaults(atUs);
  }

  setBlocked(isBlocked: boolean, atUs: number): void {
    this.isBlocked = isBlocked;
    this.work();
    if (!isBlocked && !this.isPaused) this.#tellFaults(atUs);
  }

  setWeight(weight: number, atUs: number): void {
    this.#feedAll({ kind: "weight", weight }, atUs);
  }

  /** Both threads do what they can right now. */
  work(): void {
    while (!this.isPaused) {
      this.loop.turn();
      if (this.isBlocked) return;
      const events = this.loop.takeEvents();
      if (events.length === 0) return;
      for (const event of events) this.#dispatch(event);
      this.#shareFaults(this.loop.nowUs);
    }
  }

  onAction(instance: number, _transport: VrrpTransport, action: VrrpAction): void {
    if (action.kind === "send-advert" && this.hasLink) this.#send(this, instance, action.priority);
  }

  #open(instance: number, router: RunningRouter): OrderBook {
    const book = new OrderBook(instance, router, {
      loop: this.loop,
      onEffects: (effects, atUs) => this.#carryOut(instance, effects, atUs),
    });
    book.open(this.#transport(router));
    return book;
  }

  #transport({ version, advertisementIntervalUs }: RunningRouter): VrrpTransport {
    const advertisedInterval = advertisementIntervalUs / (version === 2 ? 1_000_000 : 10_000);
    return { ...TRANSPORT, version, sourceAddress: this.address, advertisedInterval };
  }

  #dispatch(event: VrrpEvent): void {
    const instance = "instance" in event ? event.instance : null;
    for (const book of this.books) if (instance === null || book.instance === instance) dispatch(book, event);
  }

  #feedAll(event: RouterEvent, atUs: number): void {
    if (!this.isBlocked && !this.isPaused) for (const book of this.books) book.feed(event, atUs);
    this.work();
  }

  #loseLinks(): void {
    for (const { instance } of this.books) this.loop.loseLink(instance);
  }

  /** New faults first: a member whose fault goes must know of another one's that comes. */
  #tellFaults(atUs: number): void {
    const down = interfaceDown(this.router.interfaceName);
    const last = this.books.at(-1);
    if (!this.hasLink) for (const book of this.books) book.feed({ kind: "fault-raised", reason: down }, atUs);
    if (this.hasFault) last?.feed({ kind: "fault-raised", reason: "sockets not open" }, atUs);
    this.#shareFaults(atUs);
    if (this.hasLink) for (const book of this.books) book.feed({ kind: "fault-cleared", reason: down }, atUs);
    if (!this.hasFault) last?.feed({ kind: "fault-cleared", reason: "sockets not open" }, atUs);
    this.#shareFaults(atUs);
    this.work();
  }

  #shareFaults(atUs: number): void {
    const shared = sharedFaults(this.books.map(({ state }) => state));
    for (const [index, book] of this.books.entries()) {
      const isAtFault = shared[index] === "sync group";
      if (faultsOf(book.state).includes("sync group") === isAtFault) continue;
      book.feed({ kind: isAtFault ? "fault-raised" : "fault-cleared", reason: "sync group" }, atUs);
    }
  }

  #carryOut(instance: number, effects: readonly VrrpEffect[], atUs: number): void {
    for (const effect of effects) {
      if (effect.kind === "notify") this.changes.push({ atUs, to: effect.to });
      if (effect.kind === "start-timer") {
        this.#preemptDelays.set(instance, Math.max(this.loop.nowUs, atUs + effect.delayUs));
      }
      if (effect.kind === "stop-timer") this.#preemptDelays.delete(instance);
    }
  }
}

/** Puts an advert of a node's instance on the wire. */
type SendAdvert = (from: SimulatedNode, instance: number, priority: number) => void;

interface Message {
  readonly atUs: number;
  readonly to: SimulatedNode;
  readonly instance: number;
  readonly component: number;
  readonly advert: AdvertFacts;
}

/** Nodes on one segment that loses, delays and doubles packets and falls apart, on one virtual clock. */
export class Simulation {
  nowUs = 0;
  lossRate = 0;
  doubleRate = 0;
  maxDelayUs = 0;
  nodes: readonly SimulatedNode[] = [];
  /** Of all that were ever configured. */
  slowestIntervalUs = 0;
  readonly #random: () => number;
  #messages: Message[] = [];

  constructor(nodes: readonly (readonly RunningRouter[])[], random: () => number) {
    this.#random = random;
    this.slowestIntervalUs = Math.max(...nodes.flat().map(({ advertisementIntervalUs }) => advertisementIntervalUs));
    this.nodes = nodes.map((routers, index) => this.#start(`192.0.2.${index + 1}`, routers, false));
  }

  advanceTo(atUs: number): void {
    for (let next = this.#nextUs(); next <= atUs; next = this.#nextUs()) this.#moveTo(next);
    this.#moveTo(atUs);
  }

  reload(node: SimulatedNode, settings: ElectionSettings): void {
    this.slowestIntervalUs = Math.max(this.slowestIntervalUs, settings.advertisementIntervalUs ?? 0);
    node.reload(settings, this.nowUs);
  }

  /** The machine dies without a word and comes up again. */
  restart(node: SimulatedNode): void {
    this.#messages = this.#messages.filter(({ to }) => to !== node);
    const fresh = this.#start(node.address, node.routers, node.loop.hasAddresses(1));
    fresh.component = node.component;
    this.nodes = this.nodes.map((other) => (other === node ? fresh : other));
  }

  #start(address: string, routers: readonly RunningRouter[], isAdopting: boolean): SimulatedNode {
    const send: SendAdvert = (from, instance, priority) => this.#broadcast(from, instance, priority);
    return new SimulatedNode(address, routers, this.nowUs, isAdopting, send);
  }

  #nextUs(): number {
    return Math.min(...this.nodes.map((node) => node.nextUs()), ...this.#messages.map(({ atUs }) => atUs));
  }

  #moveTo(atUs: number): void {
    this.nowUs = Math.max(this.nowUs, atUs);
    for (const node of this.nodes) node.advanceTo(this.nowUs);
    const due = this.#messages.filter((message) => message.atUs <= this.nowUs);
    this.#messages = this.#messages.filter((message) => message.atUs > this.nowUs);
    for (const { to, instance, component, advert } of due) {
      if (to.component === component) to.receive(instance, advert);
    }
  }

  #broadcast(from: SimulatedNode, instance: number, priority: number): void {
    const advert = { source: from.address, priority, intervalUs: from.router.advertisementIntervalUs };
    for (const to of this.nodes) {
      if (to === from || to.component !== from.component) continue;
      const copies = this.#random() < this.lossRate ? 0 : this.#random() < this.doubleRate ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const atUs = from.loop.nowUs + 1 + Math.floor(this.#random() * this.maxDelayUs);
        this.#messages.push({ atUs, to, instance, component: from.component, advert });
      }
    }
  }
}
