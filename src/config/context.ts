import type { SourcePlace } from "../model/units.ts";
import type { ConfigurationHost } from "./host.ts";
import type { Keyword } from "./keywords/table.ts";
import type { Reporter } from "./reporter.ts";

/** What every builder of the model has at hand. */
export interface BuildContext {
  readonly reporter: Reporter;
  readonly host: ConfigurationHost;
  /** Keywords met, with the place of the first use. */
  readonly used: Map<Keyword, SourcePlace>;
}
