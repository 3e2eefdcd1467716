import type { CompleteConfiguration } from "../../model/complete.ts";
import type { BufferSettings, ConfiguredGlobals, ProcessSettings } from "../../model/global-complete.ts";
import { asWritten, type EffectiveValue, type Row, row } from "./rows.ts";
import { addressLine, command, fifo, optionalSeconds, ownerWords, routeLine, ruleLine, seconds } from "./spelling.ts";

type Globals = ConfiguredGlobals;

function text(value: string | null): EffectiveValue {
  return value === "" ? true : value;
}

type Role = keyof Globals["processes"];

function processRows(role: Role, prefix: string, names: string): readonly Row<Globals>[] {
  const own =
    (value: (settings: ProcessSettings) => EffectiveValue) =>
    ({ processes }: Globals): EffectiveValue =>
      value(processes[role]);
  const [name = "", ...aliases] = names.split(" ");
  return [
    row(
      name,
      own((it) => it.name),
      { aliases: ["process_names", ...aliases].join(" ") },
    ),
    row(
      `${prefix}_priority`,
      own(({ niceness }) => niceness),
    ),
    row(
      `${prefix}_rt_priority`,
      own(({ realtimePriority }) => realtimePriority || null),
    ),
    row(
      `${prefix}_no_swap`,
      own(({ isMemoryLocked }) => isMemoryLocked),
    ),
    row(
      `${prefix}_cpu_affinity`,
      own(({ cpus }) => cpus.join(" ") || null),
    ),
    row(
      `${prefix}_rlimit_rttime`,
      own(({ realtimeLimitUs }) => realtimeLimitUs),
      { aliases: `${prefix}_rlimit_rtime` },
    ),
  ];
}

function bufferRows(keyword: string, of: (globals: Globals) => BufferSettings): readonly Row<Globals>[] {
  return [row(keyword, (it) => of(it).sizeBytes || null), row(`${keyword}_force`, (it) => of(it).isForced)];
}

function timeouts({ lvsTimeoutsSec }: Globals): string | null {
  const { tcp, tcpFin, udp } = lvsTimeoutsSec;
  const parts = [tcp > 0 ? `tcp ${tcp}` : "", tcpFin > 0 ? `tcpfin ${tcpFin}` : "", udp > 0 ? `udp ${udp}` : ""];
  return parts.filter((part) => part !== "").join(" ") || null;
}

