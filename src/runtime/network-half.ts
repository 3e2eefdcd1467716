import { addressAddMessage, addressDeleteMessage } from "../addressing/address-message.ts";
import { firewallRemoval, firewallScript } from "../addressing/firewall.ts";
import { withStaticInterfaces } from "../addressing/static-tracking.ts";
import { planVmacs, type Vmac } from "../addressing/vmac.ts";
import { hasVrfRoutes, withVrfTables } from "../addressing/vrf.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { PreparedObject, Rtnetlink, VrrpEvent } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import { Firewall, type FirewallDependencies } from "./network-firewall.ts";
import { addObjects, objectsWithout, removeObjects } from "./network-objects.ts";
import { StaticObjects } from "./network-statics.ts";
import { Sysctls } from "./network-sysctl.ts";
import { readLinkFacts, VmacLinks } from "./network-vmacs.ts";
import type { TrackedStates } from "./tracking-runtime.ts";
import type { VrrpHalf } from "./tracking-vrrp.ts";

export interface NetworkHalfDependencies {
  readonly rtnetlink: Rtnetlink;
  readonly log: (record: SpokenRecord) => void;
  readonly firewall: Omit<FirewallDependencies, "log">;
  /** `-V`: everything stays at stop. */
  readonly keepsNetwork: boolean;
  /** @param onEvents is to be called with all events of the loop */
  readonly createHalf: (placed: CompleteConfiguration, onEvents: (events: readonly VrrpEvent[]) => void) => VrrpHalf;
}

/**
 * The VRRP half with what must be there before its instances take part and until they have left: VMACs, the firewall,
 * static addresses, routes and rules. Start and stop follow keepalived's order.
 */
export function createNetworkHalf(
  configuration: CompleteConfiguration,
  dependencies: NetworkHalfDependencies,
): VrrpHalf {
  return new NetworkHalf(configuration, dependencies);
}

class NetworkHalf implements VrrpHalf {
  readonly #dependencies: NetworkHalfDependencies;
  readonly #vmacs: VmacLinks;
  readonly #firewall: Firewall;
  readonly #statics: StaticObjects;
  readonly #sysctls = new Sysctls();
  #configuration: CompleteConfiguration;
  #placed: CompleteConfiguration;
  #inner: VrrpHalf | null = null;
  #isStopped = false;
  #remaking: Promise<void> = Promise.resolve();

  constructor(configuration: CompleteConfiguration, dependencies: NetworkHalfDependencies) {
    const { rtnetlink, log, firewall } = dependencies;
    this.#configuration = configuration;
    this.#placed = configuration;
    this.#dependencies = dependencies;
    const sources = (): ReadonlyMap<string, string | null> =>
      new Map(this.snapshot().map(({ name, sourceAddress }) => [name, sourceAddress]));
    this.#vmacs = new VmacLinks({ rtnetlink, sysctls: this.#sysctls, sources, log });
    this.#firewall = new Firewall({ ...firewall, log });
    this.#statics = new StaticObjects(rtnetlink, configuration.global.defaultInterface, log);
  }

  async start(): Promise<readonly Diagnostic[]> {
    if (this.#configuration.global.firewall.isTableImplied) {
      const text = "use_vmac or no_accept/strict specified, but no firewall configured - using nftables";
      this.#dependencies.log({ level: "info", message: "nftables chosen", fields: {}, text });
    }
    await this.#prepare(this.#configuration);
    await this.#statics.start(this.#configuration);
    this.#inner = this.#dependencies.createHalf(this.#placed, (events) => this.#onEvents(events));
    return await this.#inner.start();
  }

  async reload(next: CompleteConfiguration): Promise<readonly Diagnostic[]> {
    const before = this.#configuration;
    await this.#prepare(next);
    const complaints = (await this.#inner?.reload(this.#placed)) ?? [];
    if (complaints.length > 0) await this.#prepare(before);
    else await this.#statics.reload(this.#configuration);
    await this.#removeUnused();
    return complaints;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#inner?.stop();
    await this.#takeDown();
  }

  async #takeDown(): Promise<void> {
    await this.#remaking;
    if (this.#dependencies.keepsNetwork) {
      this.#firewall.stop();
      return;
    }
    const { table } = this.#configuration.global.firewall;
    const removals = await Promise.allSettled([
      this.#statics.stop().finally(() => this.#vmacs.remove(this.#vmacs.made)),
      this.#firewall.remove(this.#hasFirewall && table !== null ? firewallRemoval(table) : ""),
    ]);
    this.#sysctls.restore();
    for (const removal of removals) if (removal.status === "rejected") throw removal.reason;
  }

  tracked(): TrackedStates {
    return this.#inner?.tracked?.() ?? { scripts: new Map(), files: new Map(), processes: [] };
  }

  snapshot(): ReturnType<VrrpHalf["snapshot"]> {
    return this.#inner?.snapshot() ?? [];
  }

  health(): ReturnType<VrrpHalf["health"]> {
    return this.#inner?.health() ?? null;
  }

