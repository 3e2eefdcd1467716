import type {
  AdvertFacts,
  AnnouncePacing,
  VrrpAction,
  VrrpCounters,
  VrrpEvent,
  VrrpLoop,
  VrrpLoopHealth,
  VrrpOrder,
  VrrpPhaseName,
  VrrpPlan,
  VrrpProgram,
  VrrpTransport,
  VrrpTrigger,
} from "../../src/native/contract.ts";
import { classifyAdvert } from "../../src/vrrp/election.ts";
import { NO_TIMES } from "./loop-samples.ts";
import { applyTimer, isSameAdvert, type ModelInstance, openedInstance, ZERO_COUNTERS } from "./model-instance.ts";

/** One action that the loop carried out. */
export interface TraceEntry {
  readonly atUs: number;
  readonly instance: number;
  readonly action: VrrpAction;
}

type Command =
  | { readonly kind: "open"; readonly instance: number; readonly transport: VrrpTransport }
  | { readonly kind: "close"; readonly instance: number }
  | { readonly kind: "submit"; readonly instance: number; readonly order: VrrpOrder }
  | { readonly kind: "group"; readonly members: readonly number[] }
  | { readonly kind: "renew" };

/** What reaches the wire or the kernel; a test's world listens here. */
export interface ModelWorld {
  onAction(instance: number, transport: VrrpTransport, action: VrrpAction, atUs: number): void;
}

/**
 * The vrrp loop of the contract on a virtual clock: it interprets programs and holds no policy.
 * Commands wait until `turn`, events until `takeEvents`, so that a test decides who is late.
 */
export class ModelLoop implements VrrpLoop {
  nowUs = 0;
  readonly trace: TraceEntry[] = [];
  isClosed = false;
  pacing: readonly AnnouncePacing[] = [];
  readonly #instances = new Map<number, ModelInstance>();
  #groups: readonly (readonly number[])[] = [];
  readonly #commands: Command[] = [];
  readonly #followers = new Map<number, readonly number[]>();
  #events: VrrpEvent[] = [];
  readonly #leaseUs: number;
  #leaseAtUs: number | null;
  readonly #world: ModelWorld | null;

  constructor(options: { readonly leaseUs: number; readonly world: ModelWorld | null }) {
    this.#leaseUs = options.leaseUs;
    this.#leaseAtUs = options.leaseUs > 0 ? options.leaseUs : null;
    this.#world = options.world;
  }

  openInstance(instance: number, transport: VrrpTransport): void {
    this.#commands.push({ kind: "open", instance, transport });
  }

  closeInstance(instance: number): void {
    this.#commands.push({ kind: "close", instance });
  }

  submit(instance: number, order: VrrpOrder): void {
    this.#commands.push({ kind: "submit", instance, order });
  }

  setGroup(members: readonly number[]): void {
    this.#commands.push({ kind: "group", members });
  }

  setFollowers(session: number, instances: readonly number[]): void {
    this.#followers.set(session, instances);
  }

  /** A BFD session is lost. */
  loseSession(session: number): void {
    for (const id of this.#followers.get(session) ?? []) {
      const instance = this.#instances.get(id);
      if (instance !== undefined) this.#trigger(instance, "session-lost", null);
    }
  }

  setPacing(groups: readonly AnnouncePacing[]): void {
    this.pacing = groups;
  }

  renewLease(): void {
    this.#commands.push({ kind: "renew" });
  }

  counters(instance: number): VrrpCounters | null {
    const known = this.#instances.get(instance);
    if (known === undefined) return null;
    const { advertsSent, priorityZeroSent } = known;
    return { ...ZERO_COUNTERS, advertsSent, priorityZeroSent };
  }

  health(): VrrpLoopHealth {
    const lateness = { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 };
    return { heartbeats: 1, commands: 0, eventsLost: 0, unknownVrids: 0, lateness, advertLateness: NO_TIMES };
  }

