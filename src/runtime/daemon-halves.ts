import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { BfdInstance } from "../model/tracking.ts";
import type { IpvsTable } from "../native/contract.ts";
import type { BfdRuntime } from "./bfd-runtime.ts";
import { type DaemonDependencies, type DaemonStatus, EXIT_CODES } from "./daemon-types.ts";
import { errorCode, errorText } from "./error-code.ts";
import type { LvsRuntime, LvsUsage } from "./lvs-types.ts";
import { Refusal, summarise, tellDiagnostics } from "./refusal.ts";
import type { SyncRoles } from "./sync-daemon.ts";
import type { VrrpHalf } from "./tracking-vrrp.ts";
import type { Heartbeats } from "./watchdog.ts";

/** Which parts of the daemon have work. */
export type Role = "vrrp" | "checkers" | "bfd";

type HalvesDependencies = Pick<
  DaemonDependencies,
  "log" | "createVrrp" | "createLvs" | "createBfd" | "openIpvs" | "notifier" | "syncDaemon"
>;

/**
 * VRRP and load balancing, started, reloaded and stopped together: both take a new configuration or none does. BFD serves
 * both and comes after them.
 */
export class Halves {
  private readonly dependencies: HalvesDependencies;
  private vrrp: VrrpHalf | null = null;
  private lvs: LvsRuntime | null = null;
  private bfd: BfdRuntime | null = null;

  constructor(dependencies: HalvesDependencies) {
    this.dependencies = dependencies;
  }

  /** @throws Refusal; what was started is for `stop` to stop */
  async start(roles: readonly Role[], configuration: CompleteConfiguration): Promise<void> {
    // The table is opened before VRRP changes anything: a kernel without IPVS is found out in time.
    const table = roles.includes("checkers") ? this.openIpvs() : null;
    await this.dependencies.notifier.begin(configuration);
    await this.dependencies.syncDaemon.configure(configuration, syncRoles(roles));
    if (roles.includes("vrrp")) await this.startVrrp(configuration);
    if (table !== null) await this.startLvs(table, configuration);
    this.runBfd(roles, configuration);
  }

  /**
   * @param before what is in force; VRRP goes back to it when load balancing can't follow
   * @throws Refusal when nothing has changed in the end
   */
  async reload(
    roles: readonly Role[],
    configuration: CompleteConfiguration,
    before: CompleteConfiguration,
  ): Promise<void> {
    const { notifier } = this.dependencies;
    await notifier.reload(configuration);
    try {
      await this.reloadHalves(roles, configuration, before);
    } catch (error) {
      await notifier.reload(before);
      throw error;
    } finally {
      notifier.reloaded();
    }
  }

  private async reloadHalves(
    roles: readonly Role[],
    configuration: CompleteConfiguration,
    before: CompleteConfiguration,
  ): Promise<void> {
    const table = roles.includes("checkers") && this.lvs === null ? this.openIpvs() : null;
    const hadVrrp = this.vrrp !== null;
    try {
      await this.reloadVrrp(roles, configuration);
    } catch (error) {
      table?.close();
      throw error;
    }
    const sync = (one: CompleteConfiguration): Promise<void> =>
      this.dependencies.syncDaemon.configure(one, syncRoles(roles));
    try {
      // While it runs the kernel refuses servers of another family than their service.
      if (configuration.global.lvsSyncDaemon === null) await sync(configuration);
      if (this.lvs !== null) await this.lvs.reload(configuration);
      else if (table !== null) await this.startLvs(table, configuration);
    } catch (error) {
      await this.restoreVrrp(hadVrrp, before);
      await sync(before);
      throw error instanceof Refusal ? error : this.ipvsRefusal(error);
    }
    await sync(configuration);
    this.runBfd(roles, configuration);
  }

  /** How both fare; what has no work is empty or null. */
  status(): Pick<DaemonStatus, "instances" | "tracked" | "bfdSessions" | "lvs" | "vrrpHealth"> {
    return {
      instances: this.vrrp?.snapshot() ?? [],
      tracked: this.vrrp?.tracked?.() ?? null,
      bfdSessions: this.bfd?.snapshot() ?? [],
      lvs: this.lvs?.snapshot() ?? null,
      vrrpHealth: this.vrrpHealth(),
    };
  }

  /** Never rejects. */
  async usage(): Promise<LvsUsage | null> {
    try {
      return (await this.lvs?.usage()) ?? null;
    } catch {
      // The table sync tells of a table that can't be read.
      return null;
    }
  }

  /** Turns of the native loops that run, by name. */
  heartbeats(): Heartbeats {
    const vrrp = this.vrrpHealth()?.heartbeats ?? null;
    const probes = this.lvs?.probeHeartbeats() ?? null;
    return new Map([
      ...(vrrp === null ? [] : [["vrrp", vrrp] as const]),
      ...(probes === null ? [] : [["probe", probes] as const]),
    ]);
  }

