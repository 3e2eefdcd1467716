import { type KeywordTable, table } from "./table.ts";

export const VRRP_INSTANCE: KeywordTable = table(
  "vrrp_instance",
  "vrrp",
  `
use_vmac :: [MAC] [name] [IFNAME] [group GROUP] [netlink_notify_msg] :: off; name vrrp.VRID; MAC 00:00:5e:00:01|02:VRID :: 5 octet MAC takes VRID as last octet :: Run on a macvlan with the virtual router MAC
use_vmac_addr :: (flag) :: off :: - :: Also put VIPs on other interfaces onto VMACs
vmac_xmit_base :: (flag) :: off (forced on with unicast) :: needs use_vmac; cleared in strict mode :: Send and receive adverts on the base interface
vmac_protodown :: (flag) :: off :: needs use_vmac; implies vmac_xmit_base; not in keepalived :: Keep the addresses on a VMAC that is down until the takeover
use_ipvlan :: [name] [IFNAME] [IP[/PREFIX]] [bridge|private|vepa] [group GROUP] :: off; mode bridge :: IPv4 instances need an address :: Run on an L2 ipvlan interface
unicast_peer :: { IP [min_ttl N] [max_ttl N] lines } :: none (multicast) :: ttl 0..255; same family; no duplicates :: Send adverts to these hosts by unicast
unicast_fault_no_peer :: (flag) :: off :: - :: Go to FAULT if unicast is set up without peers
check_unicast_src :: (flag) :: off (on if any min_ttl/max_ttl) :: - :: Drop adverts from unlisted unicast sources
old_unicast_checksum :: [never] :: auto-detect :: VRRPv3 IPv4 unicast :: Use the pre-1.2.20 checksum with multicast address
native_ipv6 :: (flag) :: off :: rejected if already IPv4 :: Force IPv6 family and version 3
state :: MASTER | BACKUP :: MASTER if priority 255 else BACKUP :: BACKUP after MASTER is rejected :: Wanted initial state
interface :: <IFNAME> :: none; optional only for unicast with source IP :: 15 chars; loopback refused :: Interface adverts use
vrf :: <IFNAME> :: none :: unicast without interface only :: VRF device to bind to
dont_track_primary :: (flag) :: off :: - :: Ignore faults of the instance interface
track_interface :: { IFNAME [weight N [reverse]] lines } :: weight 0 :: -253..253 (254 accepted, clamped) :: Interfaces that fault the instance or move priority
track_script :: { NAME [weight N [reverse|noreverse]] lines } :: script weight :: -253..253 (254 accepted, clamped) :: Scripts that fault the instance or move priority
track_file :: { NAME [weight N [reverse|noreverse]] lines } :: file weight :: -254..254 :: Files that fault the instance or move priority
track_process :: { NAME [weight N [reverse|noreverse]] lines } :: process weight :: -254..254 :: Process counts that fault the instance or move priority
track_bfd :: { NAME [weight N [reverse|noreverse]] lines } :: BFD weight :: -253..253 :: BFD sessions that fault the instance or move priority
mcast_src_ip :: <IP> :: primary address of interface :: sets the family :: Source address of multicast adverts
unicast_src_ip :: <IP> :: primary address of interface :: sets the family :: Source address of unicast adverts
mcast_dst_ip :: <IP multicast> :: global group :: IPv6 must be link-local scope :: Destination group for this instance
track_src_ip :: (flag) :: off :: ignored without configured source :: Fault while the configured source address is missing
virtual_router_id :: <INT 1..255> :: required :: - :: VRID
unicast_ttl :: <INT 0..255> :: 255 (IPv6 kernel default) :: needs unicast peers :: TTL or hop limit of sent unicast adverts
version :: <INT 2..3> :: vrrp_version (IPv6 3) :: 2 refused for IPv6 :: VRRP version of this instance
priority :: <INT 1..255> :: 255 if state MASTER without priority, else 100 :: bad value sets 100 :: Base priority; 255 means address owner
advert_int :: <DECIMAL 0.01..255> :: 1 :: seconds; v2 whole 1..255, v3 0.01..40.95 in 0.01 steps, rounded :: Advert interval
virtual_ipaddress :: { address lines } :: required (see no_virtual_ipaddress) :: one family; at most 255 or what fits the MTU :: Addresses owned and advertised
virtual_ipaddress_excluded :: { address lines } :: none :: any family :: Addresses owned but not advertised
no_virtual_ipaddress :: (flag) :: off :: cleared in strict mode :: Allow an instance without VIPs :: 2.4
promote_secondaries :: (flag) :: off (always on for VMAC) :: - :: Set the promote_secondaries sysctl on the interface
linkbeat_use_polling :: (flag) :: off :: deprecated :: Poll link state of the instance interface :: deprecated
v3_checksum_as_v2 :: [bool] :: global value :: IPv4 VRRPv3 :: Leave pseudo header out of checksum :: 2.4
virtual_routes :: { route lines } :: none :: see virtual_routes rows :: Routes present only while master
virtual_rules :: { rule lines } :: none :: see virtual_rules rows :: Policy rules present only while master
accept :: (flag) :: on, off in strict mode unless priority 255 :: v2 strict resets to off :: Accept packets to the VIPs
no_accept :: (flag) :: off :: - :: Drop packets to the VIPs with firewall rules
skip_check_adv_addr :: [bool] :: global value :: any valid word, even off, turns it on :: Skip address list check when sender unchanged
strict_mode :: [bool] :: vrrp_strict :: - :: Enforce the RFC rules for this instance
preempt :: (flag) :: on :: cancels earlier nopreempt :: Take over from a lower priority master
nopreempt :: (flag) :: off :: cleared with state MASTER or priority 255 :: Leave a working lower priority master alone
preempt_delay :: <DECIMAL 0..1000> :: 0 :: seconds; bad value sets 0 :: Wait before preempting a lower priority master
debug :: <INT 0..4> :: 0 :: unused :: Debug level, stored only
notify_backup :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run on entering BACKUP :: first
notify_master :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run on entering MASTER :: first
notify_fault :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run on entering FAULT :: first
notify_stop :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when VRRP stops :: first
notify_deleted :: [<"SCRIPT args"> [USER [GROUP]]] :: off (deletion reported as FAULT) :: first wins :: Report DELETED when removed by reload :: first
notify :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins; 4 args appended :: Run on every state change :: first
notify_master_rx_lower_pri :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when master hears a lower priority advert :: first
smtp_alert :: [bool] :: smtp_alert_vrrp, smtp_alert, else false :: - :: Mail state changes
notify_priority_changes :: [bool] :: sync group or global value :: - :: Write priority changes to FIFOs
lvs_sync_daemon_interface :: <IFNAME> :: none :: deprecated :: Run IPVS sync daemon bound to this instance :: deprecated
garp_master_delay :: <INT 0..4294> :: global (5) :: seconds :: Delay before second ARP/NA burst
garp_master_refresh :: <INT 0..4294967295> :: global (0) :: seconds :: Interval of periodic ARP/NA
garp_master_repeat :: <INT 0..4294967295> :: global (5) :: 0 becomes 1 with error :: ARP/NA per address per burst
garp_master_refresh_repeat :: <INT 0..4294967295> :: global (1) :: 0 becomes 1 with error :: ARP/NA per refresh
garp_lower_prio_delay :: <INT 0..4294> :: global; 0 in strict mode :: seconds :: Delay of second burst after lower priority advert
garp_lower_prio_repeat :: <INT 0..2147483647> :: global; 0 in strict mode :: - :: ARP/NA count after lower priority advert
down_timer_adverts :: <INT 1..100> :: global (3) :: strict mode resets to 3 :: Missed adverts before master is down
timer_expired_backup :: [<INT 1..254>] :: off (no arg = 254) :: highest priority of others; needs nopreempt :: Late master steps down after a scheduling stall :: 2.4
thread_timer_expired :: [<INT 1..254>] :: off :: alias, reports an error :: Alternative spelling of timer_expired_backup :: 2.4
garp_extra_if :: [all] <INT 0..86400> :: global :: seconds; 0 off :: Periodic ARP/NA on extra VMAC interfaces
vmac_garp_intvl :: [all] <INT 0..86400> :: global :: deprecated :: Old name of garp_extra_if :: deprecated
lower_prio_no_advert :: [bool] :: global; true in strict mode :: - :: Stay silent after a lower priority advert
higher_prio_send_advert :: [bool] :: global; false in strict mode :: - :: Answer a higher advert before yielding
owner_ignore_adverts :: [bool] :: global; true in strict mode for 255 :: false is overridden to true at priority 255 :: Address owner discards received adverts :: 2.4
kernel_rx_buf_size :: <INT 0..4294967295> :: global policy :: bytes :: Socket receive buffer share of this instance :: lenient
authentication :: { block } :: none :: VRRPv2 only; cleared in strict mode :: Legacy RFC2338 authentication
auth_hmac :: { block } :: none :: replaces authentication :: HMAC-SHA256 trailer authentication :: 2.4
`,
);

