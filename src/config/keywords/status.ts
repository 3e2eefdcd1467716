import type { Keyword, KeywordTable } from "./table.ts";

/** Whether the runtime carries out what a keyword asks for. */
export type KeywordStatus = "in-effect" | "pending" | "without-effect";

/**
 * What is in effect, by block. A keyword that is not listed loads into the model and is announced once as
 * not yet in effect; whoever makes it work adds it here.
 */
const IN_EFFECT: Readonly<Record<string, string>> = {
  "(root)": `linkbeat_use_polling linkbeat_interfaces SSL static_ipaddress static_routes static_rules
    net_namespace net_namespace_ipvs use_pid_dir track_group interface_up_down_delays instance child_wait_time global_defs garp_group vrrp_sync_group vrrp_instance virtual_server
    virtual_server_group vrrp_script track_file vrrp_track_file vrrp_track_process bfd_instance`,
  global_defs: `log_unknown_vrids router_id lvs_sync_daemon nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark ipvs_reconcile_interval lvs_flush lvs_flush_on_stop lvs_flush_onstop lvs_timeouts checker_log_all_failures checker_max_in_flight checker_start_spread vrrp_mcast_group4 vrrp_mcast_group6
    vrrp_garp_master_delay vrrp_garp_master_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat
    vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_down_timer_adverts vrrp_garp_interval
    vrrp_gna_interval vrrp_garp_extra_if vrrp_vmac_garp_intvl vrrp_min_garp vrrp_lower_prio_no_advert vrrp_higher_prio_send_advert vrrp_version
    vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_no_swap vrrp_rt_priority dynamic_interfaces
    vrrp_priority vrrp_cpu_affinity vrrp_rlimit_rttime vrrp_rlimit_rtime checker_priority checker_no_swap
    checker_rt_priority checker_cpu_affinity checker_rlimit_rttime checker_rlimit_rtime bfd_priority bfd_no_swap
    bfd_rt_priority bfd_cpu_affinity bfd_rlimit_rttime bfd_rlimit_rtime process_names process_name vrrp_process_name
    checker_process_name lvs_process_name bfd_process_name max_auto_priority min_auto_priority_delay
    vrrp_owner_ignore_adverts v3_checksum_as_v2 include_check vrrp_startup_delay vrrp_delay_after_boot umask
    vmac_prefix vmac_addr_prefix nftables vrrp_iptables vrrp_ipsets nftables_priority nftables_counters disable_local_igmp
    script_user enable_script_security
    notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script vrrp_notify_priority_changes
    fifo_write_vrrp_states_on_reload startup_script startup_script_timeout shutdown_script shutdown_script_timeout
    smtp_server smtp_helo_name smtp_connect_timeout notification_email notification_email_from smtp_alert
    smtp_alert_vrrp no_email_faults lvs_notify_fifo lvs_notify_fifo_script smtp_alert_checker no_checker_emails rs_init_notifies
    control_socket control_listen vrrp_track_removed_addresses vrrp_lease_time vrrp_strict default_interface
    snmp_socket enable_traps enable_snmp_vrrp enable_snmp_keepalived enable_snmp_rfc
    enable_snmp_rfcv2 enable_snmp_rfcv3 enable_snmp_checker enable_dbus dbus_service_name
    reload_check_config reload_time_file reload_repeat reload_file
    vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs
    vrrp_netlink_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force
    lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier
    dbus_no_interface_name snmp_vs_stats_update_interval snmp_rs_stats_update_interval random_seed iproute_usr_dir iproute_etc_dir use_symlink_paths set_supplementary_groups config_save_dir data_use_instance json_version state_dump_file stats_dump_file json_dump_file`,
  "global_defs/lvs_timeouts": "tcp tcpfin udp",
  "global_defs/lvs_sync_daemon": "inst id maxlen port ttl group",
  vrrp_instance: `linkbeat_use_polling kernel_rx_buf_size unicast_peer check_unicast_src old_unicast_checksum state interface dont_track_primary track_interface mcast_src_ip
    unicast_src_ip mcast_dst_ip virtual_router_id unicast_ttl version priority advert_int virtual_ipaddress
    virtual_ipaddress_excluded use_vmac use_ipvlan use_vmac_addr vmac_xmit_base vmac_protodown promote_secondaries no_accept
    virtual_routes virtual_rules no_virtual_ipaddress v3_checksum_as_v2 accept skip_check_adv_addr preempt
    nopreempt preempt_delay garp_master_delay garp_master_refresh garp_master_repeat
    garp_master_refresh_repeat garp_lower_prio_delay garp_lower_prio_repeat garp_extra_if vmac_garp_intvl down_timer_adverts lvs_sync_daemon_interface
    owner_ignore_adverts timer_expired_backup thread_timer_expired lower_prio_no_advert higher_prio_send_advert authentication debug track_script track_file track_process track_bfd notify_master notify_backup notify_fault notify_stop notify
    auth_hmac track_src_ip vrf unicast_fault_no_peer native_ipv6 strict_mode notify_deleted notify_master_rx_lower_pri smtp_alert notify_priority_changes`,
  garp_group: "garp_interval gna_interval interface interfaces",
  vrrp_sync_group: `group track_interface track_script track_file track_process track_bfd sync_group_tracking_weight
    global_tracking notify_master notify_backup notify_fault notify_stop notify smtp_alert notify_priority_changes`,
  vrrp_script: "script interval timeout weight rise fall user init_fail",
  vrrp_track_process: "process param_match weight quorum quorum_max delay terminate_delay fork_delay full_command",
  track_file: "file weight init_file",
  vrrp_track_file: "file weight init_file",
  "vrrp_instance/authentication": "auth_type auth_pass",
  "vrrp_instance/auth_hmac": "key active_key time_window anti_replay mode",
  virtual_server: `ip_family retry delay_before_retry warmup connect_timeout delay_loop delay_loop_down inhibit_on_failure lb_algo
    lvs_sched hashed ops flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback lb_kind lvs_method
    persistence_engine persistence_timeout persistence_granularity protocol alpha quorum hysteresis weight correlated_failure_guard panic_threshold ha_suspend
    sorry_server sorry_server_inhibit sorry_server_lvs_method real_server quorum_up quorum_down omega smtp_alert virtualhost snmp_name`,
  "virtual_server/real_server": `weight lvs_method uthreshold lthreshold inhibit_on_failure alpha retry
    delay_before_retry warmup connect_timeout delay_loop delay_loop_down TCP_CHECK PING_CHECK UDP_CHECK HTTP_GET SSL_GET DNS_CHECK SMTP_CHECK
    MISC_CHECK
    FILE_CHECK BFD_CHECK notify_up notify_down smtp_alert virtualhost snmp_name`,
  "virtual_server/real_server/TCP_CHECK": `connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark
    retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures half_open`,
  "virtual_server/real_server/UDP_CHECK": `connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark
    retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures payload require_reply min_reply_length max_reply_length`,
  "virtual_server/real_server/PING_CHECK": `connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark
    retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/HTTP_GET": `url fast_recovery virtualhost http_protocol connect_ip connect_port bindto bind_port bind_if
    connect_timeout fwmark retry nb_get_retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/SSL_GET": `url fast_recovery virtualhost http_protocol connect_ip connect_port bindto bind_port bind_if
    connect_timeout fwmark retry nb_get_retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures
    enable_sni sni_name tls_compliant`,
  "virtual_server/real_server/SSL_GET/url": `path virtualhost digest status_code regex regex_no_match
    regex_options regex_min_offset regex_max_offset tls_compliant`,
  SSL: "password ca certificate key",
  "virtual_server/real_server/HTTP_GET/url": `path virtualhost digest status_code regex regex_no_match
    regex_options regex_min_offset regex_max_offset`,
  "virtual_server/real_server/DNS_CHECK": `type name connect_ip connect_port bindto bind_port bind_if connect_timeout
    fwmark retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/SMTP_CHECK": `helo_name host connect_ip connect_port bindto bind_port bind_if
    connect_timeout fwmark retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/SMTP_CHECK/host": `connect_ip connect_port bindto bind_port bind_if connect_timeout
    fwmark retry delay_before_retry warmup delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/MISC_CHECK": `misc_path misc_timeout misc_dynamic user retry delay_before_retry warmup
    delay_loop delay_loop_down alpha log_all_failures`,
  "virtual_server/real_server/FILE_CHECK": "track_file weight",
  "virtual_server/real_server/BFD_CHECK": "name alpha",
  bfd_instance: `source_ip neighbor_ip neighbour_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops multihop
    weight vrrp checker`,
  "vrrp_instance/track_bfd": "weight",
  "vrrp_instance/use_vmac": "(mac) name group netlink_notify_msg",
  "vrrp_instance/use_ipvlan": "bridge private vepa name group (address)",
};

const NO_TLS = "plain HTTP has no TLS";
const ONE_PROCESS = "one process reads the files, so there is no temporary copy for others";
const NO_PROCESS_EVENTS = "processes are looked up in /proc, there is no socket for their events";
const NO_IPSETS = "sets of nftables are used, which every namespace has";
const NO_JIT = "patterns are searched without JIT, within 1 MiB";

/** Words that have nothing to act on here, and why: `block name`. */
const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ["(root) namespace_with_ipsets", NO_IPSETS],
  ["global_defs tmp_config_directory", ONE_PROCESS],
  ["global_defs process_monitor_rcv_bufs", NO_PROCESS_EVENTS],
  ["global_defs process_monitor_rcv_bufs_force", NO_PROCESS_EVENTS],
  ["global_defs nftables_ifindex", "link-local addresses are matched by interface index anyway, as 2.2.7 does"],
  ["virtual_server/real_server/HTTP_GET enable_sni", NO_TLS],
  ["virtual_server/real_server/HTTP_GET sni_name", NO_TLS],
  ["virtual_server/real_server/HTTP_GET/url regex_stack", NO_JIT],
  ["virtual_server/real_server/SSL_GET/url regex_stack", NO_JIT],
]);

/** Blocks whose words all are in effect: they have no meaning of their own without the block. */
const WHOLE_BLOCKS: ReadonlySet<string> = new Set([
  "track_group",
  "virtual_ipaddress",
  "virtual_routes",
  "virtual_routes/encap",
  "virtual_rules",
  "virtual_server_group",
  "virtual_server/lb_kind",
  "vrrp_instance/track_file",
  "vrrp_instance/track_interface",
  "vrrp_instance/track_process",
  "vrrp_instance/track_script",
  "vrrp_instance/unicast_peer",
  "virtual_server/real_server/HTTP_GET/url/regex_options",
  "virtual_server/real_server/SSL_GET/url/regex_options",
  "(parser)",
]);

const BY_BLOCK: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(IN_EFFECT).map(([block, names]) => [block, new Set(names.split(/\s+/))]),
);

export function statusOf(keyword: Keyword): KeywordStatus {
  if (WHOLE_BLOCKS.has(keyword.block)) return "in-effect";
  if (BY_BLOCK.get(keyword.block)?.has(keyword.name) === true) return "in-effect";
  return whyWithoutEffect(keyword) === null ? "pending" : "without-effect";
}

/** Why a word never has an effect; null for all others. */
export function whyWithoutEffect({ block, name }: Keyword): string | null {
  return WITHOUT_EFFECT.get(`${block} ${name}`) ?? null;
}

/** Names in the list above that no table has: `block name`. Empty unless the list has a mistake. */
export function unknownStatusNames(tables: ReadonlyMap<string, KeywordTable>): readonly string[] {
  const listed = [...BY_BLOCK].flatMap(([block, names]) => [...names].map((name) => `${block} ${name}`));
  return [...listed, ...WITHOUT_EFFECT.keys()].filter((full) => {
    const [block = "", name = ""] = full.split(" ");
    return tables.get(block)?.byName.has(name) !== true;
  });
}
