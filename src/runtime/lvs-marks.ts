import { type GroupMembers, indexGroups } from "../ipvs/groups.ts";
import { type MarkedGroup, type MarkTable, markRemoval, markScript, planMarks, withMarks } from "../ipvs/marks.ts";
import type { LvsConfiguration, LvsRuntimeDependencies } from "./lvs-types.ts";
import { speakMarksFailed } from "./lvs-wording.ts";

/** `nftables_ipvs`: groups of virtual servers are told apart by firewall marks that nftables sets. */
export class GroupMarks {
  readonly #dependencies: Pick<LvsRuntimeDependencies, "log" | "runNft">;
  /** Null without the word. It is set on the first load that has it and does not change. */
  #table: MarkTable | null = null;
  #marked: readonly MarkedGroup[] = [];
  /** Carried out last. */
  #script = "";

  constructor(dependencies: Pick<LvsRuntimeDependencies, "log" | "runNft">) {
    this.#dependencies = dependencies;
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
    if (this.#table !== null) await this.#run(markScript(this.#table, this.#marked));
  }

  async remove(): Promise<void> {
    if (this.#table !== null) await this.#run(markRemoval(this.#table.table));
  }

  async #run(script: string): Promise<void> {
    if (script === this.#script) return;
    this.#script = script;
    const reason = (await this.#dependencies.runNft?.(script)) ?? null;
    if (reason !== null) this.#dependencies.log(speakMarksFailed(reason));
  }
}
