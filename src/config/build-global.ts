import type { ConfiguredGlobals, FirewallSettings, MailSettings, SnmpSettings } from "../model/global-complete.ts";
import type { IpAddress } from "../model/units.ts";
import type { ConfiguredVrrpInstance, ReceiveBufferRule } from "../model/vrrp-complete.ts";
import { isMulticast, parseAddress } from "./address.ts";
import { readCommand, readFifo, readUser } from "./build-command.ts";
import { readBufferPolicy, readBuffers, readDumps, readReload } from "./build-global-files.ts";
import { readIpvs } from "./build-global-ipvs.ts";
import { readControl, readUmask } from "./build-global-options.ts";
import { buildMail } from "./build-mail.ts";
import { readProcesses } from "./build-processes.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** Defaults that `global_defs` gives to instances. */
export interface VrrpDefaults {
  readonly version: 2 | 3;
  readonly multicastGroup4: IpAddress;
  readonly multicastGroup6: IpAddress;
  readonly garpDelayUs: number;
  readonly garpRepeat: number;
  readonly garpRefreshUs: number;
  readonly garpRefreshRepeat: number;
  readonly garpLowerPriorityDelayUs: number;
  readonly garpLowerPriorityRepeat: number;
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly checkUnicastSource: boolean;
  readonly skipCheckAdvertisedAddresses: boolean;
  readonly checksumAsV2: boolean;
  readonly isStrict: boolean;
  readonly ownerIgnoresAdverts: boolean;
  readonly notifiesPriorityChanges: boolean;
  readonly extraInterfaceGarp: ConfiguredVrrpInstance["extraInterfaceGarp"];
  readonly receiveBuffer: ReceiveBufferRule;
}

export interface BuiltGlobals {
  readonly settings: ConfiguredGlobals;
  readonly vrrp: VrrpDefaults;
  readonly mail: MailSettings;
  readonly allowsMissingInterfaces: boolean;
}

const SECOND_US = 1_000_000;
/** Also sets who runs scripts in the context, which everything built later uses. */
export function buildGlobals(root: Settings, context: BuildContext): BuiltGlobals {
  const entries = root.all("global_defs").flatMap((block) => block.entries);
  const globals = new Settings(entries, context.reporter);
  context.names.place({ vendor: globals.text("iproute_usr_dir"), admin: globals.text("iproute_etc_dir") });
  context.scripts.isSecured = globals.has("enable_script_security");
  context.scripts.usesLinks = globals.boolean("use_symlink_paths") ?? false;
  // keepalived: a user that was named before the word does not get them.
  context.scripts.hasAllGroups =
    wantsAllGroups(globals) && isBefore(globals, "set_supplementary_groups", "script_user");
  settleScriptUser(globals, context);
  context.scripts.hasAllGroups = wantsAllGroups(globals);
  const vrrp = buildVrrpDefaults(globals, context);
  const mail = buildMail(globals, context);
  return {
    settings: buildSettings(root, globals, { vrrp, mail }, context),
    vrrp,
    mail,
    allowsMissingInterfaces: globals.has("dynamic_interfaces"),
  };
}

function wantsAllGroups(globals: Settings): boolean {
  return globals.boolean("set_supplementary_groups") ?? false;
}

function isBefore(globals: Settings, first: string, second: string): boolean {
  const indexOf = (name: string): number => globals.entries.findIndex(({ keyword }) => keyword.name === name);
  return indexOf(first) < indexOf(second);
}

/** keepalived's account for scripts. */
const SCRIPT_USER = "keepalived_script";

/** Who runs scripts that name nobody. With `enable_script_security` that is never the daemon itself, unless told so. */
function settleScriptUser(globals: Settings, context: BuildContext): void {
  const { scripts } = context;
  const entry = globals.entry("script_user");
  const words = globals.words("script_user") ?? [];
  const user = entry === null ? scriptAccount(globals, context) : readUser(words, entry, context);
  scripts.user = user ?? null;
  const isMissing = entry === null ? user === null && scripts.isSecured : user === undefined;
  scripts.missingUser = isMissing ? (words[0] ?? SCRIPT_USER) : null;
}

function scriptAccount(globals: Settings, { host }: BuildContext): ConfiguredGlobals["scriptUser"] {
  const user = host.findUser(SCRIPT_USER);
  const hasAll = user !== null && wantsAllGroups(globals);
  return hasAll ? { ...user, groups: host.findGroupsOf(SCRIPT_USER, user.gid) } : user;
}

type BuiltParts = Pick<BuiltGlobals, "vrrp" | "mail">;

