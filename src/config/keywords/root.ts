import { type KeywordTable, table } from "./table.ts";

export const ROOT: KeywordTable = table(
  "(root)",
  "global",
  `
linkbeat_use_polling :: (flag) :: off :: - :: Poll link state by MII, ETHTOOL or ioctl on every VRRP interface
net_namespace :: <NAME> :: none (current namespace) :: first definition wins; cannot change on reload :: Run VRRP, BFD and checkers inside this network namespace :: first lenient
net_namespace_ipvs :: [NAME] :: same namespace as net_namespace :: no NAME = default namespace; cannot change on reload :: Namespace used only for the IPVS netlink socket
namespace_with_ipsets :: (flag) :: off :: - :: Use ipsets in a namespace even on old kernels
use_pid_dir :: (flag) :: off (forced on by instance or net_namespace) :: - :: Put pid files in RUNDIR/keepalived/ directory
instance :: <NAME> :: none :: first definition wins; cannot change on reload :: Name this daemon instance; suffixes pid files and syslog ident :: first lenient
child_wait_time :: <INT 0..4294967295> :: 5 :: seconds :: Time allowed for children to exit at stop before SIGKILL
global_defs :: { block } :: - :: block may be repeated; settings accumulate :: Daemon wide settings block
track_group :: <NAME> { block } :: - :: name required and unique :: Ties static items to a set of VRRP instances :: area=static
static_ipaddress :: { address lines } :: - :: one address per line; see virtual_ipaddress :: Addresses added at start, restored if removed, deleted at stop :: area=static
static_routes :: { route lines } :: - :: one route per line; see virtual_routes :: Routes added at start, restored if removed, deleted at stop :: area=static
static_rules :: { rule lines } :: - :: one rule per line; see virtual_rules :: Policy rules added at start, restored if removed, deleted at stop :: area=static
vrrp_sync_group :: <NAME> { block } :: - :: name required and unique :: Group of instances that change state together :: area=vrrp
garp_group :: { block } :: - :: needs garp_interval or gna_interval else dropped :: Shared pacing of gratuitous ARP/NA for listed interfaces :: area=vrrp
linkbeat_interfaces :: { IFNAME [MII|ETHTOOL|IOCTL] lines } :: type auto :: unknown interface is a fatal error without dynamic_interfaces :: Interfaces whose link state is polled, with method :: area=vrrp
vrrp_instance :: <NAME> { block } :: - :: name required and unique; exactly one word :: Defines one virtual router :: area=vrrp
vrrp_script :: <NAME> { block } :: - :: must precede the instance that tracks it :: Periodic health script usable by track_script :: area=script
vrrp_track_process :: <NAME> { block } :: - :: needs kernel CONFIG_PROC_EVENTS :: Watches a number of running processes :: area=script
interface_up_down_delays :: { IFNAME DOWN [UP] lines } :: 0 0 :: each <DECIMAL 0..255> seconds; IFNAME must exist :: Debounce link down/up transitions per interface :: area=vrrp
SSL :: { block } :: - :: last one wins with an error message :: TLS client material for SSL_GET checks :: area=check
virtual_server_group :: <NAME> { entries } :: - :: entries: ADDR[-RANGE|/MASK] [PORT] or fwmark N [inet|inet6] :: Named set of virtual addresses sharing one real server pool :: area=check
virtual_server :: <IP> [PORT] { | fwmark <N> { | group <NAME> { :: - :: port 0..65535; 0 or absent needs persistence :: Defines one IPVS virtual service :: area=check
bfd_instance :: <NAME> { block } :: - :: name up to 31 chars, unique :: Defines one BFD session :: area=bfd
track_file :: <NAME> { block } :: - :: must precede its users :: File whose integer content drives priority or weight :: area=script
vrrp_track_file :: <NAME> { block } :: - :: deprecated :: Old name of track_file :: deprecated quiet area=script
`,
);
