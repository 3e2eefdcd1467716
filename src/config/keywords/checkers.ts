import { type KeywordTable, table } from "./table.ts";

/** Connection options of every network checker. */
const CONNECT = `connect_ip :: <IP> :: real server address :: same family as bindto :: Address to test
connect_port :: <INT 1..65535> :: real server port :: - :: Port to test
bindto :: <IP> :: kernel choice :: same family as connect_ip :: Source address
bind_port :: <INT 1..65535> :: kernel choice :: - :: Source port
bind_if :: <IFNAME> :: none :: 15 chars; needed for link-local targets :: Bind the socket to this interface
connect_timeout :: <DECIMAL 0.000001..4294.967295> :: real server value (5) :: seconds :: Connect and reply timeout
fwmark :: <INT 0..4294967295> :: 0 (none) :: - :: Socket mark on check packets`;

/** Scheduling options of every checker that runs by itself. */
const SCHEDULE = `retry :: <INT 0..4294967295> :: 1 :: MISC_CHECK 0; DNS_CHECK 3 :: Further attempts before failure counts
delay_before_retry :: <DECIMAL >=0> :: 1 :: seconds; HTTP/SSL 3; DNS delay_loop :: Pause between attempts
warmup :: <DECIMAL >=0> :: delay_loop :: seconds; 0 disables :: Upper bound of random initial delay
delay_loop :: <DECIMAL >=0.000001> :: real server value (60) :: seconds :: Check interval
delay_loop_down :: <DECIMAL >=0.000001> :: real server value (delay_loop) :: seconds; not in keepalived :: Check interval while the check fails
alpha :: [bool] :: real server value :: - :: Treat as failed until first pass
log_all_failures :: [bool] :: false :: - :: Log every failure while up`;

/** What HTTP_GET and SSL_GET have in common. */
const HTTP = `nb_get_retry :: <INT 0..4294967295> :: 1 :: deprecated :: Old name of retry :: deprecated
virtualhost :: <STRING> :: real server, then virtual server value :: - :: Host header :: lenient
http_protocol :: 1.0 | 1.0c | 1.0C | 1.1 :: 1.0 :: 1.0C and 1.1 add Connection: close :: HTTP version to send :: lenient
enable_sni :: [bool] :: false :: - :: Send TLS SNI with the Host value
sni_name :: [NAME] :: virtualhost :: turns SNI on :: Name sent in SNI :: 2.4
fast_recovery :: [bool] :: false :: - :: Check remaining urls at once when recovering
url :: { block } :: - :: repeatable, checked in turn :: One request to make`;

const URL = `path :: <STRING> :: required :: - :: Request target
digest :: <MD5 hex> :: none :: 32 hex digits :: Expected MD5 of the body
status_code :: <N | N-M> ... :: 200-299 :: 100..599; repeatable :: Accepted status codes :: silent
virtualhost :: <STRING> :: checker value :: - :: Host header for this url :: lenient
regex :: <"PATTERN"> :: none :: PCRE2; last wins :: Pattern the body must match :: silent
regex_no_match :: (flag) :: off :: - :: Succeed when pattern is absent
regex_options :: <OPTION ...> :: none :: unknown names ignored silently :: PCRE2 compile options :: silent
regex_min_offset :: <INT> :: 0 :: octets :: Offset at which matching starts :: silent
regex_max_offset :: <INT> :: none :: octets :: Last offset a match may start :: silent
regex_stack :: <START> <MAX> :: PCRE2 default :: octets; START <= MAX; largest wins :: JIT stack sizes :: silent`;

export const MISC_CHECK: KeywordTable = table(
  "virtual_server/real_server/MISC_CHECK",
  "check",
  `
${SCHEDULE}
misc_path :: <"COMMAND args"> :: required :: quotes and escapes honoured :: Program to run :: silent
misc_timeout :: <INT 0..4294> :: 0 = virtual_server delay_loop :: seconds :: Run time limit
misc_dynamic :: (flag) :: off :: exit 2..255 gives weight 0..253 :: Exit status sets the weight
user :: <USER> [GROUP] :: script_user :: failure removes the checker :: Identity the program runs under :: lenient
`,
);

export const SMTP_CHECK: KeywordTable = table(
  "virtual_server/real_server/SMTP_CHECK",
  "check",
  `
${CONNECT}
${SCHEDULE}
helo_name :: <STRING> :: smtpchecker.keepalived.org :: - :: Name sent in HELO :: lenient
host :: { block } :: - :: deprecated; each becomes its own checker :: Extra target with own connection options :: deprecated quiet
`,
);