export const VRRP_INSTANCE_AUTHENTICATION: KeywordTable = table(
  "vrrp_instance/authentication",
  "vrrp",
  `
auth_type :: PASS | AH :: none :: AH only IPv4 :: Simple password or IPsec AH
auth_pass :: <STRING> :: required :: 8 octets, longer truncated with error :: Password or AH key
`,
);

export const VRRP_INSTANCE_AUTH_HMAC: KeywordTable = table(
  "vrrp_instance/auth_hmac",
  "vrrp",
  `
key :: <INT 1..255> <TEXT | hex:DIGITS | file:PATH> :: at least one :: 32..64 octets :: Key material by id :: 2.4
active_key :: <INT 1..255> :: required :: must name a defined key :: Key used for signing :: 2.4
time_window :: <INT 1..300> :: 3 x advert_int, clamped 5..300 :: seconds :: Accepted clock difference :: 2.4
anti_replay :: time | monotonic :: time :: - :: Freshness by clock or by counter only :: 2.4
mode :: enforce | permissive | receive-only :: enforce :: strict mode forces enforce :: Whether trailers are sent and required :: 2.4
`,
);

export const VRRP_INSTANCE_UNICAST_PEER: KeywordTable = table(
  "vrrp_instance/unicast_peer",
  "vrrp",
  `
(address) :: <IP> first word :: - :: same family as instance :: Peer address
min_ttl :: <INT 0..255> :: 0 :: turns on source checking :: Lowest accepted TTL from this peer
max_ttl :: <INT 0..255> :: 255 :: turns on source checking :: Highest accepted TTL from this peer
`,
);

