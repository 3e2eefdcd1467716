import type { ConfiguredGlobals, LvsSyncDaemon } from "../model/global-complete.ts";
import { readLvsSyncDaemon, readLvsTimeouts } from "./build-global-options.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";

const SECOND_US = 1_000_000;
/** Checks of the probe loop that may be under way at once. */
const DEFAULT_PROBE_COUNT = 4096;

/** The IPVS table and the checks of real servers. */
export function readIpvs(
  globals: Settings,
  context: BuildContext,
): Pick<
  ConfiguredGlobals,
  | "flushesIpvsAtStart"
  | "flushesIpvsAtStop"
  | "lvsTimeoutsSec"
  | "lvsSyncDaemon"
  | "ipvsReconcileIntervalUs"
  | "largestProbeCount"
  | "checkerStartSpreadUs"
  | "logsAllCheckerFailures"
  | "notifiesInitialServers"
  | "mailsOnlyServerChanges"
> {
  const flushWords = globals.words("lvs_flush_on_stop") ?? globals.words("lvs_flush_onstop");
  return {
    flushesIpvsAtStart: globals.has("lvs_flush"),
    flushesIpvsAtStop: flushWords === null ? "no" : flushWords[0] === "VS" ? "virtual-servers" : "all",
    lvsTimeoutsSec: readLvsTimeouts(globals, context),
    lvsSyncDaemon: readSyncDaemon(globals, context),
    ipvsReconcileIntervalUs: globals.number("ipvs_reconcile_interval") ?? 5 * SECOND_US,
    largestProbeCount: globals.number("checker_max_in_flight") ?? DEFAULT_PROBE_COUNT,
    checkerStartSpreadUs: globals.number("checker_start_spread"),
    logsAllCheckerFailures: globals.boolean("checker_log_all_failures") ?? false,
    notifiesInitialServers: globals.boolean("rs_init_notifies") ?? false,
    mailsOnlyServerChanges: globals.boolean("no_checker_emails") ?? false,
  };
}

function readSyncDaemon(globals: Settings, context: BuildContext): LvsSyncDaemon | null {
  const entries = globals.all("lvs_sync_daemon");
  return entries[0] === undefined ? null : readLvsSyncDaemon(entries[0], context);
}