  bfdChanged(name: string, isUp: boolean): void {
    this.#inner?.bfdChanged(name, isUp);
  }

  #hasFirewall = false;
  #planned: readonly Vmac[] = [];
  #held: readonly PreparedObject[] = [];

  async #prepare(configured: CompleteConfiguration): Promise<void> {
    const configuration = await this.#inVrfs(configured);
    this.#configuration = configuration;
    const { vmacPrefix: prefix, vmacAddressPrefix: addressPrefix } = configuration.global;
    const needsVmacs = configuration.vrrpInstances.some(
      ({ vmac, ipvlan, virtualAddresses, excludedAddresses }) =>
        vmac !== null ||
        ipvlan !== null ||
        [...virtualAddresses, ...excludedAddresses].some(({ usesVmac }) => usesVmac),
    );
    const links = needsVmacs ? await readLinkFacts(this.#dependencies.rtnetlink) : [];
    const names = { prefix, addressPrefix };
    const plan = planVmacs(withStaticInterfaces(configuration), names, links, this.#vmacs.made);
    this.#planned = plan.vmacs;
    this.#placed = { ...configuration, vrrpInstances: plan.instances };
    this.#promoteSecondaries();
    if (configuration.global.disablesLocalIgmp) this.#sysctls.borrow("ipv4/igmp_link_local_mcast_reports", "0");
    await this.#vmacs.make(plan.vmacs);
    await this.#holdAddresses(plan.instances);
    await this.#setFirewall(false);
  }

  async #inVrfs(configuration: CompleteConfiguration): Promise<CompleteConfiguration> {
    if (!hasVrfRoutes(configuration)) return configuration;
    return withVrfTables(configuration, await readLinkFacts(this.#dependencies.rtnetlink));
  }

  /** Addresses on VMACs that are down until the takeover. */
  async #holdAddresses(instances: readonly ConfiguredVrrpInstance[]): Promise<void> {
    const isHolding = instances.some(({ heldInterfaces = [] }) => heldInterfaces.length > 0);
    if (!isHolding && this.#held.length === 0) return;
    const { rtnetlink } = this.#dependencies;
    const links = await readLinkFacts(rtnetlink);
    const indexes = new Map(links.map(({ name, ifindex }) => [name, ifindex]));
    const held = instances.flatMap(({ heldInterfaces = [], virtualAddresses, excludedAddresses }) =>
      [...virtualAddresses, ...excludedAddresses].flatMap((address) => {
        const ifindex = indexes.get(address.interfaceName ?? "");
        if (ifindex === undefined || !heldInterfaces.includes(address.interfaceName ?? "")) return [];
        return [{ add: addressAddMessage(address, ifindex), remove: addressDeleteMessage(address, ifindex) }];
      }),
    );
    await removeObjects(rtnetlink, objectsWithout(this.#held, held));
    await addObjects(rtnetlink, objectsWithout(held, this.#held));
    this.#held = held;
  }

  async #setFirewall(isForced: boolean): Promise<void> {
    const { global, vrrpInstances: instances } = this.#placed;
    const input = {
      settings: global.firewall,
      instances,
      // Of an interface that is away nftables would refuse the whole script.
      vmacs: this.#vmacs.present,
      skipsIgmp: global.disablesLocalIgmp,
      sharedLinkLocals: this.#vmacs.sharedLinkLocals,
    };
    const script = firewallScript(input);
    this.#hasFirewall ||= script !== "";
    await this.#firewall.set(global.firewall.table, script, isForced);
  }

  async #removeUnused(): Promise<void> {
    const unused = this.#vmacs.made.filter(({ name }) => !this.#planned.some((vmac) => vmac.name === name));
    if (unused.length === 0) return;
    await this.#vmacs.remove(unused);
    await this.#setFirewall(false);
  }

  #promoteSecondaries(): void {
    for (const { promotesSecondaries, vmac, interfaceName } of this.#configuration.vrrpInstances) {
      if (promotesSecondaries && vmac === null && interfaceName !== "")
        this.#sysctls.borrow(`ipv4/conf/${interfaceName}/promote_secondaries`, "1");
    }
  }

  #onEvents(events: readonly VrrpEvent[]): void {
    if (this.#isStopped) return;
    this.#statics.onEvents(events);
    const lost = this.#vmacs.affected(this.#planned, events);
    if (lost.length > 0) this.#remaking = this.#remaking.then(() => this.#remake(lost));
  }

  /** The instances of a VMAC that is away are at fault meanwhile. */
  async #remake(vmacs: readonly Vmac[]): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.#vmacs.make(vmacs);
      await this.#holdAddresses(this.#placed.vrrpInstances);
      await this.#setFirewall(true);
    } catch (error) {
      const message = "VMAC not made again";
      this.#dependencies.log({
        level: "error",
        message,
        fields: { reason: String(error) },
        text: `${message}: ${String(error)}`,
      });
    }
  }
}
