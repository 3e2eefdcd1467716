import type { LvsUsage } from "./lvs-types.ts";

export interface KernelCountsDependencies {
  readonly nowMs: () => number;
  /** Reads the whole table; null: there is none. */
  readonly usage: () => Promise<LvsUsage | null>;
}

/** How old counts may become before they are read again, in microseconds. */
export interface CountAges {
  /** `snmp_vs_stats_update_interval` */
  readonly virtualServersUs: number;
  /** `snmp_rs_stats_update_interval` */
  readonly realServersUs: number;
}

interface Half<Counts> {
  readonly atMs: number;
  readonly counts: Counts;
}

/** The kernel's counts of virtual and of real servers, each read again when it is too old; one reading serves both. */
export class KernelCountsCache {
  readonly #dependencies: KernelCountsDependencies;
  #virtualServers: Half<LvsUsage["virtualServers"]> | null = null;
  #realServers: Half<Pick<LvsUsage, "realServers" | "sorryServers">> | null = null;

  constructor(dependencies: KernelCountsDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns null when the kernel has no table, or it can't be read */
  async read(ages: CountAges): Promise<LvsUsage | null> {
    const nowMs = this.#dependencies.nowMs();
    const isOld = (half: Half<unknown> | null, ageUs: number): boolean =>
      half === null || nowMs - half.atMs >= ageUs / 1000;
    const needsVirtual = isOld(this.#virtualServers, ages.virtualServersUs);
    const needsReal = isOld(this.#realServers, ages.realServersUs);
    if (needsVirtual || needsReal) {
      const usage = await this.#dependencies.usage();
      if (usage === null) return null;
      if (needsVirtual) this.#virtualServers = { atMs: nowMs, counts: usage.virtualServers };
      if (needsReal) this.#realServers = { atMs: nowMs, counts: usage };
    }
    if (this.#virtualServers === null || this.#realServers === null) return null;
    const { realServers, sorryServers } = this.#realServers.counts;
    return { virtualServers: this.#virtualServers.counts, realServers, sorryServers };
  }
}
