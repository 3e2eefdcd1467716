import type { CheckerTiming } from "../model/lvs.ts";
import type { SourcePlace } from "../model/units.ts";
import type { ConfigurationHost, UserFacts } from "./host.ts";
import type { Keyword } from "./keywords/table.ts";
import type { NameTables } from "./name-tables.ts";
import type { Reporter } from "./reporter.ts";

/** What builders have to know about scripts. */
export interface ScriptContext {
  /** Who runs scripts that name nobody; null is the daemon itself. */
  user: UserFacts | null;
  /** The name of who should run them and is not there: they are left out then. */
  missingUser: string | null;
  /** `enable_script_security` */
  isSecured: boolean;
  /** `set_supplementary_groups` */
  hasAllGroups: boolean;
  /** `use_symlink_paths` */
  usesLinks: boolean;
}

/** What every builder of the model has at hand. */
export interface BuildContext {
  readonly reporter: Reporter;
  readonly host: ConfigurationHost;
  /** What `@id` lines are compared with. */
  readonly configId: string;
  /** Keywords met, with the place of the first use. */
  readonly used: Map<Keyword, SourcePlace>;
  readonly scripts: ScriptContext;
  readonly names: NameTables;
  /** Objects that equal neighbours share. */
  readonly shared: { timing: CheckerTiming | null };
}
