import type { GlobalSettings } from "../model/configuration.ts";
import type { IpAddress } from "../model/units.ts";
import { isMulticast, parseAddress } from "./address.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import type { Entry } from "./tree.ts";

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
}

export interface BuiltGlobals {
  readonly settings: GlobalSettings;
  readonly vrrp: VrrpDefaults;
  readonly allowsMissingInterfaces: boolean;
}

const SECOND_US = 1_000_000;

export function buildGlobals(root: Settings, context: BuildContext): BuiltGlobals {
  const entries: Entry[] = root.all("global_defs").flatMap((block) => block.entries);
  const globals = new Settings(entries, context.reporter);
  return {
    settings: buildSettings(root, globals, context),
    vrrp: buildVrrpDefaults(globals, context),
    allowsMissingInterfaces: globals.has("dynamic_interfaces"),
  };
}

function buildSettings(root: Settings, globals: Settings, context: BuildContext): GlobalSettings {
  const flushWords = globals.words("lvs_flush_on_stop") ?? globals.words("lvs_flush_onstop");
  const instanceName = root.text("instance");
  const networkNamespace = root.text("net_namespace");
  return {
    routerId: globals.text("router_id") ?? context.host.hostName,
    instanceName,
    networkNamespace,
    usesPidDirectory: root.has("use_pid_dir") || instanceName !== null || networkNamespace !== null,
    vrrpRealtimePriority: globals.number("vrrp_rt_priority") ?? 0,
    isVrrpMemoryLocked: globals.has("vrrp_no_swap"),
    flushesIpvsAtStart: globals.has("lvs_flush"),
    flushesIpvsAtStop: flushWords === null ? "no" : flushWords[0] === "VS" ? "virtual-servers" : "all",
  };
}

function buildVrrpDefaults(globals: Settings, context: BuildContext): VrrpDefaults {
  const isMinimal = globals.boolean("vrrp_min_garp") === true;
  const garpDelayUs = secondsUs(globals.number("vrrp_garp_master_delay")) ?? (isMinimal ? 0 : 5 * SECOND_US);
  const garpRepeat = globals.number("vrrp_garp_master_repeat") ?? (isMinimal ? 1 : 5);
  return {
    version: globals.number("vrrp_version") === 3 ? 3 : 2,
    multicastGroup4: readGroup(globals, "vrrp_mcast_group4", context) ?? "224.0.0.18",
    multicastGroup6: readGroup(globals, "vrrp_mcast_group6", context) ?? "ff02::12",
    garpDelayUs,
    garpRepeat: atLeastOne(garpRepeat),
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
  };
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
