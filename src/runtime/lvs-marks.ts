import { type GroupMembers, indexGroups } from "../ipvs/groups.ts";
import { type MarkedGroup, type MarkTable, markRemoval, markScript, planMarks, withMarks } from "../ipvs/marks.ts";
import type { LvsConfiguration, LvsRuntimeDependencies } from "./lvs-types.ts";
import { Firewall } from "./network-firewall.ts";

/** `nftables_ipvs`: groups of virtual servers are told apart by firewall marks that nftables sets. */
export class GroupMarks {
  /** Puts back what somebody else removes: without its mark no packet finds its service. */
  readonly #firewall: Firewall | null;
  /** Null without the word. It is set on the first load that has it and does not change. */
  #table: MarkTable | null = null;
  #marked: readonly MarkedGroup[] = [];

  constructor({ log, nftables }: Pick<LvsRuntimeDependencies, "log" | "nftables">) {
    this.#firewall = nftables === undefined ? null : new Firewall({ ...nftables, log });
  }

  /** The groups of a configuration, with the marks they are to have. Nothing is carried out before `set`. */
  plan({ global, virtualServers, virtualServerGroups }: LvsConfiguration): GroupMembers {
    const groups = indexGroups(virtualServerGroups ?? []);
    const { ipvsTable = null, ipvsPriority = 0, ipvsFirstFwmark = 0 } = global.firewall ?? {};
    if (ipvsTable !== null) this.#table ??= { table: ipvsTable, priority: ipvsPriority };
    if (this.#table === null) return groups;
    this.#marked = planMarks(virtualServers, groups, ipvsFirstFwmark, this.#marked);
    return withMarks(groups, this.#marked);
  }

  async set(): Promise<void> {
    if (this.#table !== null)
      await this.#firewall?.set(this.#table.table, markScript(this.#table, this.#marked), false);
  }

  async remove(): Promise<void> {
    if (this.#table !== null) await this.#firewall?.remove(markRemoval(this.#table.table));
  }

  /** The tables stay, and nobody looks after them any longer. */
  stop(): void {
    this.#firewall?.stop();
  }
}
