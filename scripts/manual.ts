/** The manual pages, made from the tables that the program itself runs on. */
import { FLAGS, helpOf } from "../src/cli/flag-table.ts";
import { SUBCOMMAND_HELP } from "../src/cli/subcommand-names.ts";
import { statusOf, whyWithoutEffect } from "../src/config/keywords/status.ts";
import type { Keyword } from "../src/config/keywords/table.ts";
import { TABLES } from "../src/config/keywords/tables.ts";
import { VERSION } from "../src/runtime/version.ts";

/** Text as it is to appear: nothing in it is a request of troff. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}

function bold(text: string): string {
  return `\\fB${escapeRoff(text)}\\fR`;
}

function item(head: string, text: string): string {
  return `.TP\n${head}\n${escapeRoff(text)}`;
}

function header(name: string, section: number, date: string): string {
  return `.TH ${name} ${section} ${date} "holdfast ${VERSION}" "System Manager's Manual"`;
}

function flagItem(flag: (typeof FLAGS)[number]): string {
  const { short, long, argument, placeholder } = flag;
  const names = [short === null ? null : `-${short}`, long === null ? null : `--${long}`].filter((it) => it !== null);
  const value = argument === "none" ? "" : `\\fI ${escapeRoff(placeholder)}\\fR`;
  return item(`${names.map(bold).join(", ")}${value}`, helpOf(flag));
}

function commandItem(line: string): string {
  const [, name = "", help = ""] = /^\s*(\S+)\s+(.*)$/.exec(line) ?? [];
  return item(bold(`holdfast ${name}`), help);
}

type Items = readonly (readonly [head: string, text: string])[];

const SIGNALS: Items = [
  ["SIGHUP", "reload; a configuration that is refused changes nothing"],
  ["SIGTERM", "say good-bye to the other routers, take everything away and end"],
  ["SIGUSR1", "write the data file"],
  ["SIGUSR2", "write the statistics file"],
  ["SIGRTMAX-1", "write the statistics file, then count from zero"],
  ["SIGRTMIN+2", "write the JSON file"],
];
const EXIT_STATUS: Items = [
  ["0", "ended in order, or a daemon was running already"],
  ["1", "failure, or a word of the command line that is not understood"],
  ["2", "configuration"],
  ["4", "no permission"],
  ["6", "no configuration"],
  ["70", "internal error"],
];
const ENVIRONMENT: Items = [
  ["HOLDFAST_SOCKET", "control socket that the commands ask"],
  ["NO_COLOR", "no colours on a terminal"],
];

function items(rows: Items): readonly string[] {
  return rows.map(([head, text]) => item(bold(head), text));
}

/** holdfast(8). @param date of the build, `2026-01-31` */
export function programManual(date: string): string {
  return [
    header("HOLDFAST", 8, date),
    ".SH NAME",
    "holdfast \\- VRRP failover, IPVS load balancing and health checks",
    ".SH SYNOPSIS",
    ".B holdfast",
    "[\\fIOPTION\\fR...]",
    ".br",
    ".B holdfast",
    "\\fICOMMAND\\fR [\\fIARGUMENT\\fR...]",
    ".SH DESCRIPTION",
    "A drop\\-in replacement for keepalived: the same configuration, options, signals and effect on the network.",
    "The options are keepalived's; the commands are holdfast's own and tell more with \\-\\-help.",
    ".SH OPTIONS",
    ...FLAGS.map(flagItem),
    ".SH COMMANDS",
    ...SUBCOMMAND_HELP.split("\n").map(commandItem),
    ".SH SIGNALS",
    ...items(SIGNALS),
    ".PP",
    "The files go to TMPDIR, else to /tmp; \\fBholdfast \\-\\-signum\\fR tells the numbers: kill \\-$(holdfast \\-\\-signum=JSON) PID.",
    ".SH EXIT STATUS",
    ...items(EXIT_STATUS),
    ".PP",
    "Of \\-t: 0 no complaint; 2 a parameter is missing; 4 an interface or the file is missing; 5 any other complaint; 6 script security or an include.",
    ".SH ENVIRONMENT",
    ...items(ENVIRONMENT),
    ".SH FILES",
    item("\\fI/etc/keepalived/keepalived.conf\\fR", "configuration"),
    item("\\fI/etc/default/holdfast\\fR", "DAEMON_ARGS of the systemd unit"),
    item("\\fI/run/holdfast/control.sock\\fR", "control socket"),
    item("\\fI/var/lib/holdfast\\fR", "what operators said about instances and real servers"),
    ".SH SEE ALSO",
    ".BR holdfast.conf (5)",
    "",
  ].join("\n");
}

function caveat(row: Keyword): string {
  const why = whyWithoutEffect(row);
  return why === null ? "Accepted, not yet in effect." : `Accepted, without effect: ${why}.`;
}

function keywordItem(row: Keyword): string {
  const parts = [
    `${row.meaning}.`,
    ...(row.defaultText === "-" ? [] : [`Default: ${row.defaultText}.`]),
    ...(row.note === "-" ? [] : [`(${row.note})`]),
    ...(row.isDeprecated ? ["Deprecated."] : []),
    ...(statusOf(row) === "in-effect" ? [] : [caveat(row)]),
  ];
  return item(`${bold(row.name)} ${escapeRoff(row.syntax)}`, parts.join(" "));
}

/** holdfast.conf(5). @param date of the build, `2026-01-31` */
export function configurationManual(date: string): string {
  const sections = [...TABLES.values()].flatMap(({ path, rows }) => [
    `.SS "${escapeRoff(path).replaceAll('"', "'")}"`,
    ...rows.map(keywordItem),
  ]);
  return [
    header("HOLDFAST.CONF", 5, date),
    ".SH NAME",
    "holdfast.conf \\- configuration of holdfast, the language of keepalived.conf",
    ".SH DESCRIPTION",
    "The file is \\fI/etc/keepalived/keepalived.conf\\fR unless",
    ".BR holdfast (8)",
    "is told otherwise. Blocks are given by their path; (root) stands for what is outside all blocks.",
    ".SH KEYWORDS",
    ...sections,
    ".SH SEE ALSO",
    ".BR holdfast (8)",
    "",
  ].join("\n");
}