function buildSettings(root: Settings, globals: Settings, parts: BuiltParts, context: BuildContext): ConfiguredGlobals {
  checkChoice(globals, "dynamic_interfaces", "allow_if_changes", context);
  checkChoice(globals, "lvs_flush_on_stop", "VS", context);
  checkChoice(globals, "lvs_flush_onstop", "VS", context);
  return {
    routerId: globals.text("router_id") ?? context.host.hostName,
    ...readNames(root, globals),
    ...readIpvs(globals, context),
    processes: readProcesses(globals, context),
    mail: parts.mail,
    ...readGlobalScripts(globals, context),
    ...readLinks(root, globals),
    ...readVrrpTimes(globals),
    firewall: readFirewall(globals, context),
    snmp: readSnmp(globals, context),
    dbus: {
      isEnabled: globals.has("enable_dbus"),
      serviceName: globals.text("dbus_service_name"),
      noInterfaceName: globals.text("dbus_no_interface_name") ?? "none",
    },
    fifo: readFifo(globals, "notify_fifo", context),
    vrrpFifo: readFifo(globals, "vrrp_notify_fifo", context),
    lvsFifo: readFifo(globals, "lvs_notify_fifo", context),
    notifiesPriorityChanges: parts.vrrp.notifiesPriorityChanges,
    rewritesFifoOnReload: globals.has("fifo_write_vrrp_states_on_reload"),
    buffers: readBuffers(globals),
    logsUnknownVrids: globals.has("log_unknown_vrids"),
    randomSeed: globals.number("random_seed"),
    umask: readUmask(globals, context),
    childWaitSec: root.number("child_wait_time") ?? 5,
    receiveBufferMultiplier: parts.vrrp.receiveBuffer.multiplier,
    receiveBufferPolicy: parts.vrrp.receiveBuffer.policy,
    vrrp: describeDefaults(globals, parts.vrrp),
    reload: readReload(globals),
    dumps: readDumps(globals),
    control: readControl(globals, context),
  };
}

/** What tells this daemon from others on the machine. */
function readNames(
  root: Settings,
  globals: Settings,
): Pick<ConfiguredGlobals, "instanceName" | "networkNamespace" | "ipvsNamespace" | "usesPidDirectory" | "processName"> {
  const instanceName = root.text("instance");
  const networkNamespace = root.text("net_namespace");
  return {
    instanceName,
    networkNamespace,
    ipvsNamespace: root.has("net_namespace_ipvs") ? (root.text("net_namespace_ipvs") ?? "") : null,
    usesPidDirectory: root.has("use_pid_dir") || instanceName !== null || networkNamespace !== null,
    processName: globals.text("process_name") ?? (globals.has("process_names") ? "keepalived" : null),
  };
}

/** Interfaces, and those that are made for instances. */
function readLinks(
  root: Settings,
  globals: Settings,
): Pick<
  ConfiguredGlobals,
  | "dynamicInterfaces"
  | "allowsInterfaceChanges"
  | "defaultInterface"
  | "disablesLocalIgmp"
  | "vmacPrefix"
  | "vmacAddressPrefix"
  | "pollsAllLinks"
> {
  const vmacPrefix = globals.text("vmac_prefix") ?? "vrrp";
  return {
    dynamicInterfaces: globals.has("dynamic_interfaces"),
    allowsInterfaceChanges: globals.words("dynamic_interfaces")?.[0] === "allow_if_changes",
    defaultInterface: globals.text("default_interface") ?? "eth0",
    disablesLocalIgmp: globals.has("disable_local_igmp"),
    vmacPrefix,
    vmacAddressPrefix: globals.text("vmac_addr_prefix") ?? vmacPrefix,
    pollsAllLinks: root.has("linkbeat_use_polling"),
  };
}

/** When VRRP starts, and what keeps it from doing so. */
function readVrrpTimes(
  globals: Settings,
): Pick<
  ConfiguredGlobals,
  | "yieldsOnRemovedAddresses"
  | "leaseUs"
  | "maxAutoPriority"
  | "minAutoPriorityDelayUs"
  | "startupDelayUs"
  | "delayAfterBootUs"
> {
  return {
    yieldsOnRemovedAddresses: globals.boolean("vrrp_track_removed_addresses") ?? false,
    leaseUs: globals.number("vrrp_lease_time") ?? 60 * SECOND_US,
    maxAutoPriority: globals.has("max_auto_priority") ? (globals.number("max_auto_priority") ?? 99) : 0,
    minAutoPriorityDelayUs: globals.number("min_auto_priority_delay") ?? SECOND_US,
    startupDelayUs: globals.number("vrrp_startup_delay") ?? 0,
    delayAfterBootUs: globals.number("vrrp_delay_after_boot") ?? 0,
  };
}

