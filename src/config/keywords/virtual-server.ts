import { type KeywordTable, table } from "./table.ts";

export const SSL: KeywordTable = table(
  "SSL",
  "check",
  `
password :: <STRING> :: none :: - :: Pass phrase of the private key :: lenient
ca :: <PATH> :: none :: - :: CA file :: lenient
certificate :: <PATH> :: none :: - :: Client certificate file :: lenient
key :: <PATH> :: none :: - :: Client private key file :: lenient
`,
);

export const VIRTUAL_SERVER: KeywordTable = table(
  "virtual_server",
  "check",
  `
ip_family :: inet | inet6 :: from addresses; inet for fwmark :: - :: Address family for fwmark services
retry :: <INT 1..4294967295> :: checker default :: - :: Default retry count for checkers
delay_before_retry :: <DECIMAL >=0> :: checker default :: seconds :: Default pause between retries
warmup :: <DECIMAL >=0> :: delay_loop :: seconds; 0 disables :: Upper bound of random initial check delay
connect_timeout :: <DECIMAL 0.000001..4294.967295> :: 5 :: seconds :: Default connect and reply timeout
delay_loop :: <DECIMAL >=0.000001> :: 60 :: seconds :: Default interval between checks
delay_loop_down :: <DECIMAL >=0.000001> :: delay_loop of the checker :: seconds; not in keepalived :: Default interval while a check fails
inhibit_on_failure :: (flag) :: off :: - :: Set weight 0 instead of removing failed servers
lb_algo :: rr|wrr|lc|wlc|lblc|lblcr|sh|mh|dh|fo|ovf|sed|nq|twos :: wlc :: unknown name ignored with error :: IPVS scheduler
lvs_sched :: as lb_algo :: wlc :: - :: Same as lb_algo
hashed :: (flag) :: off :: reports an error unless scheduler is sh or mh; sets nothing :: Legacy hash table flag
ops :: (flag) :: off :: UDP or fwmark only :: One packet scheduling
flag-1 :: (flag) :: off :: - :: Scheduler flag 1
flag-2 :: (flag) :: off :: - :: Scheduler flag 2
flag-3 :: (flag) :: off :: - :: Scheduler flag 3
sh-port :: (flag) :: off :: after lb_algo sh :: Include port in source hash
sh-fallback :: (flag) :: off :: after lb_algo sh :: Hash again when server unavailable
mh-port :: (flag) :: off :: after lb_algo mh :: Include port in Maglev hash
mh-fallback :: (flag) :: off :: after lb_algo mh :: Hash again when server unavailable
lb_kind :: NAT|DR|TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum] :: NAT (with error message) :: gue needs port 1..65535 :: Default forwarding method
lvs_method :: as lb_kind :: NAT :: - :: Same as lb_kind
persistence_engine :: <NAME> :: none :: 15 chars :: IPVS persistence engine, e.g. sip
persistence_timeout :: [<INT 1..2678400>] :: off (no arg = 360) :: seconds :: Persistence time
persistence_granularity :: <IPv4 MASK | INT 1..128> :: 255.255.255.255 / 128 :: sets persistence 360 if unset :: Client netmask or prefix for persistence
protocol :: TCP|UDP|SCTP (any case) :: UDP with error if missing :: ignored for fwmark :: Transport protocol
ha_suspend :: (flag) :: off :: not with fwmark :: Suspend checks while host lacks the VIP
smtp_alert :: [bool] :: smtp_alert_checker, smtp_alert, else false :: - :: Mail quorum changes
virtualhost :: <STRING> :: none :: - :: Default Host header for HTTP checks :: lenient
snmp_name :: <STRING> :: none :: exactly one word :: Name shown through SNMP :: lenient
alpha :: (flag) :: off :: - :: Servers start down until a check passes
omega :: (flag) :: off :: - :: Run down notifiers at shutdown
quorum_up :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when quorum is gained :: first
quorum_down :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when quorum is lost :: first
quorum :: <INT 1..4294967295> :: 1 :: reduced to total weight :: Sum of live weights needed
hysteresis :: <INT 0..4294967295> :: 0 :: below quorum :: Margin around quorum
weight :: <INT 1..2147483647> :: 1 :: - :: Default real server weight
correlated_failure_guard :: [bool] :: true for 4 or more real servers :: not in keepalived :: Hold verdicts while most servers fail at once and the director's own network looks wrong
panic_threshold :: <INT 0..100> :: 0 (off) :: percent of the real servers; not in keepalived :: While fewer are up, all of them serve
sorry_server :: <IP> [PORT] :: none :: port from virtual server :: Server used while quorum is lost
sorry_server_inhibit :: (flag) :: off :: after sorry_server :: Keep sorry server at weight 0 instead of removing
sorry_server_lvs_method :: as lb_kind :: lb_kind :: after sorry_server :: Forwarding method of sorry server
real_server :: <IP> [PORT] { block } :: - :: port from virtual server if 0 or absent :: Defines one pool member
`,
);

