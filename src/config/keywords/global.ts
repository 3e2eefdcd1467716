import { type KeywordTable, table } from "./table.ts";

export const GLOBAL_DEFS: KeywordTable = table(
  "global_defs",
  "global",
  `
process_names :: (flag) :: off :: - :: Name children keepalived_vrrp, keepalived_lvs, keepalived_bfd
process_name :: <STRING> :: unset :: 15 chars max, longer truncated :: Process name of the parent
vrrp_process_name :: <STRING> :: unset :: 15 chars max :: Process name of the VRRP child
checker_process_name :: <STRING> :: unset :: 15 chars max :: Process name of the checker child
lvs_process_name :: <STRING> :: unset :: deprecated :: Old name of checker_process_name :: deprecated quiet
bfd_process_name :: <STRING> :: unset :: 15 chars max :: Process name of the BFD child
use_symlink_paths :: [bool] :: false :: - :: Run scripts by symlink path instead of the resolved real path :: 2.4
set_supplementary_groups :: [bool] :: false :: affects users set after this line :: Give scripts the user's supplementary groups :: 2.4
router_id :: <STRING> :: local host name :: - :: Identity printed in alert subjects :: lenient
notification_email_from :: <ADDRESS> :: user@hostname :: extra words ignored with error :: Sender address of alerts :: lenient
smtp_server :: <HOST|IP> [PORT] :: unset (no mail) :: port 25 :: Mail relay for alerts
smtp_helo_name :: <STRING> :: local host name :: - :: Name sent in HELO when mailing alerts :: silent
smtp_connect_timeout :: <INT 0..4294> :: 30 :: seconds; 0 becomes 1 with error :: Connect and I/O timeout to the mail relay
notification_email :: { ADDRESS words } :: empty :: - :: Recipients of alerts
smtp_alert :: [bool] :: unset :: - :: Default mail setting for all VRRP and checker objects
startup_script :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run once by the parent before children start :: first
startup_script_timeout :: <INT 1..1000> :: 10 :: seconds :: Limit for startup_script :: lenient
shutdown_script :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run once by the parent after children stopped :: first
shutdown_script_timeout :: <INT 1..1000> :: 10 :: seconds :: Limit for shutdown_script :: lenient
max_auto_priority :: [<INT -1..99>] :: 0 (no arg = 99) :: SCHED_RR priority; -1 disables :: Ceiling when realtime priority is raised automatically
min_auto_priority_delay :: <INT 1..10000000> :: 1000000 :: microseconds :: Scheduling lateness that triggers a priority raise :: lenient
smtp_alert_vrrp :: [bool] :: unset :: overrides smtp_alert :: Default mail setting for instances and groups
smtp_alert_checker :: [bool] :: unset :: overrides smtp_alert :: Default mail setting for virtual and real servers
checker_max_in_flight :: <INT 1..32768> :: 4096 :: probes; on start only; not in keepalived :: Checks of the probe loop under way at once, others wait
checker_start_spread :: <DECIMAL 0..86400> :: delay_loop of each :: seconds; not in keepalived :: Default of warmup for all checkers
checker_log_all_failures :: [bool] :: false :: - :: Log every failed check, not just state changes
dynamic_interfaces :: [allow_if_changes] :: off :: - :: Accept configured interfaces that do not exist yet
no_email_faults :: (flag) :: off :: - :: Do not mail FAULT transitions
default_interface :: <IFNAME> :: eth0 :: - :: Interface for static addresses lacking dev :: lenient
disable_local_igmp :: (flag) :: off :: needs writable igmp_link_local_mcast_reports; no change on reload :: Stop host IGMP reports for link-local groups
v3_checksum_as_v2 :: (flag) :: off :: IPv4 VRRPv3 only :: Leave the pseudo header out of VRRPv3 checksums :: 2.4
lvs_timeouts :: tcp <N> | tcpfin <N> | udp <N> (1 or more) :: kernel values :: 0..2678400 seconds each :: IPVS connection timeouts; restored at stop :: lenient
lvs_flush :: (flag) :: off :: - :: Clear the whole IPVS table at startup
lvs_flush_on_stop :: [VS] :: off (remove item by item) :: - :: At stop flush all IPVS, or delete services only with VS
lvs_flush_onstop :: [VS] :: off :: deprecated :: Old spelling of lvs_flush_on_stop :: deprecated quiet
lvs_sync_daemon :: <IFNAME> [inst NAME] [id N] [maxlen N] [port N] [ttl N] [group IP] :: none :: first wins; old form IF INSTANCE [ID] accepted :: Run the IPVS connection sync daemon :: first lenient
ipvs_reconcile_interval :: <DECIMAL 0..3600> :: 5 :: seconds; 0 = only after failures; not in keepalived :: Pause between two comparisons of the IPVS table with the wanted one
vrrp_mcast_group4 :: <IPv4 multicast> :: 224.0.0.18 :: must be multicast :: Destination group for IPv4 adverts
vrrp_mcast_group6 :: <IPv6 multicast> :: ff02::12 :: link-local expected, warning otherwise :: Destination group for IPv6 adverts
vrrp_garp_master_delay :: <INT 0..4294> :: 5 :: seconds; 0 = no second burst :: Delay before second ARP/NA burst after becoming master
vrrp_garp_master_repeat :: <INT 0..4294967295> :: 5 :: 0 becomes 1 with error :: ARP/NA count per address in each burst
vrrp_garp_master_refresh :: <INT 0..4294967295> :: 0 (never) :: seconds :: Interval of periodic ARP/NA while master
vrrp_garp_master_refresh_repeat :: <INT 0..4294967295> :: 1 :: 0 becomes 1 with error :: ARP/NA count per periodic refresh
vrrp_garp_lower_prio_delay :: <INT 0..4294> :: vrrp_garp_master_delay :: seconds :: Delay of second burst after a lower priority advert
vrrp_garp_lower_prio_repeat :: <INT 0..2147483647> :: vrrp_garp_master_repeat :: 0 = send none :: ARP/NA count after a lower priority advert
vrrp_down_timer_adverts :: <INT 1..100> :: 3 :: advert intervals :: Missed adverts before master is declared down
vrrp_garp_interval :: <DECIMAL 0.000001..4294.967295> :: 0 (no pacing) :: seconds; >=1 logs a notice :: Minimum gap between ARP packets per interface
vrrp_gna_interval :: <DECIMAL 0.000001..4294.967295> :: 0 (no pacing) :: seconds; >=1 logs a notice :: Minimum gap between unsolicited NA packets per interface
vrrp_min_garp :: [bool] :: off :: changes only values still at default :: Send a single ARP/NA: repeat 1, delay 0
vrrp_garp_extra_if :: [all] <INT 1..86400> :: 0 (off) :: seconds :: Periodic ARP/NA on extra VMAC (or all) interfaces carrying VIPs
vrrp_vmac_garp_intvl :: [all] <INT 1..86400> :: 0 :: deprecated :: Old name of vrrp_garp_extra_if :: deprecated
vrrp_lower_prio_no_advert :: [bool] :: false :: - :: Master stays silent after a lower priority advert
vrrp_higher_prio_send_advert :: [bool] :: false :: - :: Master answers a higher advert once before yielding
vrrp_version :: <INT 2..3> :: 2 (IPv6 always 3) :: - :: Default VRRP version for IPv4 instances
vrrp_iptables :: [INCHAIN [OUTCHAIN]] :: unset (no arg = INPUT OUTPUT) :: names up to 27 chars, must differ :: Use iptables for accept and VMAC filtering
vrrp_ipsets :: [ADDR4 [ADDR6 [IF6 [IGMP [MLD [ND]]]]]] :: keepalived + derived suffixes :: no arg disables ipsets; names up to 30 chars, all distinct :: ipset names used with iptables :: 2.4
nftables :: [TABLE] :: unset (no arg = keepalived) :: name up to 30 chars; no change on reload :: Use nftables for accept and VMAC filtering
nftables_priority :: <INT32> :: -1 :: - :: Priority of the VRRP nftables base chains
nftables_ifindex :: (flag) :: off (names) :: - :: Match link-local interfaces by index in nftables
vrrp_check_unicast_src :: (flag) :: off :: - :: Drop unicast adverts not from a listed peer
vrrp_skip_check_adv_addr :: [bool] :: false :: - :: Skip address list check when sender unchanged
vrrp_strict :: [bool] :: false :: - :: Default strict RFC mode for instances
vrrp_priority :: <INT -20..19> :: 0 :: nice value :: Nice value of the VRRP child :: lenient
vrrp_no_swap :: (flag) :: off :: - :: Lock VRRP child memory
vrrp_rt_priority :: <INT 1..99> :: 0 (not realtime) :: clamped to range with error :: Realtime round-robin priority of VRRP child :: lenient
vrrp_cpu_affinity :: <CPU ...> :: none :: 0..online CPUs-1 :: Pin VRRP child to CPUs :: lenient
vrrp_rlimit_rttime :: <INT 1..4294967295> :: 10000 :: microseconds; 1 becomes 2 :: Realtime CPU time limit without a system call
vrrp_rlimit_rtime :: <INT 1..4294967295> :: 10000 :: deprecated :: Misspelt form of vrrp_rlimit_rttime :: deprecated quiet
nftables_ipvs :: [TABLE] :: unset (no arg = keepalived_ipvs) :: name up to 30 chars; no change on reload :: Map virtual server groups to one fwmark through nftables
nftables_ipvs_priority :: <INT32> :: -1 :: - :: Priority of the IPVS nftables chain
nftables_ipvs_start_fwmark :: <INT 1..4294967295> :: 1000 :: - :: First fwmark handed to virtual server groups
nftables_counters :: (flag) :: off :: - :: Add counters to generated nftables rules
notify_fifo :: <PATH> [USER [GROUP]] :: none :: first wins :: FIFO that receives VRRP and LVS events :: first lenient
notify_fifo_script :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Reader started for notify_fifo; FIFO path appended :: first lenient
vrrp_notify_fifo :: <PATH> [USER [GROUP]] :: none :: ignored if same as notify_fifo :: FIFO that receives VRRP events :: lenient
vrrp_notify_fifo_script :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Reader started for vrrp_notify_fifo :: first lenient
vrrp_notify_priority_changes :: [bool] :: false :: - :: Also write priority changes to FIFOs
fifo_write_vrrp_states_on_reload :: (flag) :: off :: - :: Rewrite unchanged states to FIFOs after reload
lvs_notify_fifo :: <PATH> [USER [GROUP]] :: none :: ignored if same as notify_fifo :: FIFO that receives LVS events :: lenient
lvs_notify_fifo_script :: <"SCRIPT args"> [USER [GROUP]] :: none :: dropped if VRRP script uses same FIFO :: Reader started for lvs_notify_fifo :: lenient
checker_priority :: <INT -20..19> :: 0 :: nice value :: Nice value of the checker child :: lenient
checker_no_swap :: (flag) :: off :: - :: Lock checker child memory
checker_rt_priority :: <INT 1..99> :: 0 :: clamped :: Realtime priority of checker child :: lenient
checker_cpu_affinity :: <CPU ...> :: none :: 0..online CPUs-1 :: Pin checker child to CPUs :: lenient
checker_rlimit_rttime :: <INT 1..4294967295> :: 10000 :: microseconds; 1 becomes 2 :: Realtime CPU time limit of checker child
checker_rlimit_rtime :: <INT 1..4294967295> :: 10000 :: deprecated :: Misspelt form of checker_rlimit_rttime :: deprecated quiet
bfd_priority :: <INT -20..19> :: 0 :: nice value :: Nice value of the BFD child :: lenient
bfd_no_swap :: (flag) :: off :: - :: Lock BFD child memory
bfd_rt_priority :: <INT 1..99> :: 0 :: clamped :: Realtime priority of BFD child :: lenient
bfd_cpu_affinity :: <CPU ...> :: none :: 0..online CPUs-1 :: Pin BFD child to CPUs :: lenient
bfd_rlimit_rttime :: <INT 1..4294967295> :: 10000 :: microseconds; 1 becomes 2 :: Realtime CPU time limit of BFD child
bfd_rlimit_rtime :: <INT 1..4294967295> :: 10000 :: deprecated :: Misspelt form of bfd_rlimit_rttime :: deprecated quiet
snmp_socket :: <TRANSPORT:ADDRESS> :: net-snmp default agentx address :: first wins :: AgentX master address :: first lenient
enable_traps :: (flag) :: off :: - :: Send SNMP notifications
enable_snmp_vrrp :: (flag) :: off :: - :: Serve the VRRP part of KEEPALIVED-MIB
enable_snmp_keepalived :: (flag) :: off :: deprecated :: Old name of enable_snmp_vrrp :: deprecated quiet
enable_snmp_rfc :: (flag) :: off :: - :: Serve both RFC2787 and RFC6527 MIBs
enable_snmp_rfcv2 :: (flag) :: off :: - :: Serve RFC2787 VRRP-MIB
enable_snmp_rfcv3 :: (flag) :: off :: - :: Serve RFC6527 VRRPV3-MIB
enable_snmp_checker :: (flag) :: off :: - :: Serve the checker part of KEEPALIVED-MIB
snmp_vs_stats_update_interval :: <DECIMAL 0.001..30> :: 5 :: seconds :: Age after which virtual server counters are refetched :: 2.4
snmp_rs_stats_update_interval :: <DECIMAL 0.001..30> :: snmp_vs_stats_update_interval :: seconds :: Age after which real server counters are refetched :: 2.4
enable_dbus :: (flag) :: off :: - :: Export VRRP over D-Bus
dbus_service_name :: <NAME> :: org.keepalived.Vrrp1 :: - :: Well-known bus name to own :: lenient
dbus_no_interface_name :: <NAME> :: none :: - :: Path element for instances lacking an interface :: 2.4
script_user :: <USER> [GROUP] :: keepalived_script if it exists, else own uid :: leading : in GROUP adds supplementary groups (HEAD) :: Default user and group for scripts :: lenient
enable_script_security :: (flag) :: off :: - :: Refuse root scripts whose path is writable by others
vrrp_netlink_cmd_rcv_bufs :: <INT 0..4294967295> :: kernel default :: bytes; 0 ignored :: Receive buffer of VRRP netlink command socket :: lenient
vrrp_netlink_cmd_rcv_bufs_force :: [bool] :: false :: - :: Exceed rmem_max for that buffer
vrrp_netlink_monitor_rcv_bufs :: <INT 0..4294967295> :: kernel default :: bytes; 0 ignored :: Receive buffer of VRRP netlink monitor socket :: lenient
vrrp_netlink_monitor_rcv_bufs_force :: [bool] :: false :: - :: Exceed rmem_max for that buffer
process_monitor_rcv_bufs :: <INT 0..4294967295> :: kernel default :: bytes; 0 ignored :: Receive buffer of process event connector :: lenient
process_monitor_rcv_bufs_force :: [bool] :: false :: - :: Exceed rmem_max for that buffer
lvs_netlink_cmd_rcv_bufs :: <INT 0..4294967295> :: kernel default :: bytes; 0 ignored :: Receive buffer of checker netlink command socket :: lenient
lvs_netlink_cmd_rcv_bufs_force :: [bool] :: false :: - :: Exceed rmem_max for that buffer
lvs_netlink_monitor_rcv_bufs :: <INT 0..4294967295> :: kernel default :: bytes; 0 ignored :: Receive buffer of checker netlink monitor socket :: lenient
lvs_netlink_monitor_rcv_bufs_force :: [bool] :: false :: - :: Exceed rmem_max for that buffer
rs_init_notifies :: [bool] :: false :: - :: Also notify real servers initially up at startup
no_checker_emails :: [bool] :: false :: - :: Mail only real server changes, not each checker
vrrp_rx_bufs_policy :: MTU | ADVERT | <INT> (case insensitive) :: kernel default size :: size beats policy; MTU beats ADVERT :: How VRRP socket receive buffers are sized :: lenient
vrrp_rx_bufs_multiplier :: <INT 1..4294967295> :: 3 :: - :: Packets per instance used by the MTU/ADVERT policy :: lenient
vrrp_startup_delay :: <DECIMAL 0.001..4294.967295> :: 0 :: seconds; larger of both delays wins :: Wait after start before VRRP takes part
vrrp_delay_after_boot :: <DECIMAL 0.001..4294.967295> :: 0 :: seconds of system uptime :: Hold VRRP back until this uptime is reached :: 2.4
log_unknown_vrids :: (flag) :: off :: - :: Log adverts whose VRID is not configured
vrrp_owner_ignore_adverts :: [bool] :: false :: priority 255 instances only :: Address owner discards all received adverts :: 2.4
vmac_prefix :: <STRING> :: vrrp :: first wins :: Name prefix of instance VMAC interfaces :: first
vmac_addr_prefix :: <STRING> :: vmac_prefix :: first wins :: Name prefix of per-address VMAC interfaces :: first
umask :: <OCTAL|HEX|DEC> or symbols IRUSR|IWUSR|... :: 0177 :: 0..0777; ignored if -u given :: File creation mask
random_seed :: <INT 0..4294967295> :: current time :: takes effect for parsing on next read :: Seed for random values
reload_check_config :: [LOGFILE] :: off (no arg = /dev/null) :: 5 s limit :: Test new configuration first and refuse bad reloads
reload_time_file :: <PATH> :: none :: content HH:MM:SS, YY-MM-DD HH:MM:SS or YYYY-MM-DD HH:MM:SS :: File naming the time of a scheduled reload :: lenient
reload_repeat :: (flag) :: off :: time-only entries :: Repeat the scheduled reload every day
reload_file :: [PATH] :: off (no arg = RUNDIR/keepalived.reload) :: mode 0644; suffix _INSTANCE :: File present while configuration is being read
include_check :: [+|-][read|match|wildcard_match|brace_match ...] :: none; no arg = all :: until end of current file :: Which include problems count as errors
config_save_dir :: <DIR> :: none :: created mode 0700 by parent :: Save each merged configuration read as keepalived.conf.PID.N
tmp_config_directory :: <DIR> :: memory file :: no change on reload :: Directory for the temporary merged configuration :: lenient
data_use_instance :: [bool] :: false :: - :: Put namespace and instance in dump file names
json_version :: <INT 1..2> :: 1 :: - :: Layout of the JSON dump :: 2.4
iproute_usr_dir :: <DIR> :: build time :: - :: Vendor directory of iproute2 name tables :: 2.4
iproute_etc_dir :: <DIR> :: build time (/etc/iproute2) :: - :: Admin directory of iproute2 name tables :: 2.4
state_dump_file :: <PATH> :: TMPDIR/keepalived.data :: trailing / = directory only; relative = under TMPDIR :: Where SIGUSR1 dumps go :: 2.4
stats_dump_file :: <PATH> :: TMPDIR/keepalived.stats :: parsed but not used by this HEAD :: Where SIGUSR2 statistics should go :: 2.4
vrrp_track_removed_addresses :: [bool] :: false :: not in keepalived :: Step down when somebody removes a VIP, as keepalived does, instead of putting it back
vrrp_lease_time :: <DECIMAL 0..3600> :: 60 :: seconds; 0 = off; cannot change on reload; not in keepalived :: A control loop silent for this long counts as hung and its addresses are given up
control_socket :: <PATH>|off [GROUP] :: /run/holdfast/control.sock :: not in keepalived; mode 0600, with a group 0660 :: Where the control socket is served
control_listen :: <LOOPBACK-IP> <PORT> [TOKEN-FILE] :: none :: not in keepalived; read-only without a token :: Serve status page, metrics and API over TCP
json_dump_file :: <PATH> :: TMPDIR/keepalived.json :: parsed but not used by this HEAD :: Where the JSON dump should go :: 2.4
`,
);

export const GLOBAL_DEFS_LVS_SYNC_DAEMON: KeywordTable = table(
  "global_defs/lvs_sync_daemon",
  "global",
  `
inst :: <INSTANCE> :: none (master and backup both run) :: - :: Follow the state of this instance
id :: <INT 0..255> :: VRID of inst, else 0 :: - :: Sync id
maxlen :: <INT 1..65507> :: kernel :: octets :: Largest sync message
port :: <INT 1..65535> :: kernel (8848) :: - :: Sync UDP port
ttl :: <INT 1..255> :: kernel (1) :: - :: Multicast TTL
group :: <IP multicast> :: kernel (224.0.0.81) :: - :: Multicast group
`,
);

export const GLOBAL_DEFS_LVS_TIMEOUTS: KeywordTable = table(
  "global_defs/lvs_timeouts",
  "global",
  `
tcp :: <INT 0..2678400> :: kernel :: seconds; 0 leaves as is :: TCP idle timeout
tcpfin :: <INT 0..2678400> :: kernel :: seconds :: TCP FIN timeout
udp :: <INT 0..2678400> :: kernel :: seconds :: UDP timeout
`,
);
