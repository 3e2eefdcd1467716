import type { BuiltGlobals } from "./build-global.ts";
import type { Code } from "./codes.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";

/** One instance block while it is being built. */
export interface InstanceDraft {
  readonly entry: Entry;
  readonly name: string;
  readonly settings: Settings;
  readonly context: BuildContext;
  readonly globals: BuiltGlobals;
  readonly isStrict: boolean;
}

/** Reports something that is known only at the end of the block. */
export function complainAtEnd(draft: InstanceDraft, code: Code, message: string): void {
  draft.context.reporter.add(code, `vrrp_instance ${draft.name}: ${message}`, endOf(draft.entry));
}

/** Reports something about an instance, at one of its keywords or else at its name. */
export function complain(draft: InstanceDraft, code: Code, message: string, keyword?: string): void {
  const place = (keyword === undefined ? null : draft.settings.place(keyword)) ?? placeOf(draft.entry.statement, 1);
  draft.context.reporter.add(code, `vrrp_instance ${draft.name}: ${message}`, place);
}
