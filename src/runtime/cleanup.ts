import { firewallRemoval } from "../addressing/firewall.ts";
import { instanceObjects } from "../addressing/instance-objects.ts";
import { planVmacs } from "../addressing/vmac.ts";
import { withVrfTables } from "../addressing/vrf.ts";
import { serviceId, serviceKey } from "../ipvs/keys.ts";
import { markRemoval } from "../ipvs/marks.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { IpvsCommand, IpvsServiceKey, IpvsTable, Rtnetlink } from "../native/contract.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import { removeAddresses, removeObjects } from "./network-objects.ts";
import { StaticObjects } from "./network-statics.ts";
import { Sysctls } from "./network-sysctl.ts";
import { readLinkFacts, VmacLinks } from "./network-vmacs.ts";
import { ownServiceKeys } from "./owned.ts";
import { allVirtualAddresses, locate, NetworkView } from "./vrrp-network.ts";

/** Which half's objects go. */
export interface CleanupScope {
  readonly vrrp: boolean;
  readonly ipvs: boolean;
}

export interface CleanupDependencies {
  readonly rtnetlink: Rtnetlink;
  /** Null when the kernel has no IPVS loaded, so that there is nothing of ours. @throws NativeError */
  readonly openIpvs: () => IpvsTable | null;
  /** @returns what nft complained about, null for nothing */
  readonly runNft: (script: string) => Promise<string | null>;
  /** The same where the IPVS table is. */
  readonly runIpvsNft: (script: string) => Promise<string | null>;
  /** What was taken away. */
  readonly onRemoved: (what: string) => void;
  /** What could not be taken away. */
  readonly onFailure: (what: string, reason: string) => void;
}

/**
 * Takes away what a daemon with this configuration leaves in the kernel when it is killed. Only what the configuration
 * names is touched, and what is not there is no failure, so it may be run at any time while no daemon runs.
 */
export async function cleanUp(
  configuration: CompleteConfiguration,
  scope: CleanupScope,
  dependencies: CleanupDependencies,
): Promise<void> {
  const cleanup = new Cleanup(configuration, dependencies);
  // As at stop: first what attracts traffic, then what it ran on.
  if (scope.vrrp) await cleanup.run("VRRP", () => cleanup.withdrawVrrp());
  if (scope.ipvs) await cleanup.run("IPVS", () => cleanup.withdrawIpvs());
}

class Cleanup {
  readonly #configuration: CompleteConfiguration;
  readonly #dependencies: CleanupDependencies;

  constructor(configuration: CompleteConfiguration, dependencies: CleanupDependencies) {
    this.#configuration = configuration;
    this.#dependencies = dependencies;
  }