/** Reports a word other than the only one a keyword takes. */
function checkChoice(globals: Settings, name: string, choice: string, context: BuildContext): void {
  const word = globals.words(name)?.[0];
  if (word === undefined || word === choice) return;
  context.reporter.add("bad-value", `${name} takes "${choice}" or nothing, not "${word}"`, globals.place(name));
}

function describeDefaults(globals: Settings, vrrp: VrrpDefaults): ConfiguredGlobals["vrrp"] {
  return {
    version: vrrp.version,
    multicastGroup4: vrrp.multicastGroup4,
    multicastGroup6: vrrp.multicastGroup6,
    extraInterfaceGarp: vrrp.extraInterfaceGarp,
    announce: {
      repeat: vrrp.garpRepeat,
      delayUs: vrrp.garpDelayUs,
      refreshUs: vrrp.garpRefreshUs,
      refreshRepeat: vrrp.garpRefreshRepeat,
      lowerPriorityRepeat: vrrp.garpLowerPriorityRepeat,
      lowerPriorityDelayUs: vrrp.garpLowerPriorityDelayUs,
      garpIntervalUs: vrrp.garpIntervalUs,
      gnaIntervalUs: vrrp.gnaIntervalUs,
    },
    givenLowerDelaySec: globals.number("vrrp_garp_lower_prio_delay"),
    givenLowerRepeat: globals.number("vrrp_garp_lower_prio_repeat"),
    downTimerAdverts: vrrp.downTimerAdverts,
    isSilentOnLowerPriority: vrrp.lowerPriorityNoAdvert,
    sendsAdvertBeforeYielding: vrrp.higherPrioritySendAdvert,
    checkUnicastSource: vrrp.checkUnicastSource,
    skipCheckAdvertisedAddresses: vrrp.skipCheckAdvertisedAddresses,
    isStrict: vrrp.isStrict,
  };
}

type Scripts = Pick<
  ConfiguredGlobals,
  "startupScript" | "shutdownScript" | "startupTimeoutUs" | "shutdownTimeoutUs" | "hasScriptSecurity" | "scriptUser"
>;

function readGlobalScripts(globals: Settings, context: BuildContext): Scripts {
  return {
    startupScript: readCommand(globals.entry("startup_script"), context),
    shutdownScript: readCommand(globals.entry("shutdown_script"), context),
    startupTimeoutUs: (globals.number("startup_script_timeout") ?? 10) * SECOND_US,
    shutdownTimeoutUs: (globals.number("shutdown_script_timeout") ?? 10) * SECOND_US,
    hasScriptSecurity: context.scripts.isSecured,
    scriptUser: context.scripts.user,
  };
}

const DEFAULT_TABLE = "keepalived";
const DEFAULT_IPVS_TABLE = "keepalived_ipvs";

/** The first of `nftables [TABLE]` and `vrrp_iptables` counts; as in keepalived without iptables, both mean nftables. */
function readFirewallTable(globals: Settings, context: BuildContext): string | null {
  let table: string | null = null;
  for (const { keyword, statement } of globals.entries) {
    const place = placeOf(statement);
    if (keyword.name === "vrrp_iptables") {
      context.reporter.add("deprecated", 'vrrp_iptables: nftables is used instead, write "nftables"', place);
      table ??= DEFAULT_TABLE;
    } else if (keyword.name === "nftables") {
      if (table !== null) context.reporter.add("duplicate", "nftables is given already", place);
      table ??= statement.words[1] ?? DEFAULT_TABLE;
    }
  }
  return table;
}

function readFirewall(globals: Settings, context: BuildContext): FirewallSettings {
  return {
    table: readFirewallTable(globals, context),
    isTableImplied: false,
    priority: globals.number("nftables_priority") ?? -1,
    usesInterfaceIndex: globals.has("nftables_ifindex"),
    ipvsTable: globals.has("nftables_ipvs") ? (globals.text("nftables_ipvs") ?? DEFAULT_IPVS_TABLE) : null,
    ipvsPriority: globals.number("nftables_ipvs_priority") ?? -1,
    ipvsFirstFwmark: globals.number("nftables_ipvs_start_fwmark") ?? 1000,
    hasCounters: globals.has("nftables_counters"),
  };
}

/** keepalived: with a second word it is left out. */
function readSnmpSocket(globals: Settings, { reporter }: BuildContext): string | null {
  if ((globals.words("snmp_socket")?.length ?? 0) <= 1) return globals.text("snmp_socket");
  reporter.add("bad-value", "snmp_socket takes one word, it is left out", globals.place("snmp_socket"));
  return null;
}

