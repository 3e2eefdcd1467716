import { instanceObjects } from "../addressing/instance-objects.ts";
import { namesRoute, namesRule, type RemovedObject } from "../addressing/removed-object.ts";
import { isSameModel } from "../model/equality.ts";
import type { IpAddress, Microseconds } from "../model/units.ts";
import type { InterfaceAddress, PreparedObject, VrrpLoop, VrrpTransport } from "../native/contract.ts";
import { step } from "../vrrp/machine.ts";
import { type RecordedCounts, Recorder, TransitionCounter } from "../vrrp/recording.ts";
import { effectivePriority, electedRouter } from "../vrrp/timers.ts";
import {
  type ControlEffect,
  type FaultReason,
  isShared,
  type NoteEffect,
  type RouterEvent,
  SOURCE_NOT_CONFIGURED,
  shownState,
  type VrrpEffect,
  type VrrpState,
} from "../vrrp/types.ts";
import { objectsWithout } from "./network-objects.ts";
import type { RunningGroup } from "./vrrp-group.ts";
import {
  addressKey,
  allVirtualAddresses,
  extraAddresses,
  lacksUnicastSource,
  locate,
  type NetworkView,
  networkFaults,
  replacedAddresses,
  sourceAddress,
  trackedWeight,
  type VirtualAddressSet,
} from "./vrrp-network.ts";
import { NoteLimit } from "./vrrp-note-limit.ts";
import { OrderBook, type RunningRouter } from "./vrrp-orders.ts";
import { buildTransport } from "./vrrp-transport.ts";
import type { TrackingVerdict, VrrpInstanceSnapshot, VrrpRuntimeDependencies, VrrpStateName } from "./vrrp-types.ts";
import {
  announcementRecords,
  renderNote,
  renderSequenceSync,
  renderSource,
  renderSourceAnnounced,
  renderWithheld,
} from "./vrrp-wording.ts";

