import { instanceObjects } from "../addressing/instance-objects.ts";
import type { RemovedObject } from "../addressing/removed-object.ts";
import { isSameModel } from "../model/equality.ts";
import type { IpAddress, Microseconds } from "../model/units.ts";
import type { InterfaceAddress, PreparedObject, VrrpLoop, VrrpTransport } from "../native/contract.ts";
import { effectivePriority, electedRouter } from "../vrrp/timers.ts";
import {
  type ControlEffect,
  type FaultReason,
  isShared,
  SOURCE_NOT_CONFIGURED,
  type VrrpEffect,
} from "../vrrp/types.ts";
import { NamedTimers } from "./named-timers.ts";
import { objectsWithout } from "./network-objects.ts";
import type { RunningGroup } from "./vrrp-group.ts";
import { InstanceHistory } from "./vrrp-history.ts";
import {
  addressKey,
  allVirtualAddresses,
  lacksUnicastSource,
  locate,
  type NetworkView,
  networkFaults,
  replacedAddresses,
  sourceAddress,
  trackedWeight,
  type VirtualAddressSet,
} from "./vrrp-network.ts";
import { OrderBook, type RunningRouter } from "./vrrp-orders.ts";
import { RemovedThings } from "./vrrp-repair.ts";
import { InstanceSpeaker } from "./vrrp-speaker.ts";
import { buildTransport } from "./vrrp-transport.ts";
import type { TrackingVerdict, VrrpInstanceSnapshot, VrrpRuntimeDependencies } from "./vrrp-types.ts";

const REOPEN_PAUSE_US = 1_000_000;
/** For netlink to tell that replaced addresses went and came. */
const REPLACEMENT_US = 1_000_000;
const NO_TRACKING: TrackingVerdict = { weight: 0, faults: [], isPending: false };

export interface RunningInstanceContext {
  readonly dependencies: VrrpRuntimeDependencies;
  readonly loop: VrrpLoop;
  readonly view: NetworkView;
  /** Of all instances: none of them may be a source. */
  readonly virtualAddresses: () => VirtualAddressSet;
  readonly onAddressRemoved: () => "repair" | "yield";
}

/** One configured instance at work: its orders, timers, conditions and counts. */
export class RunningInstance {
  readonly book: OrderBook;
  group: RunningGroup | null = null;
  #isDeleted = false;
  #isStarted = false;
  /** Those that come and go, by key; null after a change of configuration or links. */
  #addresses: ReadonlyMap<string, InterfaceAddress> | null = null;
  readonly #context: RunningInstanceContext;
  readonly #timers: NamedTimers;
  readonly #history: InstanceHistory;
  readonly #speaker: InstanceSpeaker;
  readonly #removed = new RemovedThings();
  #openFailures = 0;
  /** A configured unicast source that the machine had when the instance started or came back. */
  #boundSource: IpAddress | null = null;

  constructor(instance: number, config: RunningRouter, context: RunningInstanceContext) {
    this.#context = context;
    const { dependencies, loop } = context;
    this.#timers = new NamedTimers(dependencies.clock);
    this.#history = new InstanceHistory(instance, loop, dependencies.clock.nowUs());
    this.#speaker = new InstanceSpeaker(dependencies, () => this.config);
    this.book = new OrderBook(instance, config, {
      loop,
      onEffects: (effects, atUs) => this.#carryOut(effects, atUs),
      onFact: (before, event, atUs) => this.#history.record(this.config, before, event, atUs),
    });
  }

  get config(): RunningRouter {
    return this.book.router;
  }

  /** Healthy, every VIP and eVIP is there, and so are the links that only an active instance has up. */
  get canAdopt(): boolean {
    const { view } = this.#context;
    const { heldInterfaces = [] } = this.config;
    const located = allVirtualAddresses(this.config).map((address) => locate(this.config, address, view));
    const isThere = located.every((address) => address !== null && view.hasAddress(address));
    return (
      located.length > 0 && isThere && heldInterfaces.every((name) => view.isUp(name)) && this.#faults().length === 0
    );
  }

