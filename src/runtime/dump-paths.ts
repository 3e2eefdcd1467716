import { isAbsolute, join, posix } from "node:path";
import type { DumpSettings } from "../model/global-complete.ts";

/** The files that signals ask for. */
export type DumpFile = "state" | "statistics" | "json";

const DEFAULT_NAMES: Readonly<Record<DumpFile, string>> = {
  state: "keepalived.data",
  statistics: "keepalived.stats",
  json: "keepalived.json",
};

export interface DumpPathRules {
  /** `TMPDIR`, or /tmp. */
  readonly directory: string;
  readonly settings: DumpSettings;
  readonly networkNamespace: string | null;
  readonly instanceName: string | null;
}

/**
 * Where a dump goes: `state_dump_file` and its like are a path, below the directory unless absolute; one that ends in
 * a slash names the folder alone. `data_use_instance` puts `.NAMESPACE_INSTANCE` before the extension.
 * @param suffix of the part of the daemon that writes its own file, for example `_check`
 */
export function dumpPath(file: DumpFile, rules: DumpPathRules, suffix = ""): string {
  const { directory, settings } = rules;
  const given = { state: settings.stateFile, statistics: settings.statisticsFile, json: settings.jsonFile }[file] ?? "";
  const path = given.endsWith("/") || given === "" ? `${given}${DEFAULT_NAMES[file]}` : given;
  const { dir, name, ext } = posix.parse(isAbsolute(path) ? path : join(directory, path));
  // keepalived: only the state files are named so.
  const names = file === "state" && settings.usesInstanceNames ? [rules.networkNamespace, rules.instanceName] : [];
  const infix = names.filter((each) => each !== null).join("_");
  return join(dir, `${name}${suffix}${infix === "" ? "" : `.${infix}`}${ext}`);
}
