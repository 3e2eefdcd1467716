import { type KeywordTable, table } from "./table.ts";

export const VIRTUAL_IPADDRESS: KeywordTable = table(
  "virtual_ipaddress",
  "vrrp",
  `
(address) :: <IP>[/PREFIX] first word :: /32 or /128 :: prefix 0..32 or 0..128 :: Address to add
dev :: <IFNAME> :: instance interface (static: default_interface) :: once; must exist unless dynamic :: Interface to put the address on
scope :: host|link|site|global|<INT> :: global :: IPv4 only :: Address scope
brd :: <IPv4>|+|- :: none :: IPv4 only; + all ones, - all zeros, prefix<=30 :: Broadcast address
broadcast :: <IPv4>|+|- :: none :: as brd :: Same as brd
label :: <STRING> :: none :: IPv4 only; 15 chars :: Address label
peer :: <IP> :: none :: once; replaces prefix and broadcast :: Point-to-point peer address
home :: (flag) :: off :: IPv6 :: Mobile home address flag
-nodad :: (flag) :: off (IPv6 DAD is skipped) :: IPv6 :: Let duplicate address detection run
mngtmpaddr :: (flag) :: off :: IPv6 :: Kernel manages temporary addresses
noprefixroute :: (flag) :: off :: - :: No automatic prefix route
autojoin :: (flag) :: off :: - :: Join multicast group automatically
no_track :: (flag) :: off :: - :: Interface down or removal does not matter
preferred_lft :: forever|<INT 0..4294967295> :: IPv6 /128: 0 (deprecated); otherwise forever :: seconds; IPv6 :: Preferred lifetime
track_group :: <NAME> :: none :: static_ipaddress only; needs dev :: Follow a track_group :: area=static
use_vmac :: (flag) :: off :: not in static_ipaddress :: Put this address on a VMAC of its interface
`,
);

export const VIRTUAL_ROUTES: KeywordTable = table(
  "virtual_routes",
  "vrrp",
  `
(destination) :: [to] [TYPE] <IP[/PREFIX]|default|any|all|default6> :: required :: default6 is deprecated :: Route destination :: deprecated
inet :: (flag) :: from addresses :: swallows the following word (bug) :: Force IPv4
inet6 :: (flag) :: from addresses :: swallows the following word (bug) :: Force IPv6
to :: <IP[/PREFIX]> :: - :: optional word before destination :: Marks the destination
unicast :: before destination :: unicast :: iproute2 type names :: Route type unicast
local :: before destination :: unicast :: iproute2 type names :: Route type local
broadcast :: before destination :: unicast :: iproute2 type names :: Route type broadcast
anycast :: before destination :: unicast :: iproute2 type names :: Route type anycast
multicast :: before destination :: unicast :: iproute2 type names :: Route type multicast
blackhole :: before destination :: unicast :: iproute2 type names :: Route type blackhole
unreachable :: before destination :: unicast :: iproute2 type names :: Route type unreachable
prohibit :: before destination :: unicast :: iproute2 type names :: Route type prohibit
throw :: before destination :: unicast :: iproute2 type names :: Route type throw
nat :: before destination :: unicast :: iproute2 type names :: Route type nat
xresolve :: before destination :: unicast :: iproute2 type names :: Route type xresolve
<INT> :: before destination :: unicast :: iproute2 type names :: Route type <INT>
src :: <IP> :: none :: same family :: Preferred source address
as :: [to] <IP> :: none :: rejected with message :: MPLS label rewrite, unsupported
via :: [inet|inet6] <IP> :: none :: - :: Gateway
gw :: <IP> :: none :: deprecated :: Old name of via :: deprecated
from :: <IPv6[/PREFIX]> :: none :: IPv6 only :: Source prefix selector
tos :: <NAME|INT> :: 0 :: IPv4 :: Type of service
dsfield :: <NAME|INT> :: 0 :: IPv4 :: Same as tos
table :: <NAME|INT> :: main :: rt_tables names :: Routing table
protocol :: <NAME|INT> :: 18 (keepalived) :: other values need no_track :: Route protocol
scope :: <NAME|INT> :: universe :: IPv4 :: Route scope
metric :: <INT 0..4294967295> :: kernel :: - :: Route metric
priority :: <INT> :: kernel :: - :: Same as metric
preference :: <INT> :: kernel :: - :: Same as metric
dev :: <IFNAME> :: none :: tracked unless no_track :: Output interface
oif :: <IFNAME> :: none :: - :: Same as dev
onlink :: (flag) :: off :: IPv4 :: Gateway is on link
encap :: ip|ip6|mpls|ila OPTIONS :: none :: see encap rows :: Lightweight tunnel
expires :: <INT> :: none :: seconds; IPv6 :: Route lifetime
mtu :: [lock] <INT> :: none :: octets :: Path MTU
hoplimit :: <INT 0..255> :: none :: - :: Hop limit metric
advmss :: [lock] <INT> :: none :: octets :: Advertised MSS
rtt :: [lock] <DECIMAL>[s|ms|sec|msec] :: none :: raw 1/8 ms units; 0.2..120 s clamp :: Initial RTT
rttvar :: [lock] <DECIMAL>[s|ms|sec|msec] :: none :: raw 1/4 ms units; 0.2..120 s clamp :: Initial RTT variance
reordering :: [lock] <INT> :: none :: - :: Reordering metric
window :: <INT> :: none :: octets :: Window clamp
cwnd :: [lock] <INT> :: none :: packets :: Congestion window clamp
ssthresh :: [lock] <INT> :: none :: - :: Slow start threshold
realms :: <[FROM/]TO> :: none :: IPv4 :: Realms
rto_min :: [lock] <DECIMAL>[s|ms|sec|msec] :: none :: raw ms; 0.2..120 s clamp :: Minimum retransmit timeout
initcwnd :: <INT> :: none :: packets :: Initial congestion window
initrwnd :: <INT> :: none :: packets :: Initial receive window
features :: ecn :: none :: - :: Route feature flag
quickack :: 0|1 :: none :: - :: Quick ack
congctl :: [lock] <NAME> :: none :: - :: Congestion control algorithm
pref :: low|medium|high|<INT 0..255> :: none :: IPv6 :: Router preference
ttl-propagate :: enabled|disabled :: none :: - :: MPLS TTL propagation
fastopen_no_cookie :: 0|1 :: none :: - :: TCP fast open without cookie
add :: (flag) :: prepend :: - :: Fail if route exists
prepend :: (flag) :: prepend :: - :: Insert before equal routes
append :: (flag) :: prepend :: - :: Insert after equal routes
or :: <IP> :: none :: deprecated; once :: Second gateway, old multipath form :: deprecated
nexthop :: via [inet|inet6] IP | dev IF | weight N | onlink | encap ... | realms R :: none :: must end the line; repeatable :: Multipath hop
weight :: <INT 1..256> :: 1 :: in nexthop only :: Hop weight
no_track :: (flag) :: off :: - :: Do not react when the route is removed
track_group :: <NAME> :: none :: static_routes only; needs dev :: Follow a track_group :: area=static
vrf :: <IFNAME> :: none :: existing VRF device :: Use table of this VRF
`,
);