  adopt(isHeldBack: boolean): void {
    this.#isStarted = true;
    this.book.feed({ kind: "adopt", isHeldBack }, this.#nowUs());
  }

  /** What it tracks has reported. */
  release(): void {
    if (this.book.state.kind !== "adopting" || !this.book.state.isHeldBack) return;
    this.book.feed({ kind: "released" }, this.#nowUs());
  }

  /** Something that it tracks has not reported yet, and nothing else is at fault anyway. */
  get isPending(): boolean {
    return this.#tracking().isPending && this.#faults().length === 0;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** @param isLate it had to wait for what it tracks */
  start(isDelayed: boolean, isLate: boolean): void {
    this.#isStarted = true;
    this.#speaker.isLate = isLate;
    this.book.feed({ kind: "startup", isDelayed }, this.#nowUs());
  }

  /** Opens the sockets as soon as interface and source address are known, and again when they change. */
  refreshTransport(): void {
    this.#addresses = null;
    this.#speaker.source(this.#source());
    const transport = this.#transport();
    if (transport !== null) this.book.open(transport);
  }

  /** Feeds new faults that network and tracked objects show. Of a group all members do so before any one clears its own. */
  raiseFaults(): void {
    for (const reason of this.#ownFaults()) {
      if (!this.#faults().includes(reason)) this.book.feed({ kind: "fault-raised", reason }, this.#nowUs());
    }
  }

  /** Feeds what the network view says about faults that are gone and the priority, as far as it is news. */
  clearFaults(): void {
    const wanted = this.#ownFaults();
    for (const reason of this.#faults()) {
      if (!isOwnFault(reason) || wanted.includes(reason)) continue;
      this.book.feed({ kind: "fault-cleared", reason }, this.#nowUs());
    }
    this.#refreshWeight();
  }

  #refreshWeight(): void {
    const weight = trackedWeight(this.config, this.#context.view) + this.#tracking().weight;
    if (weight !== this.book.state.weight) this.book.feed({ kind: "weight", weight }, this.#nowUs());
  }

  /** @param wanted the fault that it has because of other members of its group */
  shareFault(wanted: FaultReason | null, atUs: Microseconds): void {
    const known = this.#faults().filter(isShared);
    if (wanted !== null && !known.includes(wanted)) this.book.feed({ kind: "fault-raised", reason: wanted }, atUs);
    for (const reason of known) if (reason !== wanted) this.book.feed({ kind: "fault-cleared", reason }, atUs);
  }

  /**
   * Replaces the configuration of a running instance.
   * @param withdraw takes away what the kernel has in another form, for it changes neither label nor scope of an address
   */
  async reconfigure(
    config: RunningRouter,
    withdraw: (addresses: readonly InterfaceAddress[]) => Promise<void>,
  ): Promise<void> {
    const { config: before } = this;
    const known = new Set(this.addresses().map(addressKey));
    const knownObjects = this.objects();
    this.book.router = config;
    this.#addresses = null;
    if (isSameModel(before, config)) return;
    this.refreshTransport();
    const hasReplaced = await this.#withdrawReplaced(before, config, withdraw);
    const hasNewAddresses =
      hasReplaced ||
      this.addresses().some((address) => !known.has(addressKey(address))) ||
      objectsWithout(this.objects(), knownObjects).length > 0;
    // An advert comes next, and with the priority that holds from now on.
    this.#refreshWeight();
    this.book.feed({ kind: "reconfigured", hasNewAddresses }, this.#nowUs());
  }

  async #withdrawReplaced(
    before: RunningRouter,
    after: RunningRouter,
    withdraw: (addresses: readonly InterfaceAddress[]) => Promise<void>,
  ): Promise<boolean> {
    if (this.book.state.kind !== "active") return false;
    const replaced = replacedAddresses(before, after, this.#context.view);
    if (replaced.length === 0) return false;
    // What the kernel takes along, and what comes back with the new form, is no removal by others.
    this.#removed.hold(this.#nowUs() + REPLACEMENT_US);
    try {
      await withdraw(replaced);
    } catch (error) {
      // In any case what is wanted is added next, and what is missing then is repaired.
      this.#speaker.notReplaced(error);
    }
    return true;
  }

  /** Tells neighbours where the addresses are; nothing happens unless active. */
  announce(): void {
    const nowUs = this.#nowUs();
    const isBurstDue = nowUs - this.#history.sinceUs <= this.config.announce.delayUs;
    this.book.feed({ kind: "announce-requested", isBurstDue }, nowUs);
  }

  /** A later burst of announcements has begun; 0 rounds: one of the extra addresses. */
  announced(rounds: number): void {
    this.#speaker.announced(rounds);
  }

  /** Withdraws and waits until the loop has done so. */
  async shutDown(isSilent: boolean, isDeleted: boolean): Promise<void> {
    this.#isDeleted = isDeleted;
    this.book.feed({ kind: "shutdown", isSilent }, this.#nowUs());
    await this.book.settled();
    this.stopTimers();
  }

  stopTimers(): void {
    this.#timers.stopAll();
  }

  /** The addresses of the instance on interfaces that exist. */
  addresses(): readonly InterfaceAddress[] {
    return [...this.#ownAddresses().values()];
  }

  /** Its routes and rules whose interfaces exist. */
  objects(): readonly PreparedObject[] {
    return instanceObjects(this.config, (name) => this.#context.view.linkNamed(name)?.ifindex ?? null);
  }

  /** Netlink says that an address is gone; whether by our own doing is seen in `repair`. */
  noteRemoval(address: InterfaceAddress): void {
    if (this.book.state.kind !== "active") return;
    const own = this.#ownAddresses().get(addressKey(address));
    if (own !== undefined) this.#removed.addAddress(own);
  }

  /** Like `noteRemoval` for a route or rule. */
  noteObjectRemoval(removed: RemovedObject): void {
    if (this.book.state.kind === "active") this.#removed.addObject(this.config, removed);
  }

  /** Puts back what was noted, unless it has come back or the instance has stepped down since. */
  repair(): void {
    if (this.#removed.isEmpty) return;
    const waitUs = this.#removed.waitUs(this.#nowUs());
    if (waitUs > 0) {
      this.#timers.start("repair", waitUs, () => this.repair());
      return;
    }
    const addresses = this.#removed.take((address) => this.#context.view.hasAddress(address));
    if (addresses.length === 0 || this.book.state.kind !== "active") return;
    this.#removed.begin(this.#nowUs());
    const reaction = this.#context.onAddressRemoved();
    this.book.feed({ kind: "addresses-removed", reaction, addresses }, this.#nowUs());
  }

  /** An instance that cannot hear must not take over, so it is at fault until its sockets open. */
  onOpenFailure(): void {
    this.#openFailures += 1;
    this.book.feed({ kind: "fault-raised", reason: "sockets not open" }, this.#nowUs());
    this.#timers.start("reopen", REOPEN_PAUSE_US, () => void this.#reopen());
  }

  async #reopen(): Promise<void> {
    const failures = this.#openFailures;
    this.book.reopen();
    this.book.probe(this.#nowUs());
    // The order is confirmed after a failure would have been reported.
    await this.book.settled();
    if (failures !== this.#openFailures) return;
    this.book.feed({ kind: "fault-cleared", reason: "sockets not open" }, this.#nowUs());
  }

  /** After lost events: every address that should be there and is not. */
  noteMissing(): void {
    for (const address of this.addresses()) if (!this.#context.view.hasAddress(address)) this.noteRemoval(address);
  }

  snapshot(): VrrpInstanceSnapshot {
    const { name, family, version, vrid, interfaceName, priority } = this.config;
    const { state } = this.book;
    return {
      name,
      family,
      version,
      vrid,
      interfaceName,
      basePriority: priority,
      effectivePriority: effectivePriority(electedRouter(this.config, state), state.weight),
      sourceAddress: this.#source(),
      activeRouter: state.kind === "backup" ? state.activeRouter : null,
      faultReasons: this.#faults(),
      virtualAddresses: allVirtualAddresses(this.config).map(
        ({ address, prefixLength }) => `${address}/${prefixLength}`,
      ),
      preemptMode: this.config.preemptMode,
      counters: this.#context.loop.counters(this.book.instance),
      ...this.#history.snapshot(),
    };
  }

  #nowUs(): Microseconds {
    return this.#context.dependencies.clock.nowUs();
  }

  #ownAddresses(): ReadonlyMap<string, InterfaceAddress> {
    this.#addresses ??= new Map(
      allVirtualAddresses(this.config).flatMap((address) => {
        if (this.config.heldInterfaces?.includes(address.interfaceName ?? "") === true) return [];
        const located = locate(this.config, address, this.#context.view);
        return located === null ? [] : [[addressKey(located), located] as const];
      }),
    );
    return this.#addresses;
  }

  #source(): IpAddress | null {
    return sourceAddress(this.config, this.#context.view, this.#context.virtualAddresses());
  }

  #transport(): VrrpTransport | null {
    const source = this.#source();
    return source === null ? null : buildTransport(this.config, this.#context.view, source);
  }

  #ownFaults(): readonly FaultReason[] {
    const network = networkFaults(this.config, this.#context.view, this.#source());
    const unbound = network.length === 0 && this.#isUnbound() ? [SOURCE_NOT_CONFIGURED] : [];
    return [...network, ...unbound, ...this.#tracking().faults];
  }

  /** A unicast source has to be there when the instance starts or comes back; in between only `track_src_ip` follows it. */
  #isUnbound(): boolean {
    const { sourceAddress: source } = this.config;
    if (this.book.state.kind !== "fault" && source === this.#boundSource) return false;
    if (lacksUnicastSource(this.config, this.#context.view)) return true;
    this.#boundSource = source;
    return false;
  }

  #tracking(): TrackingVerdict {
    return this.#context.dependencies.trackingOf?.(this.config.name) ?? NO_TRACKING;
  }

  #faults(): readonly FaultReason[] {
    const { state } = this.book;
    return state.kind === "fault" || state.kind === "initialize" ? state.reasons : [];
  }

  #carryOut(effects: readonly VrrpEffect[], atUs: Microseconds): void {
    for (const effect of effects) {
      this.#speaker.speak(effect, this.#history.told === "active", atUs);
      switch (effect.kind) {
        case "notify":
          this.#notify(effect, atUs);
          break;
        case "start-timer":
          this.#timers.start(effect.timer, atUs + effect.delayUs - this.#nowUs(), () =>
            this.book.feed({ kind: `${effect.timer}-expired` }, this.#nowUs()),
          );
          break;
        case "stop-timer":
          this.#timers.stop(effect.timer);
          break;
        default:
          break;
      }
    }
  }

  #notify(effect: Extract<ControlEffect, { kind: "notify" }>, atUs: Microseconds): void {
    const change = this.#history.move(this.config.name, effect, this.#isDeleted, atUs);
    this.group?.memberMoves(change.to, this.#speaker.isLate, atUs);
    this.#context.dependencies.onStateChange(change);
    this.group?.memberMoved(this, change.to, atUs);
  }
}

/** Reasons that the network view and the tracked objects give and take. */
function isOwnFault(reason: FaultReason): boolean {
  if (reason === "held by operator" || reason === SOURCE_NOT_CONFIGURED) return true;
  return reason.startsWith("interface ") || reason.startsWith("no IPv") || reason.startsWith("tracked ");
}