  /** Of the loop that VRRP and BFD share, whichever of them is there. */
  private vrrpHealth(): DaemonStatus["vrrpHealth"] {
    return this.vrrp?.health() ?? this.bfd?.health() ?? null;
  }

  /** All side by side. Never rejects. */
  async stop(): Promise<void> {
    const { syncDaemon } = this.dependencies;
    const results = await Promise.allSettled([
      syncDaemon.stop(),
      this.vrrp?.stop(),
      this.lvs?.stop(),
      this.bfd?.stop(),
    ]);
    for (const result of results) {
      if (result.status === "rejected")
        this.dependencies.log.error("stop failed", { reason: errorText(result.reason) });
    }
  }

  /** Sessions that stay are not disturbed. Who came only now is told what is up. */
  private runBfd(roles: readonly Role[], configuration: CompleteConfiguration): void {
    const sessions = roles.includes("bfd") ? configuration.bfdInstances : [];
    if (this.bfd === null && sessions.length === 0) return;
    this.bfd ??= this.dependencies.createBfd((session, isUp) => this.onSession(session, isUp), configuration);
    this.bfd.configure(sessions);
    for (const session of sessions) this.onSession(session, this.bfd.isUp(session.name));
  }

  private onSession({ name, neighborAddress, tellsVrrp, tellsCheckers }: BfdInstance, isUp: boolean): void {
    if (tellsVrrp) this.vrrp?.bfdChanged(name, isUp);
    // keepalived: a session without a neighbour, which nobody runs, takes no server out.
    if (tellsCheckers && neighborAddress !== null) this.lvs?.bfdChanged(name, isUp);
  }

  private async startVrrp(configuration: CompleteConfiguration): Promise<void> {
    const vrrp = this.dependencies.createVrrp(configuration);
    this.vrrp = vrrp;
    const complaints = await vrrp.start();
    if (complaints.length === 0) return;
    const refusal = this.complaintRefusal(complaints);
    this.vrrp = null;
    await vrrp.stop();
    throw refusal;
  }

  private async reloadVrrp(roles: readonly Role[], configuration: CompleteConfiguration): Promise<void> {
    const isWanted = roles.includes("vrrp");
    if (this.vrrp === null) {
      if (isWanted) await this.startVrrp(configuration);
      return;
    }
    const complaints = await this.vrrp.reload(isWanted ? configuration : withoutVrrp(configuration));
    if (complaints.length > 0) throw this.complaintRefusal(complaints);
  }

  private async restoreVrrp(hadVrrp: boolean, before: CompleteConfiguration): Promise<void> {
    const vrrp = this.vrrp;
    if (vrrp === null) return;
    if (hadVrrp) tellDiagnostics(this.dependencies.log, await vrrp.reload(before));
    else {
      this.vrrp = null;
      await vrrp.stop();
    }
  }

  private async startLvs(table: IpvsTable, configuration: CompleteConfiguration): Promise<void> {
    const lvs = this.dependencies.createLvs(table, configuration);
    this.lvs = lvs;
    try {
      await lvs.start(configuration);
    } catch (error) {
      this.lvs = null;
      throw this.ipvsRefusal(error);
    }
  }

  private openIpvs(): IpvsTable {
    try {
      return this.dependencies.openIpvs();
    } catch (error) {
      throw this.ipvsRefusal(error);
    }
  }

  private complaintRefusal(complaints: readonly Diagnostic[]): Refusal {
    tellDiagnostics(this.dependencies.log, complaints);
    return new Refusal(EXIT_CODES.configuration, summarise(complaints));
  }

  private ipvsRefusal(error: unknown): Refusal {
    const code = errorCode(error);
    const reason = errorText(error);
    this.dependencies.log.error("ipvs unavailable", { reason, code });
    return new Refusal(code === "EPERM" || code === "EACCES" ? EXIT_CODES.noPermission : EXIT_CODES.fatal, reason);
  }
}

/** keepalived: static objects have a VRRP process even without an instance. */
export function asksForVrrp(configuration: CompleteConfiguration): boolean {
  const { vrrpInstances, staticAddresses, staticRoutes, staticRules } = configuration;
  return [vrrpInstances, staticAddresses, staticRoutes, staticRules].some((objects) => objects.length > 0);
}

function syncRoles(roles: readonly Role[]): SyncRoles {
  return { hasVrrp: roles.includes("vrrp"), hasCheckers: roles.includes("checkers") };
}

function withoutVrrp(configuration: CompleteConfiguration): CompleteConfiguration {
  return { ...configuration, vrrpInstances: [], syncGroups: [] };
}
