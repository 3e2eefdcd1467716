import type { ConfiguredGlobals, ProcessSettings } from "../model/global-complete.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** As the kernel counts them. */
const MOST_CPUS = 4096;

function readCpus(globals: Settings, name: string, context: BuildContext): readonly number[] {
  const entry = globals.entry(name);
  return (globals.words(name) ?? []).flatMap((word, index) => {
    const { value, problem } = readInteger(word);
    if (value !== null && problem === "none" && value >= 0 && value < MOST_CPUS) return [value];
    const place = entry === null ? null : placeOf(entry.statement, index + 1);
    context.reporter.add("bad-number", `${name}: "${word}" is not the number of a CPU`, place);
    return [];
  });
}

/** How keepalived's processes are scheduled and named; the threads of the loops take it from there. */
export function readProcesses(globals: Settings, context: BuildContext): ConfiguredGlobals["processes"] {
  return {
    vrrp: readProcess(globals, "vrrp", "keepalived_vrrp", context),
    checkers: readProcess(globals, "checker", "keepalived_lvs", context),
    bfd: readProcess(globals, "bfd", "keepalived_bfd", context),
  };
}

/** @param prefix of its keywords @param generated its name with `process_names` */
function readProcess(globals: Settings, prefix: string, generated: string, context: BuildContext): ProcessSettings {
  const limitWord = globals.has(`${prefix}_rlimit_rttime`) ? `${prefix}_rlimit_rttime` : `${prefix}_rlimit_rtime`;
  const limit = globals.number(limitWord) ?? 10_000;
  const legacyName = prefix === "checker" ? globals.text("lvs_process_name") : null;
  return {
    place: {
      niceness: globals.place(`${prefix}_priority`),
      realtimePriority: globals.place(`${prefix}_rt_priority`),
      isMemoryLocked: globals.place(`${prefix}_no_swap`),
      cpus: globals.place(`${prefix}_cpu_affinity`),
      realtimeLimitUs: globals.place(limitWord),
    },
    name: globals.text(`${prefix}_process_name`) ?? legacyName ?? (globals.has("process_names") ? generated : null),
    niceness: globals.number(`${prefix}_priority`) ?? 0,
    realtimePriority: globals.number(`${prefix}_rt_priority`) ?? 0,
    isMemoryLocked: globals.has(`${prefix}_no_swap`),
    cpus: readCpus(globals, `${prefix}_cpu_affinity`, context),
    realtimeLimitUs: limit === 1 ? 2 : limit,
  };
}