  /** One part that fails does not keep the others from being cleaned. */
  async run(part: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#dependencies.onFailure(part, errorText(error));
    }
  }

  async withdrawVrrp(): Promise<void> {
    const { rtnetlink, onRemoved } = this.#dependencies;
    const links = await readLinkFacts(rtnetlink);
    const configuration = withVrfTables(this.#configuration, links);
    const { global, vrrpInstances } = configuration;
    const names = { prefix: global.vmacPrefix, addressPrefix: global.vmacAddressPrefix };
    const plan = planVmacs(vrrpInstances, names, links);
    await this.run("VIPs", () => this.#withdrawInstances(plan.instances));
    const statics = new StaticObjects(rtnetlink, global.defaultInterface, (record) => this.#complain(record));
    await this.run("static objects", () => statics.removeLeftOvers(configuration));
    const found = plan.vmacs.filter(({ isFound }) => isFound);
    const sysctls = new Sysctls();
    const vmacs = new VmacLinks({
      rtnetlink,
      sysctls,
      sources: () => new Map(),
      log: (record) => this.#complain(record),
    });
    await this.run("VMACs", () => vmacs.remove(found));
    for (const { name, base } of found) onRemoved(`VMAC ${name} on ${base}`);
    const { table } = global.firewall;
    if (table !== null) await this.#removeTable(table, firewallRemoval(table));
  }

  async #withdrawInstances(instances: readonly ConfiguredVrrpInstance[]): Promise<void> {
    const { rtnetlink, onFailure, onRemoved } = this.#dependencies;
    const links = await rtnetlink.links();
    const view = new NetworkView();
    view.replace(links, await rtnetlink.addresses());
    const findLink = (name: string): number | null => view.linkNamed(name)?.ifindex ?? null;
    const objects = instances.flatMap((instance) => instanceObjects(instance, findLink));
    const failures = await removeObjects(rtnetlink, objects);
    for (const { syscall, message } of failures) onFailure(`route or rule (${syscall})`, message);
    const left = instances
      .flatMap((instance) => allVirtualAddresses(instance).map((address) => locate(instance, address, view)))
      .filter((address) => address !== null)
      .filter((address) => view.hasAddress(address));
    const nameOf = new Map(links.map(({ ifindex, name }) => [ifindex, name]));
    for (const { address, failure } of await removeAddresses(rtnetlink, left)) {
      const text = `${address.address}/${address.prefixLength} on ${nameOf.get(address.ifindex)}`;
      if (failure === null) onRemoved(text);
      else onFailure(text, failure.message);
    }
  }

  async withdrawIpvs(): Promise<void> {
    const { virtualServers, global } = this.#configuration;
    if (virtualServers.length === 0 && global.lvsSyncDaemon === null) return;
    const { ipvsTable } = global.firewall;
    const keys = ownServiceKeys(this.#configuration);
    const table = this.#dependencies.openIpvs();
    try {
      if (table !== null) await this.#removeServices(table, keys);
    } finally {
      table?.close();
    }
    if (ipvsTable === null || virtualServers.length === 0) return;
    const reason = await this.#dependencies.runIpvsNft(markRemoval(ipvsTable));
    if (reason !== null) this.#dependencies.onFailure(`nftables table ${ipvsTable}`, reason);
  }

  /** A service takes its destinations along. */
  async #removeServices(table: IpvsTable, keys: readonly IpvsServiceKey[]): Promise<void> {
    const { onFailure, onRemoved } = this.#dependencies;
    const ours = new Set(keys.map(serviceId));
    const services = (await table.dump()).map(({ service }) => service).filter((key) => ours.has(serviceId(key)));
    const threads = this.#configuration.global.lvsSyncDaemon === null ? [] : await table.syncDaemons();
    const own = threads.filter(({ interfaceName }) => interfaceName === this.#syncInterface());
    const commands: readonly IpvsCommand[] = [
      ...services.map((service): IpvsCommand => ({ kind: "service-delete", service: serviceKey(service) })),
      ...own.map(({ role }): IpvsCommand => ({ kind: "sync-daemon-stop", role })),
    ];
    const texts = [
      ...services.map((service) => `IPVS service ${serviceId(service)}`),
      ...own.map(({ role }) => `IPVS sync daemon (${role})`),
    ];
    const results = commands.length === 0 ? [] : await table.apply(commands);
    for (const [index, text] of texts.entries()) {
      const failure = results[index] ?? null;
      if (failure === null) onRemoved(text);
      else onFailure(text, failure.message);
    }
  }

  #syncInterface(): string | null {
    return this.#configuration.global.lvsSyncDaemon?.interfaceName ?? null;
  }

  async #removeTable(table: string, script: string): Promise<void> {
    const reason = await this.#dependencies.runNft(script);
    if (reason !== null) this.#dependencies.onFailure(`nftables table ${table}`, reason);
  }

  /** The parts that are shared with the daemon speak in its words; here only complaints matter. */
  #complain({ level, text }: SpokenRecord): void {
    if (level === "error" || level === "warning") this.#dependencies.onFailure("network", text);
  }
}