export const VIRTUAL_ROUTES_ENCAP: KeywordTable = table(
  "virtual_routes/encap",
  "vrrp",
  `
ip :: id N, dst IP, src IP, tos N, ttl N, flags N :: - :: needs dst or id :: IPv4 tunnel metadata
ip6 :: id N, dst IP, src IP, tc N, hoplimit N, flags N :: - :: needs dst or id :: IPv6 tunnel metadata
mpls :: <LABEL[/LABEL]> :: - :: at most 2 labels, 20 bits :: MPLS labels
ila :: <HEX:HEX:HEX:HEX> :: - :: 64 bit locator :: Identifier locator addressing
`,
);

export const VIRTUAL_RULES: KeywordTable = table(
  "virtual_rules",
  "vrrp",
  `
inet :: (flag) :: from addresses :: swallows the following word (bug) :: Force IPv4
inet6 :: (flag) :: from addresses :: swallows the following word (bug) :: Force IPv6
from :: <IP[/PREFIX]|default|any|all> :: any :: - :: Source selector
to :: <IP[/PREFIX]|default|any|all> :: any :: - :: Destination selector
table :: <NAME|INT> :: - :: not 0; one action per rule :: Look up this table
lookup :: <NAME|INT> :: - :: - :: Same as table
not :: (flag) :: off :: - :: Invert the match
preference :: <INT 0..4294967295> (any base) :: counts down from 16384, with error :: - :: Rule priority
order :: <INT> :: - :: - :: Same as preference
priority :: <INT> :: - :: - :: Same as preference
tos :: <NAME|INT> :: 0 :: - :: Type of service selector
dsfield :: <NAME|INT> :: 0 :: - :: Same as tos
fwmark :: <N>[/MASK] (any base) :: none :: 32 bits :: Firewall mark selector
realms :: <[FROM/]TO> :: none :: IPv4, table action only :: Realms
suppress_prefixlength :: <INT 0..2147483647> :: none :: table action only :: Ignore routes with this prefix length or less
sup_pl :: <INT> :: none :: - :: Same as suppress_prefixlength
suppress_ifgroup :: <NAME|INT> :: none :: table action only :: Ignore routes through this interface group
sup_group :: <NAME|INT> :: none :: - :: Same as suppress_ifgroup
dev :: <IFNAME> :: none :: tracked unless no_track :: Input interface selector
iif :: <IFNAME> :: none :: - :: Same as dev
oif :: <IFNAME> :: none :: tracked unless no_track :: Output interface selector
tunnel-id :: <INT 64 bit> :: none :: - :: Tunnel id selector
uidrange :: <N-N> :: none :: - :: User id selector
l3mdev :: (flag) :: off :: excludes table :: Look up the VRF table
protocol :: <INT 0..255> :: 18 (keepalived) :: other values need no_track :: Rule origin
ipproto :: <NAME|INT 0..255> :: none :: - :: IP protocol selector
sport :: <N-N> :: none :: a single port is rejected (bug) :: Source port range
dport :: <N-N> :: none :: a single port is rejected (bug) :: Destination port range
no_track :: (flag) :: off :: - :: Do not react when the rule is removed
track_group :: <NAME> :: none :: static_rules only; needs dev :: Follow a track_group :: area=static
type :: <ACTION> :: - :: optional word before an action :: Marks the action
goto :: <INT> :: - :: needs smaller preference :: Jump to another rule
nop :: (flag) :: - :: - :: Do nothing
blackhole :: (flag) :: - :: - :: Drop silently
unreachable :: (flag) :: - :: - :: Reject as unreachable
prohibit :: (flag) :: - :: - :: Reject as prohibited
`,
);