function syncDaemon({ lvsSyncDaemon }: Globals): string | null {
  if (lvsSyncDaemon === null) return null;
  const { interfaceName, instance, syncId, maxLengthBytes, port, ttl, group } = lvsSyncDaemon;
  const options: readonly (readonly [string, string | number | null])[] = [
    ["inst", instance],
    ["id", syncId],
    ["maxlen", maxLengthBytes],
    ["port", port],
    ["ttl", ttl],
    ["group", group],
  ];
  const words = options.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${value}`);
  return [interfaceName, ...words].join(" ");
}

function flushAtStop({ flushesIpvsAtStop }: Globals): EffectiveValue {
  if (flushesIpvsAtStop === "no") return null;
  return flushesIpvsAtStop === "virtual-servers" ? "VS" : true;
}

function controlListen({ control: { listen } }: Globals): EffectiveValue {
  if (listen === null) return null;
  const { address, port, tokenFile } = listen;
  return [address, port, ...(tokenFile === null ? [] : [tokenFile])].join(" ");
}

function controlSocket({ control }: Globals): EffectiveValue {
  const { path, isOff, group } = control;
  if (isOff) return "off";
  return path === null ? null : [path, ...(group === null ? [] : [group.name])].join(" ");
}

function bufferPolicy({ receiveBufferPolicy }: Globals): EffectiveValue {
  if (receiveBufferPolicy === "kernel") return null;
  return typeof receiveBufferPolicy === "number" ? receiveBufferPolicy : receiveBufferPolicy.toUpperCase();
}

const VRRP_DEFAULTS: readonly Row<Globals>[] = [
  row("vrrp_version", ({ vrrp }) => vrrp.version),
  row("vrrp_strict", ({ vrrp }) => vrrp.isStrict),
  row("vrrp_mcast_group4", ({ vrrp }) => vrrp.multicastGroup4),
  row("vrrp_mcast_group6", ({ vrrp }) => vrrp.multicastGroup6),
  row("vrrp_garp_master_delay", ({ vrrp }) => seconds(vrrp.announce.delayUs), { aliases: "vrrp_min_garp" }),
  row("vrrp_garp_master_repeat", ({ vrrp }) => vrrp.announce.repeat, { aliases: "vrrp_min_garp" }),
  row("vrrp_garp_master_refresh", ({ vrrp }) => seconds(vrrp.announce.refreshUs)),
  row("vrrp_garp_master_refresh_repeat", ({ vrrp }) => vrrp.announce.refreshRepeat),
  row("vrrp_garp_lower_prio_delay", ({ vrrp }) => seconds(vrrp.announce.lowerPriorityDelayUs), {
    global: "vrrp_garp_master_delay vrrp_min_garp",
  }),
  row("vrrp_garp_lower_prio_repeat", ({ vrrp }) => vrrp.announce.lowerPriorityRepeat, {
    global: "vrrp_garp_master_repeat vrrp_min_garp",
  }),
  row("vrrp_garp_interval", ({ vrrp }) => seconds(vrrp.announce.garpIntervalUs) || null),
  row("vrrp_gna_interval", ({ vrrp }) => seconds(vrrp.announce.gnaIntervalUs) || null),
  row("vrrp_down_timer_adverts", ({ vrrp }) => vrrp.downTimerAdverts),
  row("vrrp_lower_prio_no_advert", ({ vrrp }) => vrrp.isSilentOnLowerPriority),
  row("vrrp_higher_prio_send_advert", ({ vrrp }) => vrrp.sendsAdvertBeforeYielding),
  row("vrrp_check_unicast_src", ({ vrrp }) => vrrp.checkUnicastSource),
  row("vrrp_skip_check_adv_addr", ({ vrrp }) => vrrp.skipCheckAdvertisedAddresses),
  ...asWritten<Globals>("v3_checksum_as_v2 vrrp_owner_ignore_adverts vrrp_garp_extra_if vrrp_vmac_garp_intvl"),
];

const MAIL_AND_SCRIPTS: readonly Row<Globals>[] = [
  row("router_id", ({ routerId }) => routerId),
  row("notification_email", ({ mail }) => mail.recipients),
  row("notification_email_from", ({ mail }) => mail.from),
  row("smtp_server", ({ mail }) => (mail.server === null ? null : `${mail.server} ${mail.port}`)),
  row("smtp_helo_name", ({ mail }) => mail.heloName),
  row("smtp_connect_timeout", ({ mail }) => seconds(mail.timeoutUs)),
  row("smtp_alert", ({ mail }) => mail.alertsByDefault),
  row("smtp_alert_vrrp", ({ mail }) => mail.alertsForVrrp),
  row("smtp_alert_checker", ({ mail }) => mail.alertsForCheckers),
  row("no_email_faults", ({ mail }) => mail.skipsFaults),
  row("no_checker_emails", ({ mailsOnlyServerChanges }) => mailsOnlyServerChanges),
  row("script_user", ({ scriptUser }) => ownerWords(scriptUser)),
  row("enable_script_security", ({ hasScriptSecurity }) => hasScriptSecurity),
  row("startup_script", ({ startupScript }) => command(startupScript)),
  row("startup_script_timeout", ({ startupTimeoutUs }) => seconds(startupTimeoutUs)),
  row("shutdown_script", ({ shutdownScript }) => command(shutdownScript)),
  row("shutdown_script_timeout", ({ shutdownTimeoutUs }) => seconds(shutdownTimeoutUs)),
  row("notify_fifo", (it) => fifo(it.fifo)),
  row("notify_fifo_script", (it) => command(it.fifo?.script ?? null)),
  row("vrrp_notify_fifo", ({ vrrpFifo }) => fifo(vrrpFifo)),
  row("vrrp_notify_fifo_script", ({ vrrpFifo }) => command(vrrpFifo?.script ?? null)),
  row("lvs_notify_fifo", ({ lvsFifo }) => fifo(lvsFifo)),
  row("lvs_notify_fifo_script", ({ lvsFifo }) => command(lvsFifo?.script ?? null)),
  row("vrrp_notify_priority_changes", ({ notifiesPriorityChanges }) => notifiesPriorityChanges),
  row("fifo_write_vrrp_states_on_reload", ({ rewritesFifoOnReload }) => rewritesFifoOnReload),
  ...asWritten<Globals>("use_symlink_paths set_supplementary_groups"),
];

const LVS: readonly Row<Globals>[] = [
  row("lvs_timeouts", timeouts),
  row("lvs_flush", ({ flushesIpvsAtStart }) => flushesIpvsAtStart),
  row("lvs_flush_on_stop", flushAtStop, { aliases: "lvs_flush_onstop" }),
  row("lvs_sync_daemon", syncDaemon),
  row("ipvs_reconcile_interval", ({ ipvsReconcileIntervalUs }) => seconds(ipvsReconcileIntervalUs)),
  row("checker_max_in_flight", ({ largestProbeCount }) => largestProbeCount),
  row("checker_start_spread", ({ checkerStartSpreadUs }) => optionalSeconds(checkerStartSpreadUs)),
  row("checker_log_all_failures", ({ logsAllCheckerFailures }) => logsAllCheckerFailures),
  row("rs_init_notifies", ({ notifiesInitialServers }) => notifiesInitialServers),
];

const FIREWALL: readonly Row<Globals>[] = [
  // Both mean nftables here, as in a keepalived that was built without iptables.
  row("vrrp_iptables", () => null),
  row("vrrp_ipsets", () => null),
  row("nftables", ({ firewall }) => firewall.table, {
    because: ({ firewall }) => (firewall.isTableImplied ? "instances need a firewall" : null),
  }),
  row("nftables_priority", ({ firewall }) => firewall.priority),
  row("nftables_ifindex", ({ firewall }) => firewall.usesInterfaceIndex),
  row("nftables_counters", ({ firewall }) => firewall.hasCounters),
  row("nftables_ipvs", ({ firewall }) => firewall.ipvsTable),
  row("nftables_ipvs_priority", ({ firewall }) => firewall.ipvsPriority),
  row("nftables_ipvs_start_fwmark", ({ firewall }) => firewall.ipvsFirstFwmark),
];

const REPORTING: readonly Row<Globals>[] = [
  row("snmp_socket", ({ snmp }) => snmp.socket),
  row("enable_traps", ({ snmp }) => snmp.sendsTraps),
  row("enable_snmp_vrrp", ({ snmp }) => snmp.servesVrrp, { aliases: "enable_snmp_keepalived" }),
  row("enable_snmp_checker", ({ snmp }) => snmp.servesCheckers),
  row("enable_snmp_rfcv2", ({ snmp }) => snmp.servesRfc2787, { aliases: "enable_snmp_rfc" }),
  row("enable_snmp_rfcv3", ({ snmp }) => snmp.servesRfc6527, { aliases: "enable_snmp_rfc" }),
  row("snmp_vs_stats_update_interval", ({ snmp }) => seconds(snmp.countAges.virtualServersUs)),
  row("snmp_rs_stats_update_interval", ({ snmp }) => seconds(snmp.countAges.realServersUs)),
  row("enable_dbus", ({ dbus }) => dbus.isEnabled),
  row("dbus_service_name", ({ dbus }) => dbus.serviceName),
  row("dbus_no_interface_name", ({ dbus }) => dbus.noInterfaceName),
  row("data_use_instance", ({ dumps }) => dumps.usesInstanceNames),
  row("json_version", ({ dumps }) => dumps.jsonVersion),
  row("state_dump_file", ({ dumps }) => dumps.stateFile),
  row("stats_dump_file", ({ dumps }) => dumps.statisticsFile),
  row("json_dump_file", ({ dumps }) => dumps.jsonFile),
  row("control_socket", controlSocket),
  row("control_listen", controlListen),
];

const RUNNING: readonly Row<Globals>[] = [
  row("process_name", ({ processName }) => processName, { aliases: "process_names" }),
  ...processRows("vrrp", "vrrp", "vrrp_process_name"),
  ...processRows("checkers", "checker", "checker_process_name lvs_process_name"),
  ...processRows("bfd", "bfd", "bfd_process_name"),
  row("max_auto_priority", ({ maxAutoPriority }) => maxAutoPriority),
  row("min_auto_priority_delay", ({ minAutoPriorityDelayUs }) => minAutoPriorityDelayUs),
  row("dynamic_interfaces", (it) =>
    it.dynamicInterfaces ? (it.allowsInterfaceChanges ? "allow_if_changes" : true) : null,
  ),
  row("default_interface", ({ defaultInterface }) => defaultInterface),
  row("disable_local_igmp", ({ disablesLocalIgmp }) => disablesLocalIgmp),
  row("vrrp_startup_delay", ({ startupDelayUs }) => seconds(startupDelayUs) || null),
  row("vrrp_delay_after_boot", ({ delayAfterBootUs }) => seconds(delayAfterBootUs) || null),
  row("vrrp_track_removed_addresses", ({ yieldsOnRemovedAddresses }) => yieldsOnRemovedAddresses),
  row("vrrp_lease_time", ({ leaseUs }) => seconds(leaseUs)),
  row("log_unknown_vrids", ({ logsUnknownVrids }) => logsUnknownVrids),
  row("vmac_prefix", ({ vmacPrefix }) => vmacPrefix),
  row("vmac_addr_prefix", ({ vmacAddressPrefix }) => vmacAddressPrefix, { global: "vmac_prefix" }),
  row("umask", ({ umask }) => `0${umask.toString(8)}`),
  row("vrrp_rx_bufs_policy", bufferPolicy),
  row("vrrp_rx_bufs_multiplier", ({ receiveBufferMultiplier }) => receiveBufferMultiplier),
  ...bufferRows("vrrp_netlink_cmd_rcv_bufs", ({ buffers }) => buffers.vrrpCommand),
  ...bufferRows("vrrp_netlink_monitor_rcv_bufs", ({ buffers }) => buffers.vrrpMonitor),
  ...bufferRows("process_monitor_rcv_bufs", ({ buffers }) => buffers.processMonitor),
  ...bufferRows("lvs_netlink_cmd_rcv_bufs", ({ buffers }) => buffers.lvsCommand),
  ...bufferRows("lvs_netlink_monitor_rcv_bufs", ({ buffers }) => buffers.lvsMonitor),
  row("reload_check_config", ({ reload }) => reload.checkLog),
  row("reload_time_file", ({ reload }) => reload.timeFile),
  row("reload_repeat", ({ reload }) => reload.repeatsDaily),
  row("reload_file", ({ reload }) => text(reload.markerFile)),
  row("config_save_dir", ({ reload }) => reload.saveDirectory),
  row("tmp_config_directory", ({ reload }) => reload.temporaryDirectory),
  row("random_seed", ({ randomSeed }) => randomSeed),
  ...asWritten<Globals>("include_check iproute_usr_dir iproute_etc_dir"),
];

export const GLOBAL_ROWS: readonly Row<Globals>[] = [
  ...MAIL_AND_SCRIPTS,
  ...VRRP_DEFAULTS,
  ...LVS,
  ...FIREWALL,
  ...REPORTING,
  ...RUNNING,
];

/** Keywords of the root that are not objects of their own. */
export const ROOT_ROWS: readonly Row<CompleteConfiguration>[] = [
  row("net_namespace", ({ global }) => global.networkNamespace),
  row("net_namespace_ipvs", ({ global }) => text(global.ipvsNamespace)),
  row("instance", ({ global }) => global.instanceName),
  row("use_pid_dir", ({ global }) => global.usesPidDirectory, {
    because: ({ global }) => (global.usesPidDirectory ? "instance or net_namespace is given" : null),
  }),
  row("child_wait_time", ({ global }) => global.childWaitSec),
  row("linkbeat_use_polling", ({ global }) => global.pollsAllLinks),
  ...asWritten<CompleteConfiguration>("namespace_with_ipsets"),
  row("linkbeat_interfaces", ({ linkbeatInterfaces }) =>
    linkbeatInterfaces.map(({ name, method }) => (method === null ? name : `${name} ${method}`)),
  ),
  row("interface_up_down_delays", ({ interfaceDelays }) =>
    interfaceDelays.map(({ name, downDelayUs, upDelayUs }) => `${name} ${seconds(downDelayUs)} ${seconds(upDelayUs)}`),
  ),
  row("static_ipaddress", ({ staticAddresses }) => staticAddresses.map(addressLine)),
  row("static_routes", ({ staticRoutes }) => staticRoutes.map(routeLine)),
  row("static_rules", ({ staticRules }) => staticRules.map(ruleLine)),
];
