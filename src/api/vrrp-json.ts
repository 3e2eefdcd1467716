import type { ConfiguredAddress } from "../model/addressing.ts";
import type { ScriptCommand } from "../model/command.ts";
import type { VrrpScript } from "../model/tracking.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { ProcessSnapshot } from "../runtime/tracking-processes.ts";
import type { VrrpInstanceSnapshot, VrrpStateName } from "../runtime/vrrp-types.ts";
import { instanceAddress, routeText, ruleText } from "./dump-network.ts";
import { ownInterface, type PlacedInstance } from "./placed.ts";
import type { InstanceStatistics } from "./statistics.ts";

/** One instance as the JSON file shows it. */
export interface JsonInstance {
  readonly config: PlacedInstance;
  readonly snapshot: VrrpInstanceSnapshot;
  readonly statistics: InstanceStatistics;
  /** Those that instances may track: keepalived shows what they run. */
  readonly scripts?: readonly VrrpScript[];
  /** Of the last change of state, in seconds since 1970. */
  readonly lastTransitionSec: number;
}

const STATES: Readonly<Record<VrrpStateName, number>> = { initialize: 0, backup: 1, active: 2, fault: 3 };
/** Of the header; the trailer of auth_hmac has none. */
const AUTHENTICATION_TYPES = { none: 0, pass: 1, ah: 2, hmac: 0 } as const;
const HIDDEN = "********";
type Data = Record<string, unknown>;

/**
 * keepalived's JSON file, one line.
 * @param processes shown by version 2 only, and only when there are any
 */
export function renderJson(
  instances: readonly JsonInstance[],
  version: 1 | 2,
  processes: readonly ProcessSnapshot[] = [],
): string {
  const vrrp = instances.map((instance) => ({ data: dataOf(instance), stats: statsOf(instance.statistics) }));
  const text = JSON.stringify(version === 1 ? vrrp : { vrrp, ...processData(processes) });
  // keepalived escapes slashes, which stand in strings only.
  return `${text.replaceAll("/", "\\/")}\n`;
}

/** What keepalived calls no upper limit. */
const UNLIMITED = 0xffffffff;

function processData(processes: readonly ProcessSnapshot[]): Data {
  if (processes.length === 0) return {};
  const entries = processes.map(({ process, state }) => ({
    process: process.command[0] ?? "",
    parameters: process.command.slice(1).join(" "),
    param_match: process.parameterMatch,
    min_processes: process.quorum,
    max_processes: process.quorumMaximum ?? UNLIMITED,
    current_processes: state.count,
    have_quorum: state.hasQuorum,
    weight: process.weight,
    terminate_delay: seconds(process.terminateDelayUs),
    fork_delay: seconds(process.forkDelayUs),
    fork_delay_timer_running: state.isDelayed && !state.hasQuorum,
    terminate_delay_timer_running: state.isDelayed && state.hasQuorum,
    full_command: process.matchesFullCommand,
  }));
  return { track_process: entries };
}

function seconds(us: number): number {
  return us / 1_000_000;
}

function dataOf({ config, snapshot, lastTransitionSec, scripts = [] }: JsonInstance): Data {
  return {
    iname: config.name,
    dont_track_primary: Number(config.ignoresOwnInterface),
    skip_check_adv_addr: Number(config.skipCheckAdvertisedAddresses),
    strict_mode: Number(config.isStrict),
    vmac_ifname: config.vmac?.name ?? "",
    ...(config.interfaceName === "" ? {} : { ifp_ifname: ownInterface(config) }),
    master_priority: snapshot.activeRouter?.priority ?? 0,
    last_transition: lastTransitionSec,
    ...announcementData(config),
    lower_prio_no_advert: Number(config.isSilentOnLowerPriority),
    higher_prio_send_advert: Number(config.sendsAdvertBeforeYielding),
    vrid: config.vrid,
    base_priority: snapshot.basePriority,
    effective_priority: snapshot.effectivePriority,
    vipset: snapshot.state === "active",
    promote_secondaries: config.promotesSecondaries,
    adver_int: seconds(config.advertisementIntervalUs),
    master_adver_int: seconds(config.advertisementIntervalUs),
    accept: Number(config.acceptMode),
    nopreempt: !config.preemptMode,
    preempt_delay: seconds(config.preemptDelayUs),
    state: STATES[snapshot.state],
    wantstate: STATES[snapshot.state],
    version: config.version,
    smtp_alert: config.sendsMail,
    notify_deleted: config.reportsDeletion,
    ...scriptData(config),
    ...listData(config, scripts, snapshot.state === "active"),
    auth_type: AUTHENTICATION_TYPES[config.authentication.kind],
    ...(config.authentication.kind === "none" ? {} : { auth_data: HIDDEN }),
  };
}

function announcementData({ announce }: ConfiguredVrrpInstance): Data {
  return {
    garp_delay: seconds(announce.delayUs),
    garp_refresh: seconds(announce.refreshUs),
    garp_rep: announce.repeat,
    garp_refresh_rep: announce.refreshRepeat,
    garp_lower_prio_delay: seconds(announce.lowerPriorityDelayUs),
    garp_lower_prio_rep: announce.lowerPriorityRepeat,
  };
}

function scriptData({ notify }: ConfiguredVrrpInstance): Data {
  const scripts = {
    script_backup: notify.backup,
    script_master: notify.active,
    script_fault: notify.fault,
    script_stop: notify.stop,
    script_deleted: notify.deleted,
    script: notify.any,
    script_master_rx_lower_pri: notify.lowerPriorityHeard,
  };
  const given = Object.entries(scripts).filter(([, script]) => script !== null);
  return Object.fromEntries(given.map(([key, script]) => [key, script === null ? "" : scriptLine(script)]));
}

function scriptLine({ argv }: ScriptCommand): string {
  return argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

function listData(config: PlacedInstance, scripts: readonly VrrpScript[], isSet: boolean): Data {
  const commandOf = (name: string): string => {
    const script = scripts.find((one) => one.name === name);
    return script === undefined ? name : scriptLine(script.command);
  };
  const addressText = (address: ConfiguredAddress): string => instanceAddress(address, config, isSet);
  const lists = {
    vips: config.virtualAddresses.map(addressText),
    evips: config.excludedAddresses.map(addressText),
    vroutes: config.virtualRoutes.map(routeText),
    vrules: config.virtualRules.map(ruleText),
    track_ifp: config.trackedInterfaces.map(({ name }) => name),
    track_script: config.tracked.scripts.map(({ name }) => commandOf(name)),
    track_process: config.tracked.processes.map(({ name }) => name),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function statsOf(statistics: InstanceStatistics): Data {
  return {
    advert_rcvd: statistics.received,
    advert_sent: statistics.sent,
    become_master: statistics.becameActive,
    release_master: statistics.releasedActive,
    packet_len_err: statistics.lengthErrors,
    advert_interval_err: statistics.intervalErrors,
    ip_ttl_err: statistics.ttlErrors,
    invalid_type_rcvd: statistics.typeErrors,
    addr_list_err: statistics.addressListErrors,
    invalid_authtype: statistics.unknownAuthenticationTypes,
    authtype_mismatch: statistics.authenticationMismatches,
    auth_failure: statistics.authenticationFailures,
    pri_zero_rcvd: statistics.priorityZeroReceived,
    pri_zero_sent: statistics.priorityZeroSent,
  };
}