export const SMTP_CHECK_HOST: KeywordTable = table(
  "virtual_server/real_server/SMTP_CHECK/host",
  "check",
  `
${CONNECT}
${SCHEDULE}
`,
);

export const TCP_CHECK: KeywordTable = table(
  "virtual_server/real_server/TCP_CHECK",
  "check",
  `
${CONNECT}
${SCHEDULE}
half_open :: (flag) :: off :: needs CAP_NET_RAW; not in keepalived :: Send a SYN only and judge by its answer
`,
);

export const PING_CHECK: KeywordTable = table(
  "virtual_server/real_server/PING_CHECK",
  "check",
  `
${CONNECT}
${SCHEDULE}
`,
);

export const UDP_CHECK: KeywordTable = table(
  "virtual_server/real_server/UDP_CHECK",
  "check",
  `
${CONNECT}
${SCHEDULE}
payload :: <HEX ...> :: none (empty datagram) :: hex digits, spaces allowed :: Bytes to send :: lenient
require_reply :: [HEX ...] :: off :: x or X is a wildcard nibble :: Demand a reply, optionally matching these bytes
min_reply_length :: <INT 0..65535> :: 0 :: octets :: Shortest good reply
max_reply_length :: <INT 0..65535> :: 255 :: octets :: Longest good reply
`,
);

export const HTTP_GET: KeywordTable = table(
  "virtual_server/real_server/HTTP_GET",
  "check",
  `
${CONNECT}
${SCHEDULE}
${HTTP}
`,
);

export const HTTP_GET_URL: KeywordTable = table(
  "virtual_server/real_server/HTTP_GET/url",
  "check",
  `
${URL}
`,
);

export const SSL_GET: KeywordTable = table(
  "virtual_server/real_server/SSL_GET",
  "check",
  `
${CONNECT}
${SCHEDULE}
${HTTP}
tls_compliant :: [bool] :: false :: - :: Treat missing close_notify as an error :: 2.4
`,
);

export const SSL_GET_URL: KeywordTable = table(
  "virtual_server/real_server/SSL_GET/url",
  "check",
  `
${URL}
tls_compliant :: [bool] :: checker value :: - :: Treat missing close_notify as an error :: 2.4
`,
);

export const DNS_CHECK: KeywordTable = table(
  "virtual_server/real_server/DNS_CHECK",
  "check",
  `
${CONNECT}
${SCHEDULE}
type :: A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY (any case) :: SOA :: - :: Query type
name :: <NAME> :: root (empty) :: no empty label; first wins :: Query name :: first
`,
);

export const FILE_CHECK: KeywordTable = table(
  "virtual_server/real_server/FILE_CHECK",
  "check",
  `
track_file :: <NAME> :: required :: must be defined earlier :: track_file to follow
weight :: <INT -2147483647..2147483647> [reverse|noreverse] :: weight of the track_file :: 0 = non-zero value means down :: Multiplier for the file value
`,
);

export const BFD_CHECK: KeywordTable = table(
  "virtual_server/real_server/BFD_CHECK",
  "check",
  `
name :: <BFD NAME> :: required :: exactly one word :: BFD session to follow
alpha :: [bool] :: real server value :: - :: Treat as failed until session is up
`,
);

export const HTTP_GET_URL_REGEX_OPTIONS: KeywordTable = table(
  "virtual_server/real_server/HTTP_GET/url/regex_options",
  "check",
  `
allow_empty_class :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option ALLOW_EMPTY_CLASS
alt_bsux :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option ALT_BSUX
alt_circumflex :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option ALT_CIRCUMFLEX
alt_verbnames :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option ALT_VERBNAMES
auto_callout :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option AUTO_CALLOUT
caseless :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option CASELESS
dollar_endonly :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option DOLLAR_ENDONLY
dotall :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option DOTALL
dupnames :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option DUPNAMES
extended :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option EXTENDED
firstline :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option FIRSTLINE
match_unset_backref :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option MATCH_UNSET_BACKREF
multiline :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option MULTILINE
never_backslash_c :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NEVER_BACKSLASH_C
never_ucp :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NEVER_UCP
never_utf :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NEVER_UTF
no_auto_capture :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NO_AUTO_CAPTURE
no_auto_possess :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NO_AUTO_POSSESS
no_dotstar_anchor :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NO_DOTSTAR_ANCHOR
no_start_optimize :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option NO_START_OPTIMIZE
ucp :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option UCP
ungreedy :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option UNGREEDY
use_offset_limit :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option USE_OFFSET_LIMIT
utf :: (flags) :: none :: PCRE2 option of the same name :: PCRE2 option UTF
`,
);