export const VIRTUAL_SERVER_REAL_SERVER: KeywordTable = table(
  "virtual_server/real_server",
  "check",
  `
weight :: <INT 0..2147483647> :: virtual_server weight (1) :: - :: Configured weight
lvs_method :: as lb_kind :: lb_kind :: - :: Forwarding method
uthreshold :: <INT 0..4294967295> :: 0 (none) :: connections :: Upper connection limit
lthreshold :: <INT 0..4294967295> :: 0 (none) :: connections :: Level at which an overloaded server returns
inhibit_on_failure :: [bool] :: virtual_server value :: - :: Set weight 0 instead of removing on failure
notify_up :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when server comes up :: first
notify_down :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when server goes down :: first
alpha :: [bool] :: virtual_server value :: - :: Start down until checks pass
retry :: <INT 1..4294967295> :: virtual_server value :: - :: Default retry count for its checkers
delay_before_retry :: <DECIMAL >=0> :: virtual_server value :: seconds :: Default pause between retries
warmup :: <DECIMAL >=0> :: virtual_server value :: seconds :: Upper bound of random initial delay
connect_timeout :: <DECIMAL 0.000001..4294.967295> :: virtual_server value (5) :: seconds :: Default connect timeout
delay_loop :: <DECIMAL >=0.000001> :: virtual_server value (60) :: seconds :: Default check interval
delay_loop_down :: <DECIMAL >=0.000001> :: virtual_server value :: seconds; not in keepalived :: Default interval while a check fails
smtp_alert :: [bool] :: smtp_alert_checker, smtp_alert, else true :: - :: Mail server state changes
virtualhost :: <STRING> :: virtual_server value :: - :: Host header for its HTTP checks :: lenient
snmp_name :: <STRING> :: none :: exactly one word :: Name shown through SNMP :: lenient
MISC_CHECK :: { block } :: - :: - :: Run a program as health check
SMTP_CHECK :: { block } :: - :: - :: SMTP greeting and HELO check
TCP_CHECK :: { block } :: - :: - :: TCP connect check
PING_CHECK :: { block } :: - :: widens ping_group_range to gid 0 :: ICMP echo check
UDP_CHECK :: { block } :: - :: - :: UDP send and optional reply check
HTTP_GET :: { block } :: - :: at least one url :: HTTP request check
SSL_GET :: { block } :: - :: at least one url :: HTTPS request check
DNS_CHECK :: { block } :: - :: - :: DNS query check
FILE_CHECK :: { block } :: - :: - :: Weight or state from a track_file
BFD_CHECK :: { block } :: - :: - :: State from a BFD session
`,
);

export const VIRTUAL_SERVER_GROUP: KeywordTable = table(
  "virtual_server_group",
  "check",
  `
(address) :: <IP> [PORT] :: - :: port 0 or absent needs persistence :: One virtual address
(range) :: <IP-LAST> [PORT] or <IP-IP> [PORT] :: - :: IPv4 last octet decimal, IPv6 last 16 bits hex; end above start :: Range of virtual addresses
(mask) :: <IP/MASK> [PORT] :: - :: host bits must be zero :: All addresses of a network
fwmark :: <INT 0..4294967295> [inet|inet6] :: family of virtual server :: - :: Firewall mark member
`,
);

export const VIRTUAL_SERVER_LB_KIND: KeywordTable = table(
  "virtual_server/lb_kind",
  "check",
  `
type :: ipip|gue|gre :: ipip :: TUN only :: Tunnel type
port :: <INT 1..65535> :: - :: gue only, required :: GUE destination port
nocsum :: (flag) :: on :: gue, gre :: No tunnel checksum
csum :: (flag) :: off :: gue, gre :: Tunnel checksum
remcsum :: (flag) :: off :: gue only :: Remote checksum offload
`,
);
