import type { CompleteConfiguration } from "../model/complete.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { keepEqual } from "../model/keep.ts";
import type { SourcePlace } from "../model/units.ts";
import { BlockParser } from "./block-parser.ts";
import { ConfigurationBuilder } from "./build.ts";
import { CODES, type Code } from "./codes.ts";
import type { BuildContext } from "./context.ts";
import { type TestExitCode, testExitCode } from "./exit-code.ts";
import { deepFreeze } from "./freeze.ts";
import { HeaderGate } from "./gate.ts";
import { matchGlob } from "./glob.ts";
import type { ConfigurationHost, FileContent } from "./host.ts";
import { ALL_CHECKS, NO_CHECKS } from "./include.ts";
import { statusOf, whyWithoutEffect } from "./keywords/status.ts";
import type { Keyword } from "./keywords/table.ts";
import { ROOT_TABLE } from "./keywords/tables.ts";
import { BlockMemory, countQuestions, type KnownBlocks, NO_BLOCKS, type Outside } from "./known-blocks.ts";
import { LineReader } from "./line-reader.ts";
import { MergedCopy } from "./merged-copy.ts";
import { NameTables } from "./name-tables.ts";
import { isCode, Reporter } from "./reporter.ts";
import { findScript } from "./script-security.ts";
import type { Entry } from "./tree.ts";

/** What to load, as the command line says it. */
export interface ConfigurationSource {
  /** Argument of `-f`: a path, relative to `workingDirectory`, or a glob. */
  readonly path: string;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Argument of `-i`; null takes the host name up to its first dot. */
  readonly configId: string | null;
  /** `-e`: every include problem is an error. */
  readonly enforcesIncludes: boolean;
}

export interface LoadedConfiguration {
  /** Always complete and deeply frozen; do not run it when `startRefusal` is set. */
  readonly configuration: CompleteConfiguration;
  /** Ordered by file and line; those without a place come last. */
  readonly diagnostics: readonly Diagnostic[];
  readonly testExitCode: TestExitCode;
  /** Set when a real start (or a reload) has to be refused; 2 is a configuration error, 6 a missing file. */
  readonly startRefusal: { readonly exitCode: 2 | 6; readonly reasons: readonly Diagnostic[] } | null;
  /** Text of every file read, by the name used in places: what carets are drawn on. */
  readonly sources: ReadonlyMap<string, string>;
  /** For the next load. */
  readonly blocks: KnownBlocks;
}

/** What a load takes over from an earlier one wherever it is equal. */
export interface EarlierLoad {
  /** Null: none is in force. */
  readonly configuration: CompleteConfiguration | null;
  readonly blocks: KnownBlocks;
}

const NOTHING_EARLIER: EarlierLoad = { configuration: null, blocks: NO_BLOCKS };

/**
 * Loads a keepalived configuration: a pure function of its arguments that never throws and stays within
 * the limits of `limits.ts` whatever the text is.
 * @param kept filled with the root entries of the text, for those who want to know where values came from
 * @param earlier of which the result keeps what is equal; virtual servers that it keeps have their places from there
 */
export function loadConfiguration(
  source: ConfigurationSource,
  host: ConfigurationHost,
  kept: Entry[] | null = null,
  earlier: EarlierLoad = NOTHING_EARLIER,
): LoadedConfiguration {
  const reading = { source, host, kept, blocks: earlier.blocks };
  const first = read(reading, null);
  const { builder, reporter, lines, used, scripts, memory } = first.builder.hasLateGlobals
    ? read(reading, first.builder.globalEntries)
    : first;
  const built = builder.finish();
  const configuration = deepFreeze(keepEqual(built, earlier.configuration));
  const script = scripts.isSecured ? null : findScript(built, reporter.codes.has("missing-interface"));
  if (script !== null) {
    const message = "this script, as all others, is run without enable_script_security; add that to global_defs";
    reporter.add("script-security", message, script.place);
  }
  reportIdleKeywords(used, reporter);
  // keepalived: with reload_check_config, subsystems do not start on any complaint at all
  const isStrict = configuration.global.reload.checkLog !== null;
  const reasons = isStrict ? [...reporter.startRefusals, ...reporter.complaints] : reporter.startRefusals;
  const exitCode = reasons.every(({ code }) => isCode(code) && CODES[code].refusal === 6) ? 6 : 2;
  return {
    configuration,
    diagnostics: reporter.sorted([...lines.sources.keys()]),
    testExitCode: testExitCode(reporter.codes),
    startRefusal: reasons.length === 0 ? null : { exitCode, reasons },
    sources: lines.sources,
    blocks: memory.finish(replacements(built, configuration)),
  };
}

/** What only VRRP minds. */
const VRRP_REFUSALS: ReadonlySet<string> = new Set<Code>([
  "missing-interface",
  "missing-interface-static",
  "no-vrid",
  "no-interface",
  "no-vip",
  "duplicate-vrid",
]);

/** keepalived: with `-C` nobody reads what is VRRP's, so that it keeps nothing from starting. */
export function withoutVrrpRefusals(loaded: LoadedConfiguration): LoadedConfiguration {
  if (loaded.startRefusal === null) return loaded;
  const reasons = loaded.startRefusal.reasons.filter(({ code }) => !VRRP_REFUSALS.has(code));
  return { ...loaded, startRefusal: reasons.length === 0 ? null : { ...loaded.startRefusal, reasons } };
}