  close(): void {
    if (this.isClosed) return;
    this.turn();
    this.isClosed = true;
  }

  /** Takes the commands that wait. */
  turn(): void {
    for (const command of this.#commands.splice(0)) this.#take(command);
  }

  takeEvents(): readonly VrrpEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Events that find the ring full. */
  loseEvents(): void {
    this.#events = [{ kind: "overrun", atUs: this.nowUs }];
  }

  /** A netlink event. */
  emit(event: VrrpEvent): void {
    this.#events.push(event);
  }

  /** When the next timer fires; null when none is armed. */
  nextTimerUs(): number | null {
    const times: number[] = this.#leaseAtUs === null ? [] : [this.#leaseAtUs];
    for (const { adverAtUs, activeDownAtUs } of this.#instances.values()) {
      if (adverAtUs !== null) times.push(adverAtUs);
      if (activeDownAtUs !== null) times.push(activeDownAtUs);
    }
    return times.length === 0 ? null : Math.min(...times);
  }

  /** The whole process was stopped until now; what is due is still to be done. */
  wakeAt(atUs: number): void {
    this.nowUs = Math.max(this.nowUs, atUs);
  }

  /** Runs the timers that are due until then, in order. */
  advanceTo(atUs: number): void {
    for (let next = this.nextTimerUs(); next !== null && next <= atUs; next = this.nextTimerUs()) {
      this.nowUs = Math.max(this.nowUs, next);
      this.#fireOne(next);
    }
    this.nowUs = Math.max(this.nowUs, atUs);
  }

  receive(number: number, advert: AdvertFacts): void {
    const instance = this.#instances.get(number);
    if (instance?.program == null) return;
    const { family, sourceAddress } = instance.transport;
    const own = { priority: instance.program.ownPriority, address: sourceAddress, family };
    this.#trigger(instance, classifyAdvert(own, advert), advert);
  }

  loseLink(number: number): void {
    const instance = this.#instances.get(number);
    if (instance !== undefined) this.#trigger(instance, "link-lost", null);
  }

  phaseOf(number: number): VrrpPhaseName | null {
    return this.#instances.get(number)?.phase ?? null;
  }

  programOf(number: number): VrrpProgram | null {
    const instance = this.#instances.get(number);
    return instance?.program == null ? null : { ...instance.program, phase: instance.phase };
  }

  hasAddresses(number: number): boolean {
    return this.#instances.get(number)?.hasAddresses ?? false;
  }

  transportOf(number: number): VrrpTransport | null {
    return this.#instances.get(number)?.transport ?? null;
  }

  instanceNumbers(): readonly number[] {
    return [...this.#instances.keys()];
  }

  /** Somebody else took the addresses away. */
  dropAddresses(number: number): void {
    const instance = this.#instances.get(number);
    if (instance !== undefined) instance.hasAddresses = false;
  }

  #take(command: Command): void {
    switch (command.kind) {
      case "open":
        this.#open(command.instance, command.transport);
        break;
      case "close":
        this.#instances.delete(command.instance);
        this.#group([command.instance]);
        break;
      case "group":
        this.#group(command.members);
        break;
      case "renew":
        this.#leaseAtUs = this.#leaseUs > 0 ? this.nowUs + this.#leaseUs : null;
        break;
      case "submit":
        this.#order(command.instance, command.order);
        break;
    }
  }

  #group(members: readonly number[]): void {
    const others = this.#groups.map((group) => group.filter((member) => !members.includes(member)));
    this.#groups = [...others, members].filter((group) => group.length > 1);
  }

