import type { LinkFacts as StackedLink } from "../addressing/link-message.ts";
import type { LinkFacts, MibFacts } from "../api/mib-facts.ts";
import type { MibSetter } from "../api/mib-writable.ts";
import { placeConfiguration } from "../api/placed.ts";
import { protocolError } from "../api/protocol-error.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon } from "../native/contract.ts";
import { Aged } from "../runtime/aged.ts";
import type { DaemonStatus } from "../runtime/daemon-types.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import type { LvsPoolEvent, LvsUsage } from "../runtime/lvs-types.ts";
import { readLinkFacts } from "../runtime/network-vmacs.ts";
import { DEFAULT_AGENT, parseAgentAddress } from "../runtime/snmp-address.ts";
import type { SnmpAgent } from "../runtime/snmp-agent.ts";
import type { StateObserver } from "../runtime/state-observers.ts";
import { COMPATIBLE_VERSION, VERSION } from "../runtime/version.ts";
import type { VrrpDrop, VrrpGroupChange, VrrpStateChange } from "../runtime/vrrp-types.ts";
import type { MibNode } from "../snmp/mib.ts";
import type { VarBind } from "../snmp/values.ts";
import type { Flags } from "./flags.ts";
import { createSnmpSetter, type SnmpSetterContext } from "./snmp-setter.ts";

export interface SnmpContext {
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** Null unless the daemon is up. */
  readonly status: () => DaemonStatus | null;
  readonly overrides: SnmpSetterContext["overrides"];
  readonly operator: SnmpSetterContext["operator"];
  /** What passes through the kernel's table; never rejects. */
  readonly usage: () => Promise<LvsUsage | null>;
}

/** What is served, and where. */
interface Wanted {
  readonly place: string;
  readonly vrrp: boolean;
  readonly checkers: boolean;
  readonly v2: boolean;
  readonly v3: boolean;
}

/** Loaded only where SNMP is asked for. */
interface Modules {
  readonly traps: typeof import("../api/traps.ts");
  readonly writablesOf: typeof import("../api/mib-writable.ts")["writablesOf"];
  readonly buildView: (wanted: Wanted, facts: MibFacts) => MibNode;
}

/** Answers are made of facts of this age at most, so that a walk costs no more than a few looks a second. */
const VIEW_AGE_MS = 1000;
/** Notifications that come together share a look. */
const TRAP_AGE_MS = 50;
/** Without a master a reload may ask for another place. */
const MOST_EARLY = 64;

/** The tree over what was looked up at one moment. */
interface View {
  readonly facts: MibFacts;
  readonly node: MibNode;
}

async function loadModules(): Promise<Modules> {
  const [traps, { writablesOf }, global, vrrp, checkers, rfc, { joined }] = await Promise.all([
    import("../api/traps.ts"),
    import("../api/mib-writable.ts"),
    import("../api/mib-global.ts"),
    import("../api/mib-vrrp.ts"),
    import("../api/mib-checkers.ts"),
    import("../api/mib-rfc.ts"),
    import("../snmp/mib.ts"),
  ]);
  const buildView = (wanted: Wanted, facts: MibFacts): MibNode =>
    joined([
      ...(wanted.vrrp || wanted.checkers ? [global.globalTables(facts)] : []),
      ...(wanted.vrrp ? [vrrp.vrrpTables(facts)] : []),
      ...(wanted.checkers ? [checkers.checkerTables(facts)] : []),
      ...(wanted.v2 ? [rfc.v2Tables(facts)] : []),
      ...(wanted.v3 ? [rfc.v3Tables(facts)] : []),
    ]);
  return { traps, writablesOf, buildView };
}

/** One reading of the kernel's table serves virtual and real servers: as old as either may be. */
function countsAgeMs(configuration: CompleteConfiguration | null): number {
  const { virtualServersUs = 0, realServersUs = 0 } = configuration?.global.snmp.countAges ?? {};
  return Math.min(virtualServersUs, realServersUs) / 1000;
}

/** What has been set shows in the next answer. */
function forgetting({ setPriority, setPreempt, setWeight }: MibSetter, forget: () => void): MibSetter {
  const after =
    <Words extends unknown[]>(set: (...words: Words) => () => void) =>
    (...words: Words): (() => void) => {
      forget();
      const undo = set(...words);
      return () => {
        forget();
        undo();
      };
    };
  return { setPriority: after(setPriority), setPreempt: after(setPreempt), setWeight: after(setWeight) };
}

/** The SNMP side of a running daemon: tables through AgentX, and notifications. Nothing depends on it. */
export class Snmp implements StateObserver {
  readonly #context: SnmpContext;
  #configuration: CompleteConfiguration | null = null;
  /** During a reload: what goes is known here only. */
  #before: CompleteConfiguration | null = null;
  #wanted: Wanted | null = null;
  #modules: Modules | null = null;
  #agent: SnmpAgent | null = null;
  /** What happened before the agent was there. */
  #early: ((modules: Modules) => void)[] = [];
  readonly #facts = new Aged(() => this.#makeFacts());
  #view: View | null = null;
  readonly #setter: MibSetter;
  readonly #upSinceUs = new Map<string, number>();
  readonly #protocolErrors = new Map<string, number>();
  readonly #counts: Aged<LvsUsage | null>;
  #isClosed = false;

