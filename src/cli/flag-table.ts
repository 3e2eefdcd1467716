import type { OptionRow } from "./getopt.ts";

/**
 * `now`: carried out. `moot`: means nothing in one process, so silently true. `debug`: of keepalived's builds for its
 * developers; accepted, and said once that it does nothing.
 */
export type FlagEffect = "now" | "moot" | "debug";

export interface FlagRow extends OptionRow<FlagName> {
  readonly placeholder: string;
  readonly effect: FlagEffect;
  readonly help: string;
}

type Definition = readonly [spelling: string, placeholder: string, effect: FlagEffect, help: string];

/** Spelling is `-short, --long`; a placeholder in brackets is an optional argument, an empty one is none. */
const DEFINITIONS = {
  configFile: ["-f, --use-file", "FILE", "now", "configuration file (default /etc/keepalived/keepalived.conf)"],
  vrrpOnly: ["-P, --vrrp", "", "now", "VRRP only, no health checks"],
  checkersOnly: ["-C, --check", "", "now", "health checks only, no VRRP"],
  noBfd: ["-B, --no_bfd", "", "now", "no BFD"],
  all: ["--all", "", "moot", "start every part even when it has nothing to do"],
  logConsole: ["-l, --log-console", "", "now", "log to standard error too, with a time stamp"],
  logDetail: ["-D, --log-detail", "", "now", "log details; twice for more"],
  logFacility: [
    "-S, --log-facility",
    "NAME",
    "now",
    "syslog facility: 0-7, local0-local7, user or daemon (the default)",
  ],
  logFile: ["-g, --log-file", "[FILE]", "now", "log to FILE too (default keepalived.log in the temporary directory)"],
  flushLogFile: ["--flush-log-file", "", "moot", "write each line to the log file at once"],
  logFormat: ["--log-format", "text|json", "now", "how console and file lines look (default text)"],
  noSyslog: ["-G, --no-syslog", "", "now", "do not log to syslog"],
  umask: ["-u, --umask", "MASK", "now", "mask for created files (default 0177)"],
  releaseVips: ["-X, --release-vips", "", "moot", "remove VIPs that were there before"],
  keepVrrp: ["-V, --dont-release-vrrp", "", "now", "leave addresses in place at stop, and stay silent"],
  keepIpvs: ["-I, --dont-release-ipvs", "", "now", "leave the IPVS table in place at stop"],
  noRespawn: ["-R, --dont-respawn", "", "moot", "end when a child ends; there are no children"],
  foreground: ["-n, --dont-fork", "", "now", "stay in the foreground"],
  dumpConfiguration: ["-d, --dump-conf", "", "now", "log the configuration at start"],
  parentPid: ["-p, --pid", "FILE", "now", "pid file (default /run/keepalived.pid)"],
  vrrpPid: ["-r, --vrrp_pid", "FILE", "now", "pid file of VRRP (default /run/vrrp.pid)"],
  checkersPid: ["-c, --checkers_pid", "FILE", "now", "pid file of the health checks (default /run/checkers.pid)"],
  bfdPid: ["-b, --bfd_pid", "FILE", "now", "pid file of BFD (default /run/bfd.pid)"],
  genhash: ["-T, --genhash", "", "now", "as the first option: act as genhash, whose options follow"],
  addressMonitoring: ["-a, --address-monitoring", "", "now", "log every address added or removed"],
  snmp: ["-x, --snmp", "", "now", "serve all MIBs over SNMP, by an AgentX master"],
  snmpSocket: ["-A, --snmp-agent-socket", "ADDRESS", "now", "AgentX master to connect to (default /var/agentx/master)"],
  namespace: ["-s, --namespace", "NAME", "now", "network namespace to run in; beats the configuration"],
  coreDump: ["-m, --core-dump", "", "now", "no limit for core dumps"],
  coreDumpPattern: [
    "-M, --core-dump-pattern",
    "[PATTERN]",
    "now",
    "also set the kernel's core pattern until the end (default core)",
  ],
  configId: ["-i, --config-id", "ID", "now", "id for lines that start with @ (default: node name up to the first dot)"],
  allConfig: ["-e, --all-config", "", "now", "every problem with an included file is an error"],
  signum: ["--signum", "NAME", "now", "print the number of STOP, RELOAD, DATA, STATS, STATS_CLEAR or JSON"],
  configTest: [
    "-t, --config-test",
    "[FILE]",
    "now",
    "check the configuration and exit; complaints go to FILE or stderr",
  ],
  configFd: ["--config-fd", "N", "now", "with -t: write the text, all files in one, to this descriptor"],
  ignoreSigint: ["--ignore-sigint", "", "now", "ignore SIGINT"],
  version: ["-v, --version", "", "now", "print the version"],
  help: ["-h, --help", "", "now", "print this help"],
  debug: ["--debug", "[LETTERS]", "debug", "debug output"],
  perf: ["--perf", "[MODE]", "debug", "record performance data"],
  noMemCheck: ["--no-mem-check", "", "moot", "no memory checks"],
  memCheckLog: ["-L, --mem-check-log", "", "debug", "log memory checks"],
  opensslMemCheck: ["-O, --openssl-mem-check", "", "debug", "memory checks for OpenSSL"],
} as const satisfies Readonly<Record<string, Definition>>;

export type FlagName = keyof typeof DEFINITIONS;

function row(name: FlagName, [spelling, placeholder, effect, help]: Definition): FlagRow {
  const words = spelling.split(", ");
  return {
    name,
    short: words.find((word) => !word.startsWith("--"))?.slice(1) ?? null,
    long: words.find((word) => word.startsWith("--"))?.slice(2) ?? null,
    argument: placeholder === "" ? "none" : placeholder.startsWith("[") ? "optional" : "required",
    placeholder,
    effect,
    help,
  };
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(DEFINITIONS, name);
}

/** Every flag of keepalived, and `--log-format`, which is holdfast's own. */
export const FLAGS: readonly FlagRow[] = Object.entries(DEFINITIONS).flatMap(([name, definition]) =>
  isFlagName(name) ? [row(name, definition)] : [],
);

const CAVEATS: Readonly<Record<FlagEffect, string>> = {
  now: "",
  moot: " (accepted; means nothing here)",
  debug: " (accepted; of debug builds of keepalived)",
};

/** What a flag does, and whether it does it here. */
export function helpOf({ effect, help }: Pick<FlagRow, "effect" | "help">): string {
  return `${help}${CAVEATS[effect]}`;
}

/** The list of flags for `--help`, two columns. */
export function flagHelp(): string {
  return FLAGS.map((flag) => {
    const { short, long, placeholder, argument } = flag;
    const value = argument === "none" ? "" : argument === "required" ? `=${placeholder}` : `[=${placeholder.slice(1)}`;
    const names = `${short === null ? "    " : `-${short}, `}--${long ?? ""}${value}`;
    return `  ${names.padEnd(34)} ${helpOf(flag)}`;
  }).join("\n");
}