  #othersOf(instance: ModelInstance): readonly number[] {
    const group = this.#groups.find((members) => members.includes(instance.number)) ?? [];
    return group.filter((member) => member !== instance.number);
  }

  #doOthersWish(instance: ModelInstance): boolean {
    return this.#othersOf(instance).every((number) => {
      const other = this.#instances.get(number);
      return other !== undefined && (other.wishesActive || other.phase === "active");
    });
  }

  #open(number: number, transport: VrrpTransport): void {
    const known = this.#instances.get(number);
    if (known !== undefined) {
      known.transport = transport;
      return;
    }
    this.#instances.set(number, openedInstance(number, transport));
  }

  #order(number: number, order: VrrpOrder): void {
    const instance = this.#instances.get(number);
    if (instance === undefined) return;
    const told = { instance: number, order: order.order, atUs: this.nowUs };
    if (order.epoch !== instance.epoch) {
      this.#events.push({ kind: "refused", ...told, epoch: instance.epoch, phase: instance.phase });
      return;
    }
    for (const action of order.actions) this.#run(instance, action, null);
    instance.program = order.program;
    this.#enter(instance, order.program.phase);
    this.#events.push({ kind: "accepted", ...told });
  }

  #fireOne(atUs: number): void {
    if (this.#leaseAtUs === atUs) {
      this.#leaseAtUs = null;
      for (const instance of this.#instances.values()) this.#trigger(instance, "lease-lapsed", null);
      return;
    }
    for (const instance of this.#instances.values()) {
      if (instance.activeDownAtUs === atUs) {
        instance.activeDownAtUs = null;
        this.#trigger(instance, "active-down", null);
        return;
      }
      if (instance.adverAtUs === atUs) {
        instance.adverAtUs = null;
        this.#trigger(instance, "adver", null);
        return;
      }
    }
  }

  #trigger(instance: ModelInstance, trigger: VrrpTrigger, advert: AdvertFacts | null): void {
    if (instance.program === null || instance.program.ignored[instance.phase].includes(trigger)) return;
    const plan = instance.program.plans[instance.phase].find((candidate) => candidate.trigger === trigger);
    const told = { instance: instance.number, trigger, atUs: this.nowUs };
    if (plan === undefined) {
      this.#events.push({ kind: "happened", ...told, advert });
      if (advert !== null) instance.told = advert;
      return;
    }
    if (plan.whileOthersWait !== null && !this.#doOthersWish(instance)) {
      for (const action of plan.whileOthersWait) this.#run(instance, action, advert);
      instance.wishesActive = true;
      return;
    }
    this.#runPlan(instance, plan, advert);
    if (plan.isReported) {
      instance.epoch += 1;
      this.#events.push({ kind: "ran", ...told, epoch: instance.epoch, advert });
    } else if (advert !== null && !isSameAdvert(instance.told, advert)) {
      this.#events.push({ kind: "heard", ...told, advert });
    }
    if (advert !== null) instance.told = advert;
    if (plan.pulls === null) return;
    for (const number of this.#othersOf(instance)) {
      const other = this.#instances.get(number);
      if (other !== undefined) this.#trigger(other, plan.pulls, null);
    }
  }

  #runPlan(instance: ModelInstance, plan: VrrpPlan, advert: AdvertFacts | null): void {
    for (const action of plan.actions) this.#run(instance, action, advert);
    this.#enter(instance, plan.next);
  }

  #enter(instance: ModelInstance, phase: VrrpPhaseName): void {
    if (instance.phase !== phase) {
      instance.told = null;
      if (phase !== "backup" && phase !== "held") instance.wishesActive = false;
    }
    instance.phase = phase;
  }

  #run(instance: ModelInstance, action: VrrpAction, advert: AdvertFacts | null): void {
    this.trace.push({ atUs: this.nowUs, instance: instance.number, action });
    applyTimer(instance, action, advert, this.nowUs);
    if (action.kind === "add-addresses") instance.hasAddresses = true;
    if (action.kind === "remove-addresses") instance.hasAddresses = false;
    if (action.kind === "send-advert") {
      instance.advertsSent += 1;
      if (action.priority === 0) instance.priorityZeroSent += 1;
    }
    this.#world?.onAction(instance.number, instance.transport, action, this.nowUs);
  }
}