  constructor(context: SnmpContext) {
    const { overrides, operator, status } = context;
    this.#context = context;
    this.#setter = forgetting(
      createSnmpSetter({
        ...{ overrides, operator, nowMs: Date.now },
        configuration: () => this.#configuration,
        lvs: () => status()?.lvs ?? null,
      }),
      () => this.#facts.forget(),
    );
    this.#counts = new Aged(context.usage);
  }

  configured(configuration: CompleteConfiguration): void {
    this.#before = this.#configuration;
    this.#configuration = configuration;
    this.#facts.forget();
    const wanted = this.#wantedOf(configuration);
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    this.#wanted = wanted;
    this.#agent?.close();
    this.#agent = null;
    this.#early = [];
    if (wanted !== null) void this.#open(wanted).catch((error: unknown) => this.#fail(error));
  }

  instanceChanged(change: VrrpStateChange): void {
    if (change.from === "initialize" || change.from === "fault") this.#upSinceUs.set(change.instance, change.atUs);
    this.#tell((modules) => {
      const configuration = this.#knownBy(({ vrrpInstances }) =>
        vrrpInstances.some(({ name }) => name === change.instance),
      );
      if (configuration === null) return;
      if (this.#wanted?.vrrp === true) this.#send(modules.traps.instanceTrap(configuration, change));
      if (change.to === "active") void this.#tellNewMaster(modules, configuration, change);
    });
  }

  groupChanged(change: VrrpGroupChange): void {
    this.#tell((modules) => {
      if (this.#configuration === null || this.#wanted?.vrrp !== true) return;
      this.#send(modules.traps.groupTrap(this.#configuration, change));
    });
  }

  poolChanged(event: LvsPoolEvent): void {
    this.#tell((modules) => this.#tellPool(modules, event));
  }

  advertDropped(drop: VrrpDrop): void {
    const error = protocolError(drop.reason);
    if (error !== 0) this.#protocolErrors.set(drop.instance, error);
    this.#tell((modules) => void this.#tellDrop(modules, drop));
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#agent?.close();
  }

  #fail(error: unknown): void {
    this.#context.log.error("snmp failed", { reason: errorText(error) });
  }

  /** Null: nothing. */
  #wantedOf({ global: { snmp, networkNamespace } }: CompleteConfiguration): Wanted | null {
    const { flags } = this.#context;
    const all = flags.servesSnmp;
    const hasNamespace = (flags.namespace ?? networkNamespace) !== null;
    // keepalived: in a namespace the master is not behind the path that all share.
    const place = flags.snmpSocket ?? snmp.socket ?? (hasNamespace ? "tcp:localhost:705" : DEFAULT_AGENT);
    const wanted = {
      place,
      vrrp: flags.runsVrrp && (all || snmp.servesVrrp),
      checkers: flags.runsCheckers && (all || snmp.servesCheckers),
      v2: flags.runsVrrp && (all || snmp.servesRfc2787),
      v3: flags.runsVrrp && (all || snmp.servesRfc6527),
    };
    return wanted.vrrp || wanted.checkers || wanted.v2 || wanted.v3 ? wanted : null;
  }

  async #open(wanted: Wanted): Promise<void> {
    const { log, after } = this.#context;
    const address = parseAgentAddress(wanted.place);
    if (address === null) {
      log.warning("snmp address", { address: wanted.place });
      return;
    }
    const [modules, { SnmpAgent }, { KEEPALIVED, VRRP_MIB, VRRPV3_MIB }] = await Promise.all([
      loadModules(),
      import("../runtime/snmp-agent.ts"),
      import("../api/mib-facts.ts"),
    ]);
    if (this.#wanted !== wanted || this.#isClosed) return;
    const subtrees = [
      ...(wanted.vrrp || wanted.checkers ? [[...KEEPALIVED, 1]] : []),
      ...(wanted.vrrp ? [[...KEEPALIVED, 2]] : []),
      ...(wanted.checkers ? [[...KEEPALIVED, 3]] : []),
      ...(wanted.v2 ? [VRRP_MIB] : []),
      ...(wanted.v3 ? [VRRPV3_MIB] : []),
    ];
    this.#modules = modules;
    this.#agent = new SnmpAgent(
      { address, place: wanted.place, session: { id: KEEPALIVED, description: "Keepalived", subtrees } },
      {
        view: () => this.#viewOf(modules, wanted),
        findWritable: async () => modules.writablesOf(await this.#facts.get(VIEW_AGE_MS), wanted, this.#setter),
        log,
        after,
      },
    );
    this.#agent.start();
    const early = this.#early;
    this.#early = [];
    for (const tell of early) tell(modules);
  }

  /** At once, or when all is loaded. */
  #tell(tell: (modules: Modules) => void): void {
    if (this.#wanted === null || this.#configuration?.global.snmp.sendsTraps !== true) return;
    if (this.#agent !== null && this.#modules !== null) tell(this.#modules);
    else if (this.#early.length < MOST_EARLY) this.#early.push(tell);
  }

  #send(varBinds: readonly VarBind[] | null): void {
    if (varBinds !== null) this.#agent?.notify(varBinds);
  }

  /** The configuration of now or, for what a reload takes away, of before. */
  #knownBy(knows: (configuration: CompleteConfiguration) => boolean): CompleteConfiguration | null {
    return [this.#configuration, this.#before].find((one) => one !== null && knows(one)) ?? null;
  }

  async #tellNewMaster(
    modules: Modules,
    configuration: CompleteConfiguration,
    { instance: name, cause }: VrrpStateChange,
  ): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null || !(wanted.v2 || wanted.v3)) return;
    try {
      const { snapshot, links } = await this.#facts.get(TRAP_AGE_MS);
      const live = snapshot.instances.find((one) => one.name === name);
      const link = links.get(live?.interfaceName ?? "");
      if (live === undefined || link === undefined) return;
      const facts = { link, serves: wanted, cause };
      for (const trap of modules.traps.newMasterTraps(configuration, live, facts)) this.#send(trap);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #tellDrop({ traps }: Modules, { instance: name, reason, source }: VrrpDrop): Promise<void> {
    const { v2 = false, v3 = false } = this.#wanted ?? {};
    if (!(v2 || v3)) return;
    try {
      const { snapshot, links } = await this.#facts.get(TRAP_AGE_MS);
      const instance = snapshot.configuration.vrrpInstances.find((one) => one.name === name);
      const link = links.get(instance?.interfaceName ?? "");
      if (instance === undefined || link === undefined) return;
      if (v2) this.#send(traps.authenticationTrap({ reason, source }, { instance, link }));
      if (v3) this.#send(traps.protocolTrap(reason, { instance, link }));
    } catch (error) {
      this.#fail(error);
    }
  }

  #tellPool(modules: Modules, event: LvsPoolEvent): void {
    if (this.#wanted?.checkers !== true) return;
    const { effect, cause } = event;
    // What omega tells scripts is told by what has stopped, too.
    if (cause === "stop" && effect.kind !== "stopped") return;
    const configuration = this.#knownBy(({ virtualServers }) =>
      virtualServers.some((one) => one === event.virtualServer),
    );
    if (configuration === null) return;
    for (const trap of modules.traps.poolTraps(configuration, event)) this.#send(trap);
  }

  async #viewOf({ buildView }: Modules, wanted: Wanted): Promise<MibNode> {
    // Counts that shall be fresher than that make the whole view so.
    const facts = await this.#facts.get(Math.min(VIEW_AGE_MS, countsAgeMs(this.#configuration)));
    if (this.#view?.facts !== facts) this.#view = { facts, node: buildView(wanted, facts) };
    return this.#view.node;
  }

  #priorities({ vrrpInstances }: CompleteConfiguration): MibFacts["priorities"] {
    const { operator } = this.#context;
    return new Map(
      vrrpInstances.flatMap(({ name }) => {
        const wish = operator.orderFor(name)?.wish;
        return wish?.kind === "priority" ? [[name, wish.priority] as const] : [];
      }),
    );
  }

  async #makeFacts(): Promise<MibFacts> {
    const { native, status, flags } = this.#context;
    const links = new Map<string, LinkFacts>();
    const configuration = this.#configuration;
    if (configuration === null) throw new Error("asked before there was a configuration");
    const rtnetlink = native.openRtnetlink();
    let stacked: readonly StackedLink[] = [];
    try {
      for (const { name, ifindex, mac } of await rtnetlink.links()) links.set(name, { ifindex, mac });
      stacked = await readLinkFacts(rtnetlink);
    } finally {
      rtnetlink.close();
    }
    const { instances = [], lvs = null, tracked = null, bfdSessions = [] } = status() ?? {};
    const servesCounts = this.#wanted?.checkers === true && lvs !== null;
    const usage = servesCounts ? await this.#counts.get(countsAgeMs(configuration)) : null;
    return {
      snapshot: { configuration: placeConfiguration(configuration, stacked), instances, lvs },
      usage,
      ...{ links, tracked, bfdSessions },
      priorities: this.#priorities(configuration),
      version: `Keepalived v${COMPATIBLE_VERSION} (holdfast v${VERSION})`,
      networkNamespace: flags.namespace ?? configuration.global.networkNamespace,
      nowUs: native.monotonicUs(),
      ...{ upSinceUs: this.#upSinceUs, protocolErrors: this.#protocolErrors },
    };
  }
}