function readSnmp(globals: Settings, context: BuildContext): SnmpSettings {
  const servesRfc = globals.has("enable_snmp_rfc");
  const virtualServersUs = globals.number("snmp_vs_stats_update_interval") ?? 5 * SECOND_US;
  return {
    socket: readSnmpSocket(globals, context),
    sendsTraps: globals.has("enable_traps"),
    servesVrrp: globals.has("enable_snmp_vrrp") || globals.has("enable_snmp_keepalived"),
    servesCheckers: globals.has("enable_snmp_checker"),
    servesRfc2787: servesRfc || globals.has("enable_snmp_rfcv2"),
    servesRfc6527: servesRfc || globals.has("enable_snmp_rfcv3"),
    countAges: {
      virtualServersUs,
      realServersUs: globals.number("snmp_rs_stats_update_interval") ?? virtualServersUs,
    },
  };
}

function buildVrrpDefaults(globals: Settings, context: BuildContext): VrrpDefaults {
  const isMinimal = globals.boolean("vrrp_min_garp") === true;
  const garpDelayUs = secondsUs(globals.number("vrrp_garp_master_delay")) ?? (isMinimal ? 0 : 5 * SECOND_US);
  const garpRepeat = atLeastOne(globals.number("vrrp_garp_master_repeat") ?? (isMinimal ? 1 : 5));
  return {
    version: globals.number("vrrp_version") === 3 ? 3 : 2,
    multicastGroup4: readGroup(globals, "vrrp_mcast_group4", context) ?? "224.0.0.18",
    multicastGroup6: readGroup(globals, "vrrp_mcast_group6", context) ?? "ff02::12",
    garpDelayUs,
    garpRepeat,
    garpRefreshUs: secondsUs(globals.number("vrrp_garp_master_refresh")) ?? 0,
    garpRefreshRepeat: atLeastOne(globals.number("vrrp_garp_master_refresh_repeat") ?? 1),
    garpLowerPriorityDelayUs: secondsUs(globals.number("vrrp_garp_lower_prio_delay")) ?? garpDelayUs,
    garpLowerPriorityRepeat: globals.number("vrrp_garp_lower_prio_repeat") ?? garpRepeat,
    garpIntervalUs: globals.number("vrrp_garp_interval") ?? 0,
    gnaIntervalUs: globals.number("vrrp_gna_interval") ?? 0,
    downTimerAdverts: globals.number("vrrp_down_timer_adverts") ?? 3,
    lowerPriorityNoAdvert: globals.boolean("vrrp_lower_prio_no_advert") ?? false,
    higherPrioritySendAdvert: globals.boolean("vrrp_higher_prio_send_advert") ?? false,
    checkUnicastSource: globals.has("vrrp_check_unicast_src"),
    skipCheckAdvertisedAddresses: globals.boolean("vrrp_skip_check_adv_addr") ?? false,
    checksumAsV2: globals.has("v3_checksum_as_v2"),
    isStrict: globals.boolean("vrrp_strict") ?? false,
    ownerIgnoresAdverts: globals.boolean("vrrp_owner_ignore_adverts") ?? false,
    notifiesPriorityChanges: globals.boolean("vrrp_notify_priority_changes") ?? false,
    extraInterfaceGarp: readExtraGarp(globals, context),
    receiveBuffer: {
      policy: readBufferPolicy(globals, context),
      multiplier: globals.number("vrrp_rx_bufs_multiplier") ?? 3,
    },
  };
}

function readExtraGarp(globals: Settings, context: BuildContext): VrrpDefaults["extraInterfaceGarp"] {
  const name = globals.has("vrrp_garp_extra_if") ? "vrrp_garp_extra_if" : "vrrp_vmac_garp_intvl";
  const words = globals.words(name);
  if (words === null) return null;
  const coversAll = words[0] === "all";
  const { value: seconds, problem } = readInteger(words[coversAll ? 1 : 0] ?? "");
  if (seconds !== null && problem === "none" && seconds >= 1 && seconds <= 86_400) {
    return { intervalUs: seconds * SECOND_US, coversAll };
  }
  context.reporter.add("bad-value", `${name} needs a number of seconds from 1 to 86400`, globals.place(name));
  return null;
}

function secondsUs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * SECOND_US;
}

function atLeastOne(count: number): number {
  return Math.max(1, count);
}

function readGroup(globals: Settings, name: string, context: BuildContext): IpAddress | null {
  const word = globals.words(name)?.[0];
  if (word === undefined) return null;
  const parsed = parseAddress(word);
  const family = name.endsWith("6") ? "inet6" : "inet";
  if (parsed !== null && parsed.family === family && isMulticast(parsed)) return parsed.address;
  const message = `"${word}" is not an ${family === "inet" ? "IPv4" : "IPv6"} multicast address`;
  context.reporter.add("bad-address", message, globals.place(name));
  return null;
}