/** Two programs that fight over an address shall not keep a processor busy. */
const REPAIR_PAUSE_US = 50_000;
const REOPEN_PAUSE_US = 1_000_000;
/** Enough for several changes of state with what led to them. */
const RECORDED_STEPS = 200;
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
  #isLate = false;
  /** Those that come and go, by key; null after a change of configuration or links. */
  #addresses: ReadonlyMap<string, InterfaceAddress> | null = null;
  readonly #context: RunningInstanceContext;
  readonly #timers = new Map<string, () => void>();
  /** As told to the outside; the book may be a step ahead. */
  #told: VrrpStateName = "initialize";
  #sinceUs: Microseconds;
  #becameActive = 0;
  #releasedActive = 0;
  readonly #removed = new Map<string, InterfaceAddress>();
  readonly #removedObjects = new Set<string>();
  /** Our own removals that netlink will tell of, by key. */
  readonly #withdrawn = new Set<string>();
  #repairedAtUs = Number.NEGATIVE_INFINITY;
  #openFailures = 0;
  /** Undefined before the first look. */
  #lastSource: IpAddress | null | undefined = undefined;
  /** A configured unicast source that the machine has had. */
  #boundSource: IpAddress | null = null;
  readonly #limit = new NoteLimit();
  readonly #recorder = new Recorder(RECORDED_STEPS);
  readonly #transitions = new TransitionCounter();

  constructor(instance: number, config: RunningRouter, context: RunningInstanceContext) {
    this.#context = context;
    this.#sinceUs = context.dependencies.clock.nowUs();
    this.book = new OrderBook(instance, config, {
      loop: context.loop,
      onEffects: (effects, atUs) => this.#carryOut(effects, atUs),
      onFact: (before, event, atUs) => this.#record(before, event, atUs),
    });
  }

  get config(): RunningRouter {
    return this.book.router;
  }

  /** Healthy, and every VIP and eVIP is there. */
  get canAdopt(): boolean {
    const addresses = this.addresses();
    const isWhole = addresses.length > 0 && addresses.length === allVirtualAddresses(this.config).length;
    const isThere = addresses.every((address) => this.#context.view.hasAddress(address));
    return isWhole && isThere && this.#faults().length === 0;
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
    this.#isLate = isLate;
    this.book.feed({ kind: "startup", isDelayed }, this.#nowUs());
  }

  /** Opens the sockets as soon as interface and source address are known, and again when they change. */
  refreshTransport(): void {
    this.#addresses = null;
    this.#saySource();
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
    for (const address of replaced) this.#withdrawn.add(addressKey(address));
    await withdraw(replaced);
    return true;
  }

  /** Tells neighbours where the addresses are; nothing happens unless active. */
  announce(): void {
    const nowUs = this.#nowUs();
    const isBurstDue = nowUs - this.#sinceUs <= this.config.announce.delayUs;
    this.book.feed({ kind: "announce-requested", isBurstDue }, nowUs);
  }

  /** A later burst of announcements has begun; 0 rounds: one of the extra addresses. */
  announced(rounds: number): void {
    const { dependencies } = this.#context;
    if (!dependencies.isDetailed) return;
    const addresses = rounds === 0 ? extraAddresses(this.config) : allVirtualAddresses(this.config);
    announcementRecords(this.config, Math.max(1, rounds), addresses).forEach(dependencies.log);
  }

  /** Withdraws and waits until the loop has done so. */
  async shutDown(isSilent: boolean, isDeleted: boolean): Promise<void> {
    this.#isDeleted = isDeleted;
    this.book.feed({ kind: "shutdown", isSilent }, this.#nowUs());
    await this.book.settled();
    this.stopTimers();
  }

  stopTimers(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
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
    if (this.#withdrawn.delete(addressKey(address))) return;
    if (this.book.state.kind !== "active") return;
    const own = this.#ownAddresses().get(addressKey(address));
    if (own !== undefined) this.#removed.set(addressKey(own), own);
  }

  /** Like `noteRemoval` for a route or rule; `no_track` ones are left alone. */
  noteObjectRemoval(removed: RemovedObject): void {
    if (this.book.state.kind !== "active") return;
    const { virtualRoutes = [], virtualRules = [] } = this.config;
    const isOwn =
      removed.object === "route"
        ? virtualRoutes.some((route) => route.isTracked && namesRoute(route, removed))
        : virtualRules.some((rule) => rule.isTracked && namesRule(rule, removed));
    const { object, destination, prefixLength, priority } = removed;
    if (isOwn)
      this.#removedObjects.add(object === "rule" ? `rule ${priority}` : `route ${destination}/${prefixLength}`);
  }

  /** Puts back what was noted, unless it has come back or the instance has stepped down since. */
  repair(): void {
    if (this.#removed.size + this.#removedObjects.size === 0) return;
    const waitUs = this.#repairedAtUs + REPAIR_PAUSE_US - this.#nowUs();
    if (waitUs > 0) {
      this.#startTimer("repair", waitUs, () => this.repair());
      return;
    }
    const missing = [...this.#removed.values()].filter((address) => !this.#context.view.hasAddress(address));
    const addresses = [...missing.map(({ address }) => address), ...this.#removedObjects];
    this.#removed.clear();
    this.#removedObjects.clear();
    if (addresses.length === 0 || this.book.state.kind !== "active") return;
    this.#repairedAtUs = this.#nowUs();
    const reaction = this.#context.onAddressRemoved();
    this.book.feed({ kind: "addresses-removed", reaction, addresses }, this.#nowUs());
  }

  /** An instance that cannot hear must not take over, so it is at fault until its sockets open. */
  onOpenFailure(): void {
    this.#openFailures += 1;
    this.book.feed({ kind: "fault-raised", reason: "sockets not open" }, this.#nowUs());
    this.#startTimer("reopen", REOPEN_PAUSE_US, () => void this.#reopen());
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
      state: this.#told,
      sinceUs: this.#sinceUs,
      basePriority: priority,
      effectivePriority: effectivePriority(electedRouter(this.config, state), state.weight),
      sourceAddress: this.#source(),
      activeRouter: state.kind === "backup" ? state.activeRouter : null,
      faultReasons: this.#faults(),
      virtualAddresses: allVirtualAddresses(this.config).map(
        ({ address, prefixLength }) => `${address}/${prefixLength}`,
      ),
      becameActive: this.#becameActive,
      releasedActive: this.#releasedActive,
      counters: this.#context.loop.counters(this.book.instance),
      recording: this.#recorder.steps(),
      transitions: this.#transitions.counts(),
    };
  }

  #record(before: VrrpState, event: RouterEvent, atUs: Microseconds): void {
    const { loop } = this.#context;
    const after = step(this.config, before, event).state;
    const isChange = after.kind !== before.kind;
    this.#transitions.add(shownState(before), event, shownState(after));
    const counters = isChange ? loop.counters(this.book.instance) : null;
    const counts: RecordedCounts | null = counters && {
      advertsSent: counters.advertsSent,
      advertsReceived: counters.advertsReceived,
      dropped: counters.dropped,
      maxLatenessUs: loop.health().lateness.maxUs,
    };
    this.#recorder.add({ atUs, before, event, basePriority: this.config.priority, counts });
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

  #saySource(): void {
    const source = this.#source();
    const before = this.#lastSource;
    this.#lastSource = source;
    if (source === before || before === undefined) return;
    this.#context.dependencies.log(renderSource(this.config, source, before));
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

  /** keepalived binds to a unicast source when it starts; what becomes of it later only `track_src_ip` follows. */
  #isUnbound(): boolean {
    const { sourceAddress: source } = this.config;
    if (source === this.#boundSource) return false;
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
    const { dependencies } = this.#context;
    for (const effect of effects) {
      switch (effect.kind) {
        case "note":
          this.#observe(effect);
          if (effect.level !== "detail" || dependencies.isDetailed) this.#say(effect, atUs);
          break;
        case "announce":
          if (dependencies.isDetailed) announcementRecords(this.config, effect.rule.repeat).forEach(dependencies.log);
          break;
        case "announce-source":
          if (dependencies.isDetailed && this.#lastSource)
            dependencies.log(renderSourceAnnounced(this.config, this.#lastSource));
          break;
        case "notify":
          this.#notify(effect, atUs);
          break;
        case "start-timer":
          this.#startTimer(effect.timer, atUs + effect.delayUs - this.#nowUs(), () =>
            this.book.feed({ kind: `${effect.timer}-expired` }, this.#nowUs()),
          );
          break;
        case "stop-timer":
          this.#stopTimer(effect.timer);
          break;
        default:
          break;
      }
    }
  }

  /** Two things that notify scripts and FIFOs want to know, besides the states. */
  #observe({ message, fields }: NoteEffect): void {
    const { dependencies } = this.#context;
    const instance = this.config.name;
    if (message === "effective priority changed") {
      const isActive = this.#told === "active";
      dependencies.onPriorityChange?.({ instance, isActive, priority: Number(fields["to"]) });
    }
    if (message === "lower priority while active") {
      dependencies.onLowerPriorityHeard?.({ instance, isActive: true, priority: Number(fields["ownPriority"]) });
    }
  }

  /** keepalived: an instance that had to wait for its scripts enters its first state like any later one. */
  #say(spoken: NoteEffect, atUs: Microseconds): void {
    const { dependencies } = this.#context;
    if (this.#isLate && spoken.message === "startup fault") return;
    const isInitial = spoken.fields["isInitial"] === true && !this.#isLate;
    const effect = spoken.message === "state change" ? { ...spoken, fields: { ...spoken.fields, isInitial } } : spoken;
    const withheld = this.#limit.admit(effect.message, atUs);
    if (withheld === null) return;
    const { name } = this.config;
    if (withheld > 0) dependencies.log(renderWithheld(name, withheld));
    dependencies.log(renderNote(name, effect));
    const isAh = this.config.version === 2 && this.config.authentication.kind === "ah";
    if (isAh && effect.message === "lower priority while active") dependencies.log(renderSequenceSync(name));
  }

  #notify(effect: Extract<ControlEffect, { kind: "notify" }>, atUs: Microseconds): void {
    const { priority } = effect;
    const from = effect.from === "adopting" ? "initialize" : effect.from;
    if (effect.to === "active") this.#becameActive += 1;
    if (from === "active") this.#releasedActive += 1;
    this.#told = effect.to === "stop" || effect.to === "adopting" ? "initialize" : effect.to;
    this.#sinceUs = atUs;
    const to = effect.to === "stop" ? (this.#isDeleted ? "deleted" : "stop") : this.#told;
    this.group?.memberMoves(to, atUs);
    this.#context.dependencies.onStateChange({ instance: this.config.name, from, to, priority, atUs });
    this.group?.memberMoved(this, to, atUs);
  }

  #startTimer(name: string, delayUs: Microseconds, run: () => void): void {
    this.#stopTimer(name);
    const cancel = this.#context.dependencies.clock.after(Math.max(0, delayUs), () => {
      this.#timers.delete(name);
      run();
    });
    this.#timers.set(name, cancel);
  }

  #stopTimer(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

/** Reasons that the network view and the tracked objects give and take. */
function isOwnFault(reason: FaultReason): boolean {
  if (reason === "held by operator" || reason === SOURCE_NOT_CONFIGURED) return true;
  return reason.startsWith("interface ") || reason.startsWith("no IPv") || reason.startsWith("tracked ");
}
