import type { VrrpAuthentication } from "../../model/vrrp.ts";
import type {
  ConfiguredVrrpInstance,
  GarpGroup,
  HmacSettings,
  StaticTrackGroup,
  VrrpSyncGroup,
} from "../../model/vrrp-complete.ts";
import { type Row, row } from "./rows.ts";
import { addressLine, command, optionalSeconds, routeLine, ruleLine, seconds, trackLines } from "./spelling.ts";

type Instance = ConfiguredVrrpInstance;

function vmacWords({ vmac }: Instance): string | boolean | null {
  if (vmac === null) return null;
  const words = [
    vmac.macAddress,
    vmac.name,
    vmac.group === null ? null : `group ${vmac.group}`,
    vmac.forcesNetlinkMessage ? "netlink_notify_msg" : null,
  ].filter((word) => word !== null);
  return words.length === 0 ? true : words.join(" ");
}

function ipvlanWords({ ipvlan }: Instance): string | null {
  if (ipvlan === null) return null;
  const prefix = ipvlan.prefixLength === null ? "" : `/${ipvlan.prefixLength}`;
  const words = [
    ipvlan.name,
    ipvlan.address === null ? null : `${ipvlan.address}${prefix}`,
    ipvlan.mode,
    ipvlan.group === null ? null : `group ${ipvlan.group}`,
  ];
  return words.filter((word) => word !== null).join(" ");
}

function extraGarp({ extraInterfaceGarp }: Instance): string | number {
  if (extraInterfaceGarp === null) return 0;
  return `${extraInterfaceGarp.coversAll ? "all " : ""}${seconds(extraInterfaceGarp.intervalUs)}`;
}

function isUnicast({ unicastPeers, fallsBackToMulticast }: Instance): boolean {
  return unicastPeers.length > 0 || fallsBackToMulticast;
}

const strict = ({ isStrict }: Instance): string | null => (isStrict ? "strict mode" : null);
const owner = ({ priority }: Instance): string | null => (priority === 255 ? "priority 255" : null);