export const VRRP_INSTANCE_TRACK_INTERFACE: KeywordTable = table(
  "vrrp_instance/track_interface",
  "vrrp",
  `
weight :: <INT -253..253> [reverse] :: 0 :: 254 accepted and clamped :: Priority change for this interface
`,
);

export const VRRP_INSTANCE_TRACK_SCRIPT: KeywordTable = table(
  "vrrp_instance/track_script",
  "vrrp",
  `
weight :: <INT -253..253> [reverse|noreverse] :: vrrp_script weight :: 254 accepted and clamped :: Priority change for this script
`,
);

export const VRRP_INSTANCE_TRACK_FILE: KeywordTable = table(
  "vrrp_instance/track_file",
  "vrrp",
  `
weight :: <INT -254..254> [reverse|noreverse] :: track_file weight :: - :: Multiplier for this file
`,
);

export const VRRP_INSTANCE_TRACK_PROCESS: KeywordTable = table(
  "vrrp_instance/track_process",
  "vrrp",
  `
weight :: <INT -254..254> [reverse|noreverse] :: vrrp_track_process weight :: - :: Priority change for this process
`,
);

export const VRRP_INSTANCE_TRACK_BFD: KeywordTable = table(
  "vrrp_instance/track_bfd",
  "vrrp",
  `
weight :: <INT -253..253> [reverse|noreverse] :: bfd_instance weight :: - :: Priority change for this session
`,
);

export const VRRP_INSTANCE_USE_VMAC: KeywordTable = table(
  "vrrp_instance/use_vmac",
  "vrrp",
  `
(mac) :: <HH:HH:HH:HH:HH[:HH]> :: 00:00:5e:00:01|02:VRID :: not multicast; not the standard range :: MAC address
name :: <IFNAME> :: vmac_prefix.VRID :: 15 chars :: Marks the interface name :: 2.4
group :: <NAME|INT> :: group of base interface :: - :: Interface group :: 2.4
netlink_notify_msg :: (flag) :: off :: - :: Force an extra netlink message after creation :: 2.4
`,
);

export const VRRP_INSTANCE_USE_IPVLAN: KeywordTable = table(
  "vrrp_instance/use_ipvlan",
  "vrrp",
  `
bridge :: (flag) :: on :: one mode only :: ipvlan bridge mode
private :: (flag) :: off :: - :: ipvlan private mode
vepa :: (flag) :: off :: - :: ipvlan VEPA mode
name :: <IFNAME> :: vmac_prefix.VRID :: - :: Marks the interface name :: 2.4
group :: <NAME|INT> :: group of base interface :: - :: Interface group :: 2.4
(address) :: <IP[/PREFIX]> :: none :: required for IPv4 :: ipvlan source address
`,
);
