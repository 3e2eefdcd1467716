import type { Diagnostic } from "../model/diagnostic.ts";
import { pairInstances } from "../model/diff.ts";
import type { Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { InterfaceAddress, Link, VrrpEvent, VrrpLoop, VrrpLoopHealth } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import { complaintsAbout, tellOfAwaited } from "./vrrp-complaints.ts";
import { EventDispatch } from "./vrrp-dispatch.ts";
import { SessionFollowers } from "./vrrp-followers.ts";
import { adoptersAmong, isHeldBack, RunningGroups, withRoles } from "./vrrp-group.ts";
import { RunningInstance } from "./vrrp-instance.ts";
import { LinkDelays } from "./vrrp-link-delays.ts";
import { NetworkView, namedInterfaces, VirtualAddressSet } from "./vrrp-network.ts";
import type { RunningRouter } from "./vrrp-orders.ts";
import { Pacemaker } from "./vrrp-pacing.ts";
import { AddressSweeper } from "./vrrp-sweeper.ts";
import type {
  VrrpInstanceSnapshot,
  VrrpRuntime,
  VrrpRuntimeDependencies,
  VrrpRuntimeOptions,
  VrrpSurroundings,
} from "./vrrp-types.ts";
import { renderLink, spoken } from "./vrrp-wording.ts";

/** A loop that does not answer must not hang the end of the program. */
const STOP_PATIENCE_US = 2_000_000;

/** The VRRP half of the daemon: owns the instances and the vrrp loop. */
export function createVrrpRuntime(options: VrrpRuntimeOptions, dependencies: VrrpRuntimeDependencies): VrrpRuntime {
  return new Runtime(options, dependencies);
}

class Runtime implements VrrpRuntime {
  readonly #options: VrrpRuntimeOptions;
  readonly #dependencies: VrrpRuntimeDependencies;
  readonly #view = new NetworkView();
  readonly #sweeper: AddressSweeper;
  #instances: readonly RunningInstance[] = [];
  readonly #byNumber = new Map<number, RunningInstance>();
  readonly #groups: RunningGroups;
  #garpGroups: VrrpRuntimeOptions["garpGroups"];
  #onAddressRemoved: "repair" | "yield";
  #allowsMissingInterfaces: boolean;
  #logsUnknownVrids: boolean;
  readonly #linkDelays: LinkDelays;
  readonly #pacemaker = new Pacemaker();
  #lastNumber = 0;
  readonly #followers: SessionFollowers;
  readonly #dispatch: EventDispatch;
  readonly #withdraw = (addresses: readonly InterfaceAddress[]): Promise<void> => this.#sweeper.remove(addresses);
  #loop: VrrpLoop | null = null;
  /** Until the first dump events wait. */
  #early: VrrpEvent[] | null = [];
  #cancelTimers: (() => void)[] = [];
  /** Start, reload and stop run one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #isStartupDelayed = false;
  /** A dump waits already, so further lost events need none of their own. */
  #isDumpDue = false;
  #virtualAddresses = new VirtualAddressSet([]);

  constructor(options: VrrpRuntimeOptions, dependencies: VrrpRuntimeDependencies) {
    this.#options = options;
    this.#garpGroups = options.garpGroups;
    this.#sweeper = new AddressSweeper(this.#view, dependencies);
    this.#dependencies = dependencies;
    this.#groups = new RunningGroups(dependencies);
    this.#followers = new SessionFollowers((name) => dependencies.fatalSessionsOf?.(name) ?? []);
    this.#dispatch = new EventDispatch({
      dependencies,
      view: this.#view,
      instanceAt: (number) => this.#byNumber.get(number),
      logsUnknownVrids: () => this.#logsUnknownVrids,
      hasVrid: (vrid) => this.#instances.some(({ config }) => config.vrid === vrid),
      renewLease: () => this.#loop?.renewLease(),
    });
    this.#onAddressRemoved = options.onAddressRemoved ?? "repair";
    this.#logsUnknownVrids = options.logsUnknownVrids === true;
    this.#allowsMissingInterfaces = options.allowsMissingInterfaces;
    const { clock, log } = dependencies;
    const onSettled = (link: Link): void => {
      this.#trackNetwork({ kind: "link", link, isDeleted: false, atUs: clock.nowUs() });
      this.#refresh();
      this.#groups.shareFaults();
    };
    this.#linkDelays = new LinkDelays({ view: this.#view, clock, log, onSettled });
  }

  start(): Promise<readonly Diagnostic[]> {
    return this.#queue(() => this.#start());
  }

  reload(instances: readonly VrrpInstance[], surroundings: VrrpSurroundings): Promise<readonly Diagnostic[]> {
    return this.#queue(() => this.#reload(instances, surroundings));
  }

  stop(): Promise<void> {
    return this.#queue(() => this.#stop());
  }

  refreshTracking(): void {
    if (this.#loop === null || this.#isStopped) return;
    this.#refreshConditions(this.#instances);
    this.#startHeldBack();
  }

  announce(instance: string): void {
    if (this.#loop === null || this.#isStopped) return;
    this.#instances.find(({ config }) => config.name === instance)?.announce();
  }

  setPreempt(name: string, preemptMode: boolean): void {
    if (this.#loop === null || this.#isStopped) return;
    const instance = this.#instances.find(({ config }) => config.name === name);
    const done = instance?.reconfigure({ ...instance.config, preemptMode }, this.#withdraw);
    done?.catch((error: unknown) => this.#log(spoken("error", "preemption not set", { reason: String(error) })));
  }

  snapshot(): readonly VrrpInstanceSnapshot[] {
    return this.#loop === null ? [] : this.#instances.map((instance) => instance.snapshot());
  }

  health(): VrrpLoopHealth | null {
    return this.#loop?.health() ?? null;
  }

  #queue<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #start(): Promise<readonly Diagnostic[]> {
    await this.#dump();
    const complaints = this.#complaints(this.#options.instances, this.#allowsMissingInterfaces);
    if (complaints.length > 0) return complaints;
    for (const record of tellOfAwaited(this.#options.instances, this.#view)) this.#log(record);
    const loop = this.#dependencies.createLoop((events) => this.#onEvents(events));
    this.#loop = loop;
    await this.#dump();
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) this.#trackNetwork(event);
    this.#renewLease(loop);
    this.#adoptVirtualAddresses(this.#options.instances, this.#options);
    const { startupDelayUs, syncGroups } = this.#options;
    const configs = this.#place(this.#options.instances, this.#options);
    this.#instances = configs.map((config) => this.#create(config, loop));
    this.#groups.form(this.#instances, configs, syncGroups, loop);
    this.#followers.apply(this.#instances, loop);
    this.#prepare(this.#instances);
    const adopters = startupDelayUs === 0 && this.#options.adoptsAddresses ? adoptersAmong(this.#instances) : [];
    const starters = this.#instances.filter((instance) => !adopters.includes(instance));
    for (const instance of adopters) instance.adopt(isHeldBack(instance));
    await this.#sweeper.removeLeftOvers(starters);
    this.#isStartupDelayed = startupDelayUs > 0;
    this.#startReady(starters);
    if (startupDelayUs > 0) this.#delayStartup(startupDelayUs);
    return [];
  }

  #setPace(): void {
    const configs = this.#instances.map(({ config }) => config);
    if (this.#loop !== null) this.#pacemaker.apply(configs, this.#garpGroups, this.#view, this.#loop);
  }

  /** A member whose fault goes must know of another one's that comes. */
  #refreshConditions(instances: readonly RunningInstance[]): void {
    for (const instance of instances) instance.raiseFaults();
    this.#groups.shareFaults();
    for (const instance of instances) instance.clearFaults();
    this.#groups.shareFaults();
  }

  /** What is known before the start; no instance starts before all of its group know. */
  #prepare(instances: readonly RunningInstance[]): void {
    this.#setPace();
    for (const instance of instances) instance.refreshTransport();
    this.#refreshConditions(instances);
  }

  #startReady(instances: readonly RunningInstance[]): void {
    for (const instance of instances) if (!isHeldBack(instance)) instance.start(this.#isStartupDelayed, false);
  }

  #startHeldBack(): void {
    for (const instance of this.#instances.filter((one) => !isHeldBack(one))) {
      if (instance.isStarted) instance.release();
      else instance.start(this.#isStartupDelayed, true);
    }
  }

  async #reload(plain: readonly VrrpInstance[], surroundings: VrrpSurroundings): Promise<readonly Diagnostic[]> {
    const { syncGroups, garpGroups, onAddressRemoved } = surroundings;
    const loop = this.#loop;
    if (loop === null || this.#isStopped) return [];
    const allowsMissing = surroundings.allowsMissingInterfaces ?? this.#allowsMissingInterfaces;
    const complaints = this.#complaints(plain, allowsMissing);
    if (complaints.length > 0) return complaints;
    this.#allowsMissingInterfaces = allowsMissing;
    const configs = this.#place(plain, surroundings);
    this.#onAddressRemoved = onAddressRemoved ?? "repair";
    this.#logsUnknownVrids = surroundings.logsUnknownVrids === true;
    const pairs = pairInstances(this.#instances, configs, ({ config }) => config);
    const surplus = this.#instances.flatMap((instance) => instance.addresses());
    const objects = this.#instances.flatMap((instance) => instance.objects());
    const next = configs.map((config, at) => ({ config, known: pairs[at] ?? null }));
    const surplusInstances = this.#instances.filter((instance) => !pairs.includes(instance));
    await Promise.all(surplusInstances.map((instance) => this.#remove(instance, loop)));
    this.#adoptVirtualAddresses(configs, surroundings);
    this.#instances = next.map(({ config, known }) => known ?? this.#create(config, loop));
    this.#garpGroups = garpGroups;
    this.#groups.form(this.#instances, configs, syncGroups, loop);
    await Promise.all(next.map(({ config, known }) => known?.reconfigure(config, this.#withdraw)));
    this.#followers.apply(this.#instances, loop);
    this.#refreshConditions(next.flatMap(({ known }) => known ?? []));
    const added = this.#instances.filter((instance) => !next.some(({ known }) => known === instance));
    await this.#sweeper.removeSurplus(surplus, this.#instances);
    await this.#sweeper.removeSurplusObjects(objects, this.#instances);
    await this.#sweeper.removeLeftOvers(added);
    this.#prepare(added);
    this.#startReady(added);
    return [];
  }

  #place(plain: readonly VrrpInstance[], surroundings: VrrpSurroundings): readonly RunningRouter[] {
    const { syncGroups, interfaceDelays = [] } = surroundings;
    return this.#linkDelays.configure(interfaceDelays, withRoles(plain, syncGroups));
  }

  async #stop(): Promise<void> {
    const loop = this.#loop;
    if (loop === null || this.#isStopped) return;
    const { clock } = this.#dependencies;
    const patience = new Promise<void>((resolve) => this.#cancelTimers.push(clock.after(STOP_PATIENCE_US, resolve)));
    const silent = this.#options.keepsAddresses;
    const done = this.#instances.map((instance) => instance.shutDown(silent, false));
    await Promise.race([Promise.all(done), patience]);
    this.#isStopped = true;
    this.#linkDelays.stop();
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
    for (const instance of this.#instances) instance.stopTimers();
    loop.close();
    this.#loop = null;
  }

  async #dump(): Promise<void> {
    const { rtnetlink } = this.#dependencies;
    const [links, addresses] = await Promise.all([rtnetlink.links(), rtnetlink.addresses()]);
    this.#view.replace(links, addresses);
  }

  #complaints(configs: readonly VrrpInstance[], allowsMissing: boolean): readonly Diagnostic[] {
    return complaintsAbout(configs, allowsMissing ? null : this.#view);
  }

  #adoptVirtualAddresses(configs: readonly VrrpInstance[], { staticAddresses }: VrrpSurroundings): void {
    this.#virtualAddresses = new VirtualAddressSet(configs, staticAddresses);
  }

  #create(config: RunningRouter, loop: VrrpLoop): RunningInstance {
    this.#lastNumber += 1;
    const instance = new RunningInstance(this.#lastNumber, config, {
      dependencies: this.#dependencies,
      loop,
      view: this.#view,
      virtualAddresses: () => this.#virtualAddresses,
      onAddressRemoved: () => this.#onAddressRemoved,
    });
    this.#byNumber.set(this.#lastNumber, instance);
    return instance;
  }

  async #remove(instance: RunningInstance, loop: VrrpLoop): Promise<void> {
    await instance.shutDown(false, true);
    this.#byNumber.delete(instance.book.instance);
    loop.closeInstance(instance.book.instance);
  }

  #renewLease(loop: VrrpLoop): void {
    const { leaseUs } = this.#options;
    if (leaseUs === 0 || this.#isStopped) return;
    loop.renewLease();
    this.#later(leaseUs / 4, () => this.#renewLease(loop));
  }

  #delayStartup(delayUs: Microseconds): void {
    const seconds = Math.round(delayUs / 1_000_000);
    this.#log(spoken("info", "delaying startup", { seconds }, `Delaying startup for ${seconds} seconds`));
    this.#later(delayUs, () => {
      this.#isStartupDelayed = false;
      this.#log(spoken("info", "delayed start completed", {}, "Delayed start completed"));
      const atUs = this.#dependencies.clock.nowUs();
      for (const instance of this.#instances) instance.book.feed({ kind: "startup-delay-expired" }, atUs);
    });
  }

  #later(delayUs: Microseconds, run: () => void): void {
    const cancel = this.#dependencies.clock.after(delayUs, () => {
      this.#cancelTimers = this.#cancelTimers.filter((other) => other !== cancel);
      run();
    });
    this.#cancelTimers.push(cancel);
  }

  #onEvents(events: readonly VrrpEvent[]): void {
    if (this.#early !== null) {
      this.#early.push(...events);
      return;
    }
    if (this.#isStopped) return;
    let isNetworkNews = false;
    for (const event of events) {
      if (event.kind === "link" || event.kind === "address") isNetworkNews = this.#onNetwork(event) || isNetworkNews;
      else if (event.kind === "object-removed")
        for (const instance of this.#instances) instance.noteObjectRemoval(event);
      else if (event.kind === "overrun") this.#catchUp(event.atUs);
      else this.#dispatch.take(event);
    }
    if (isNetworkNews) this.#refresh();
    this.#groups.shareFaults();
    for (const instance of this.#instances) instance.repair();
  }

  /** @returns true when faults, priorities or source addresses may follow from it; VIPs that come and go are not such news */
  #onNetwork(event: Extract<VrrpEvent, { kind: "link" | "address" }>): boolean {
    if (event.kind === "link" && !this.#linkDelays.admit(event.link, event.isDeleted)) return false;
    this.#trackNetwork(event);
    if (event.kind === "link") return true;
    if (!this.#virtualAddresses.has(event.address)) return true;
    if (event.isDeleted) for (const instance of this.#instances) instance.noteRemoval(event.address);
    return false;
  }

  #refresh(): void {
    this.#setPace();
    for (const instance of this.#instances) instance.refreshTransport();
    this.#refreshConditions(this.#instances);
  }

  #trackNetwork(event: VrrpEvent): void {
    if (event.kind === "address") this.#view.setAddress(event.address, event.isDeleted);
    if (event.kind !== "link") return;
    const before = this.#view.setLink(event.link, event.isDeleted);
    const names = [event.link.name, before?.name ?? event.link.name];
    if (!this.#instances.some(({ config }) => namedInterfaces(config).some((name) => names.includes(name)))) return;
    const record = renderLink(event.link, event.isDeleted, before);
    if (record !== null) this.#dependencies.log(record);
  }

  /** Events were lost: look at everything again. */
  #catchUp(atUs: Microseconds): void {
    this.#log(spoken("warning", "events lost", { atUs }));
    for (const { book } of this.#instances) book.probe(atUs);
    if (this.#isDumpDue) return;
    this.#isDumpDue = true;
    const dumped = this.#queue(async () => {
      this.#isDumpDue = false;
      if (this.#isStopped) return;
      await this.#dump();
      this.#refresh();
      for (const instance of this.#instances) {
        instance.noteMissing();
        instance.repair();
      }
    });
    dumped.catch((error: unknown) => this.#log(spoken("error", "network dump failed", { reason: String(error) })));
  }

  #log(record: SpokenRecord): void {
    this.#dependencies.log(record);
  }
}