/** The text that loading reads, as one: what `config_save_dir` keeps. */
export function mergeConfiguration(source: ConfigurationSource, host: ConfigurationHost): string {
  const copy = new MergedCopy();
  const outside = { touches: 0 };
  const lines = openLines({ source, host, reporter: new Reporter(outside), outside, copy });
  while (lines.next() !== null);
  return copy.text;
}

interface LinesOrder extends Pick<ReadingOrder, "source" | "host"> {
  readonly reporter: Reporter;
  readonly outside: Outside;
  readonly copy?: MergedCopy | null;
}

function openLines({ source, host, reporter, outside, copy = null }: LinesOrder): LineReader {
  const configId = configIdOf(source, host);
  const checks = source.enforcesIncludes ? ALL_CHECKS : NO_CHECKS;
  const lines = new LineReader({ configId, checks, host, reporter, outside, copy });
  openMainFiles(source, host, lines, reporter);
  return lines;
}

function configIdOf(source: ConfigurationSource, host: ConfigurationHost): string {
  return source.configId ?? nodeNameOf(host.hostName);
}

/** Virtual servers for which others stand in a configuration, which are equal. */
function replacements(built: CompleteConfiguration, kept: CompleteConfiguration): Map<Server, Server> {
  const pairs = built.virtualServers.map((server, index) => [server, kept.virtualServers[index] ?? server] as const);
  return new Map(pairs.filter(([server, other]) => server !== other));
}

interface ReadingOrder {
  readonly source: ConfigurationSource;
  readonly host: ConfigurationHost;
  readonly kept: Entry[] | null;
  readonly blocks: KnownBlocks;
}

type Server = CompleteConfiguration["virtualServers"][number];

interface Reading extends BuildContext {
  readonly memory: BlockMemory;
  readonly builder: ConfigurationBuilder;
  readonly lines: LineReader;
}

/** @param globals entries of global settings known from an earlier reading */
function read(order: ReadingOrder, globals: readonly Entry[] | null): Reading {
  const { source, kept, blocks } = order;
  const outside = { touches: 0 };
  const reporter = new Reporter(outside);
  const host = countQuestions(order.host, outside);
  const configId = configIdOf(source, host);
  const lines = openLines({ source, host, reporter, outside });
  const scripts = { user: null, missingUser: null, isSecured: false, hasAllGroups: false, usesLinks: false };
  const names = new NameTables(host);
  const context: BuildContext = { reporter, host, configId, used: new Map(), scripts, names, shared: { timing: null } };
  const builder = new ConfigurationBuilder(context, globals);
  const memory = new BlockMemory({ before: blocks, lines, builder, outside });
  const gate = new HeaderGate();
  // Who wants the entries wants all of them
  const parser = new BlockParser({ lines, reporter, gate, used: context.used, memory: kept === null ? memory : null });
  if (kept !== null) kept.length = 0;
  const push = (entry: Entry): void => {
    kept?.push(entry);
    builder.add(entry);
  };
  parser.parse(ROOT_TABLE, { push });
  return { ...context, builder, lines, memory };
}

function nodeNameOf(hostName: string): string {
  const dot = hostName.indexOf(".");
  return dot < 0 ? hostName : hostName.slice(0, dot);
}

/** Opens what `-f` names: one file, or all that a glob matches. */
function openMainFiles(
  source: ConfigurationSource,
  host: ConfigurationHost,
  lines: LineReader,
  reporter: Reporter,
): void {
  const exists = (path: string): boolean => host.readFile(path).kind !== "missing";
  const listDirectory = (path: string): readonly string[] | null => host.listDirectory(path);
  const found = matchGlob(source.path, source.workingDirectory, { exists, listDirectory });
  const paths = found.flatMap((alternative) => alternative.matches);
  const isPattern = found.length > 1 || found.some(({ isWildcard }) => isWildcard);
  const missingCode = source.enforcesIncludes ? "required-file-missing" : "file-missing";
  if (paths.length === 0) reporter.add(missingCode, `there is no file "${source.path}"`, null);
  if (paths.length > 1) {
    reporter.add("multiple-files", `"${source.path}" matches ${paths.length} files; all are read, in order`, null);
  }
  for (const path of paths.toReversed()) {
    const content = host.readFile(path);
    const name = isPattern ? path : source.path;
    if (content.kind === "text") lines.openFile(name, path, content.text);
    else reporter.add("file-unreadable", `"${path}" ${whyUnusable(content)}`, null);
  }
}

/** keepalived: a file that could be run is no configuration */
function whyUnusable(content: Exclude<FileContent, { readonly kind: "text" }>): string {
  switch (content.kind) {
    case "executable":
      return "is executable, which a configuration must not be; chmod -x it";
    case "unreadable":
      return `cannot be read: ${content.reason}`;
    case "not-regular":
      return "is not a regular file";
    case "missing":
      return "is not there";
  }
}

/** One notice for each keyword that is understood but not carried out. */
function reportIdleKeywords(used: ReadonlyMap<Keyword, SourcePlace>, reporter: Reporter): void {
  for (const [keyword, place] of used) {
    if (statusOf(keyword) === "in-effect") continue;
    const why = whyWithoutEffect(keyword);
    const what = why === null ? "not yet in effect" : "without effect";
    const message = `accepted, ${what}: ${keyword.name} (${why ?? keyword.meaning})`;
    reporter.add("not-yet-in-effect", message, place);
  }
}