export const VRRP_INSTANCE_ROWS: readonly Row<Instance>[] = [
  row("state", ({ wantsActive }) => (wantsActive ? "MASTER" : "BACKUP"), {
    because: (it) => (it.syncGroup === null ? owner(it) : `sync group ${it.syncGroup} starts as backup`),
  }),
  row("interface", ({ interfaceName }) => interfaceName || null),
  row("virtual_router_id", ({ vrid }) => vrid),
  row("priority", ({ priority }) => priority),
  row("version", ({ version }) => version, {
    global: "vrrp_version",
    because: ({ family }) => (family === "inet6" ? "IPv6 needs version 3" : null),
  }),
  row("native_ipv6", ({ family }) => family === "inet6", {
    because: ({ family }) => (family === "inet6" ? "its addresses are IPv6" : null),
  }),
  row("advert_int", ({ advertisementIntervalUs }) => seconds(advertisementIntervalUs)),
  row("strict_mode", ({ isStrict }) => isStrict, { global: "vrrp_strict" }),
  row("preempt", ({ preemptMode }) => preemptMode, { opposite: "nopreempt" }),
  row("preempt_delay", ({ preemptDelayUs }) => seconds(preemptDelayUs)),
  row("accept", ({ acceptMode }) => acceptMode, { opposite: "no_accept", because: strict }),
  row("use_vmac", vmacWords),
  row("use_vmac_addr", ({ vmac }) => vmac?.coversOtherInterfaces ?? false),
  row("vmac_protodown", ({ vmac }) => vmac?.isHeldDown ?? false),
  row("vmac_xmit_base", ({ vmac }) => vmac?.transmitsOnBase ?? false, {
    because: ({ vmac }) => (vmac?.transmitsOnBase === true ? "unicast with use_vmac needs it" : null),
  }),
  row("use_ipvlan", ipvlanWords),
  row("vrf", ({ vrf }) => vrf),
  row("mcast_src_ip", (it) => (isUnicast(it) ? null : it.sourceAddress)),
  row("unicast_src_ip", (it) => (isUnicast(it) ? it.sourceAddress : null)),
  row("mcast_dst_ip", ({ multicastGroup }) => multicastGroup, { global: "vrrp_mcast_group4 vrrp_mcast_group6" }),
  row("unicast_peer", ({ unicastPeers }) =>
    unicastPeers.map(({ address, minTtl, maxTtl }) => {
      const least = minTtl === null ? "" : ` min_ttl ${minTtl}`;
      return `${address}${least}${maxTtl === null ? "" : ` max_ttl ${maxTtl}`}`;
    }),
  ),
  row("unicast_fault_no_peer", ({ faultsWithoutPeer }) => faultsWithoutPeer),
  row("unicast_ttl", ({ unicastTtl, unicastPeers }) =>
    unicastPeers.length > 0 || unicastTtl !== 255 ? unicastTtl : null,
  ),
  // The word itself asks for unicast, so it is not for instances without
  row("check_unicast_src", (it) => (isUnicast(it) ? it.checkUnicastSource : null), {
    global: "vrrp_check_unicast_src",
    because: ({ unicastPeers }) =>
      unicastPeers.some(({ minTtl, maxTtl }) => minTtl !== null || maxTtl !== null)
        ? "a peer has min_ttl or max_ttl"
        : null,
  }),
  row("old_unicast_checksum", ({ oldUnicastChecksum }) =>
    oldUnicastChecksum === "detect" ? null : oldUnicastChecksum === "never" ? "never" : true,
  ),
  row("track_src_ip", ({ tracksSourceAddress }) => tracksSourceAddress),
  row("dont_track_primary", ({ ignoresOwnInterface }) => ignoresOwnInterface),
  row("track_interface", ({ trackedInterfaces }) => trackLines(trackedInterfaces)),
  row("track_script", ({ tracked }) => trackLines(tracked.scripts)),
  row("track_file", ({ tracked }) => trackLines(tracked.files)),
  row("track_process", ({ tracked }) => trackLines(tracked.processes)),
  row("track_bfd", ({ tracked }) => trackLines(tracked.bfds)),
  row("virtual_ipaddress", ({ virtualAddresses }) => virtualAddresses.map(addressLine)),
  row("virtual_ipaddress_excluded", ({ excludedAddresses }) => excludedAddresses.map(addressLine)),
  { keyword: "no_virtual_ipaddress", value: null, options: {} },
  row("virtual_routes", ({ virtualRoutes }) => virtualRoutes.map(routeLine)),
  row("virtual_rules", ({ virtualRules }) => virtualRules.map(ruleLine)),
  row("promote_secondaries", ({ promotesSecondaries }) => promotesSecondaries),
  row("linkbeat_use_polling", ({ pollsLinkbeat }) => pollsLinkbeat),
  row("v3_checksum_as_v2", ({ checksumAsV2 }) => checksumAsV2, { global: "v3_checksum_as_v2" }),
  // Any word turns it on, so "off" cannot be written
  row("skip_check_adv_addr", ({ skipCheckAdvertisedAddresses }) => skipCheckAdvertisedAddresses || null, {
    global: "vrrp_skip_check_adv_addr",
  }),
  row("garp_master_delay", ({ announce }) => seconds(announce.delayUs), {
    global: "vrrp_garp_master_delay vrrp_min_garp",
  }),
  row("garp_master_repeat", ({ announce }) => announce.repeat, { global: "vrrp_garp_master_repeat vrrp_min_garp" }),
  row("garp_master_refresh", ({ announce }) => seconds(announce.refreshUs), { global: "vrrp_garp_master_refresh" }),
  row("garp_master_refresh_repeat", ({ announce }) => announce.refreshRepeat, {
    global: "vrrp_garp_master_refresh_repeat",
  }),
  row("garp_lower_prio_delay", ({ announce }) => seconds(announce.lowerPriorityDelayUs), {
    global: "vrrp_garp_lower_prio_delay vrrp_garp_master_delay vrrp_min_garp",
    because: strict,
  }),
  row("garp_lower_prio_repeat", ({ announce }) => announce.lowerPriorityRepeat, {
    global: "vrrp_garp_lower_prio_repeat vrrp_garp_master_repeat vrrp_min_garp",
    because: strict,
  }),
  row("garp_extra_if", extraGarp, {
    aliases: "vmac_garp_intvl",
    global: "vrrp_garp_extra_if vrrp_vmac_garp_intvl",
  }),
  row("down_timer_adverts", ({ downTimerAdverts }) => downTimerAdverts, {
    global: "vrrp_down_timer_adverts",
    because: strict,
  }),
  row("lower_prio_no_advert", ({ isSilentOnLowerPriority }) => isSilentOnLowerPriority, {
    global: "vrrp_lower_prio_no_advert",
    because: strict,
  }),
  row("higher_prio_send_advert", ({ sendsAdvertBeforeYielding }) => sendsAdvertBeforeYielding, {
    global: "vrrp_higher_prio_send_advert",
    because: strict,
  }),
  row("owner_ignore_adverts", ({ ownerIgnoresAdverts }) => ownerIgnoresAdverts || null, {
    global: "vrrp_owner_ignore_adverts",
    because: (it) => (it.ownerIgnoresAdverts ? strict(it) : null),
  }),
  row("timer_expired_backup", ({ timerExpiredBackupPriority }) => timerExpiredBackupPriority, {
    aliases: "thread_timer_expired",
  }),
  row("kernel_rx_buf_size", ({ kernelReceiveBufferBytes }) => kernelReceiveBufferBytes),
  row("lvs_sync_daemon_interface", ({ lvsSyncInterface }) => lvsSyncInterface),
  row("notify_backup", ({ notify }) => command(notify.backup)),
  row("notify_master", ({ notify }) => command(notify.active)),
  row("notify_fault", ({ notify }) => command(notify.fault)),
  row("notify_stop", ({ notify }) => command(notify.stop)),
  row("notify_deleted", ({ notify, reportsDeletion }) => command(notify.deleted) ?? (reportsDeletion || null)),
  row("notify", ({ notify }) => command(notify.any)),
  row("notify_master_rx_lower_pri", ({ notify }) => command(notify.lowerPriorityHeard)),
  row("smtp_alert", ({ sendsMail }) => sendsMail, { global: "smtp_alert_vrrp smtp_alert" }),
  row("notify_priority_changes", ({ notifiesPriorityChanges }) => notifiesPriorityChanges, {
    global: "vrrp_notify_priority_changes",
    because: ({ syncGroup, notifiesPriorityChanges }) =>
      syncGroup !== null && notifiesPriorityChanges ? `sync group ${syncGroup}` : null,
  }),
  { keyword: "debug", value: null, options: {} },
];

export const AUTHENTICATION_ROWS: readonly Row<VrrpAuthentication>[] = [
  row("auth_type", ({ kind }) => (kind === "none" ? null : kind.toUpperCase())),
  row("auth_pass", (it) => ("password" in it ? it.password : null), { isSecret: true }),
];

export const HMAC_ROWS: readonly Row<HmacSettings>[] = [
  row("key", ({ keys }) => keys.map(({ id, hex, file }) => `${id} ${file === null ? `hex:${hex}` : `file:${file}`}`), {
    isSecret: true,
  }),
  row("active_key", ({ activeKey }) => activeKey),
  row("time_window", ({ timeWindowSec }) => timeWindowSec),
  row("anti_replay", ({ antiReplay }) => antiReplay),
  row("mode", ({ mode }) => mode),
];

export const SYNC_GROUP_ROWS: readonly Row<VrrpSyncGroup>[] = [
  row("group", ({ members }) => members),
  row("track_interface", ({ trackedInterfaces }) => trackLines(trackedInterfaces)),
  row("track_script", ({ tracked }) => trackLines(tracked.scripts)),
  row("track_file", ({ tracked }) => trackLines(tracked.files)),
  row("track_process", ({ tracked }) => trackLines(tracked.processes)),
  row("track_bfd", ({ tracked }) => trackLines(tracked.bfds)),
  row("notify_backup", ({ notify }) => command(notify.backup)),
  row("notify_master", ({ notify }) => command(notify.active)),
  row("notify_fault", ({ notify }) => command(notify.fault)),
  row("notify_stop", ({ notify }) => command(notify.stop)),
  row("notify", ({ notify }) => command(notify.any)),
  row("smtp_alert", ({ sendsMail }) => sendsMail, { global: "smtp_alert_vrrp smtp_alert" }),
  row("sync_group_tracking_weight", ({ keepsTrackingWeights }) => keepsTrackingWeights, {
    aliases: "global_tracking",
  }),
  row("notify_priority_changes", ({ notifiesPriorityChanges }) => notifiesPriorityChanges, {
    global: "vrrp_notify_priority_changes",
  }),
];

export const TRACK_GROUP_ROWS: readonly Row<StaticTrackGroup>[] = [row("group", ({ instances }) => instances)];

export const GARP_GROUP_ROWS: readonly Row<GarpGroup>[] = [
  row("garp_interval", ({ garpIntervalUs }) => optionalSeconds(garpIntervalUs)),
  row("gna_interval", ({ gnaIntervalUs }) => optionalSeconds(gnaIntervalUs)),
  row("interfaces", ({ interfaces }) => interfaces, { aliases: "interface" }),
];
