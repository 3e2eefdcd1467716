import { overrideKey } from "../checker/override.ts";
import { PROBES_OF_APPLICATION_CHECKS } from "../config/build-checkers.ts";
import type {
  ApplicationChecker,
  ConfiguredRealServer,
  ConfiguredVirtualServer,
  GroupMember,
  VirtualServerGroup,
} from "../model/checks.ts";
import type { ScriptCommand, ScriptUser } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { CheckerStatus, LvsSnapshot, RealServerStatus, VirtualServerStatus } from "../runtime/lvs-types.ts";
import {
  applicationLines,
  type CheckSurroundings,
  headingOf,
  memberLine,
  networkLines,
  protocolOf,
  realServerLines,
  regexUsesIn,
  virtualServerLines,
} from "./check-lines.ts";
import { globalLines } from "./data-globals.ts";
import { section } from "./data-groups.ts";
import { weightText } from "./data-vrrp.ts";
import { plainMoment, userText, yesNo } from "./dump-text.ts";

/** The state that a reload found. */
export interface ChecksBefore {
  readonly configuration: Pick<CompleteConfiguration, "virtualServerGroups">;
  readonly lvs: LvsSnapshot;
}

/** What the last reload kept. keepalived tells it of each. */
interface Kept {
  /** `GROUP MEMBER` */
  readonly members: ReadonlySet<string>;
  /** By name. */
  readonly virtualServers: ReadonlySet<string>;
  /** Effective weights of then, by `overrideKey`. */
  readonly weights: ReadonlyMap<string, number>;
}

function keptOf(before: ChecksBefore | null): Kept {
  const { virtualServers = [] } = before?.lvs ?? {};
  const groups = before?.configuration.virtualServerGroups ?? [];
  return {
    members: new Set(groups.flatMap(({ name, members }) => members.map((member) => `${name} ${memberLine(member)}`))),
    virtualServers: new Set(virtualServers.map(({ name }) => name)),
    weights: new Map(
      virtualServers.flatMap(({ name: virtualServer, realServers }) =>
        realServers.map(
          ({ name: realServer, weight, unlimitedWeight = weight }) =>
            [overrideKey({ virtualServer, realServer }), unlimitedWeight] as const,
        ),
      ),
    ),
  };
}

export interface CheckDataSources {
  readonly configuration: CompleteConfiguration;
  /** Null before the pools are up. */
  readonly lvs: LvsSnapshot | null;
  /** Who runs scripts that name nobody. */
  readonly ownUser: ScriptUser;
  /** What was in force before the last reload; null without one. */
  readonly before: ChecksBefore | null;
  /** What lies between CLOCK_MONOTONIC and the wall clock, in microseconds. */
  readonly wallOffsetUs: number;
}

/** Lines that stand deeper than their neighbours, by how they begin. */
const DEEPER: readonly (readonly [begin: RegExp, indent: number])[] = [
  [/^RS (up|down) notify script = /, 5],
  [/^(Dest|Bind to|Bind i\/f|Mark|Timeout) = /, 5],
  [/^(digest|Regex|Virtual host) |^HTTP Status Code/, 5],
  [/^(Min reply length|Max reply length|Reply data len) = /, 5],
  [/^Regex (no match|min offset|options|ref count)/, 5],
  [/^(Tracked file|Reloaded) = |, weight -?\d+( reverse)?$/, 5],
  [/^\d{3}(-\d{3})?$/, 7],
];
const USUAL_INDENT = 3;
/** How many lines after the one of the sorry server are about it. */
const SORRY_LINES = 2;

function indented(lines: readonly string[]): readonly string[] {
  const sorry = lines.findIndex((line) => line.startsWith("sorry server = "));
  return lines.map((line, index) => {
    const isOfSorry = sorry >= 0 && index > sorry && index <= sorry + SORRY_LINES;
    const deeper = isOfSorry ? 5 : DEEPER.find(([begin]) => begin.test(line))?.[1];
    return `${" ".repeat(deeper ?? USUAL_INDENT)}${line}`;
  });
}

function bit(flag: boolean): number {
  return flag ? 1 : 0;
}

/** keepalived tells who runs a script behind it. */
function withUsers(
  lines: readonly string[],
  scripts: Readonly<Record<string, ScriptCommand | null>>,
  ownUser: ScriptUser,
): readonly string[] {
  return lines.map((line) => {
    const script = Object.entries(scripts).find(([label]) => line.startsWith(`${label} = `))?.[1] ?? null;
    return script === null ? line : `${line}, uid:gid ${userText(script.user ?? ownUser)}`;
  });
}

function groupLines(group: VirtualServerGroup, places: readonly Place[], kept: Kept): readonly string[] {
  const alive = places.filter(
    ({ server: { key }, status }) =>
      key.kind === "group" && key.group === group.name && status?.realServers.some(({ isAlive }) => isAlive) === true,
  );
  const ofFamily = (wanted: string): number =>
    alive.filter(({ server }) => (server.family ?? "inet") === wanted).length;
  const ofProtocol = (wanted: string): string =>
    `${alive.filter(({ server: { key } }) => protocolOf(key) === wanted).length} ${wanted}`;
  const aliveLine = (member: GroupMember): string =>
    member.kind === "fwmark"
      ? `${ofFamily("inet")} IPv4, ${ofFamily("inet6")} IPv6`
      : ["tcp", "udp", "sctp"].map(ofProtocol).join(", ");
  const has = (family: string): string =>
    yesNo(group.members.some((member) => member.kind !== "fwmark" && member.family === family));
  return [
    " ------< Virtual server group >------",
    ` Virtual Server Group = ${group.name}, IPv4 = ${has("inet")}, IPv6 = ${has("inet6")}`,
    ...group.members.flatMap((member) => [
      `   ${memberLine(member)}`,
      `     Alive: ${aliveLine(member)}`,
      `     reloaded = ${kept.members.has(`${group.name} ${memberLine(member)}`) ? "True" : "False"}`,
    ]),
  ];
}

interface Place {
  readonly server: ConfiguredVirtualServer;
  readonly status: VirtualServerStatus | null;
  /** Among the virtual servers of one group. */
  readonly index: number;
}

function placesOf({ configuration, lvs }: CheckDataSources): readonly Place[] {
  const { virtualServers } = configuration;
  const counts = new Map<string, number>();
  return virtualServers.map((server, at) => {
    const group = server.key.kind === "group" ? server.key.group : "";
    const index = group === "" ? 0 : (counts.get(group) ?? 0);
    counts.set(group, index + 1);
    return { server, status: lvs?.virtualServers[at] ?? null, index };
  });
}

function serverLines(
  { server, status, index }: Place,
  { ownUser, kept }: Pick<CheckDataSources, "ownUser"> & { readonly kept: Kept },
): readonly string[] {
  const virtualServer = status?.name ?? "";
  const weightBefore = (realServer: string): number | null =>
    kept.weights.get(overrideKey({ virtualServer, realServer })) ?? null;
  const scripts = { "Quorum up notify script": server.quorumUp, "Quorum down notify script": server.quorumDown };
  const reloaded = `reloaded = ${bit(kept.virtualServers.has(virtualServer))}`;
  const configured = withUsers(virtualServerLines(server), scripts, ownUser);
  return [
    " ------< Virtual server >------",
    ` ${headingOf(server.key, index).replace("virtual_server", "VS")}`,
    ...indented([...configured, "alive = 1", `quorum_state_up = ${bit(status?.hasQuorum === true)}`, reloaded]),
    ...server.realServers.flatMap((real, at) => {
      const state = status?.realServers[at] ?? null;
      return realLines(own(real, server), { status: state, before: weightBefore(state?.name ?? "") }, ownUser);
    }),
  ];
}

/** keepalived: a name that comes from the virtual server is told there alone. */
function own(real: ConfiguredRealServer, { virtualHost }: ConfiguredVirtualServer): ConfiguredRealServer {
  return real.virtualHost === virtualHost ? { ...real, virtualHost: null } : real;
}

function realLines(
  real: ConfiguredRealServer,
  { status, before }: { readonly status: RealServerStatus | null; readonly before: number | null },
  ownUser: ScriptUser,
): readonly string[] {
  const scripts = { "RS up notify script": real.notifyUp, "RS down notify script": real.notifyDown };
  const weight = status?.weight ?? real.weight;
  const wanted = status?.unlimitedWeight ?? weight;
  const isAlive = status?.isAlive === true;
  const state = [
    `effective weight = ${wanted}`,
    `previous effective_weight = ${before ?? 0}`,
    `alive = ${bit(isAlive)}`,
    `num failed checkers = ${failedChecks(real, status)}`,
    `RS set = ${bit(isAlive || real.isInhibitedOnFailure)}`,
    `reloaded = ${bit(before !== null)}`,
  ];
  const lines = withUsers(realServerLines(real), scripts, ownUser).flatMap((line) => {
    if (line.startsWith("RIP = ")) return [line.replace(/\d+$/, `${weight} EFF WEIGHT = ${wanted}`)];
    if (line.startsWith("VirtualHost")) return [` ${line}`];
    return line.startsWith("initial weight") ? [line, ...state] : [line];
  });
  return ["   ------< Real server >------", ...indented(lines)];
}

/** With alpha a check counts as failed until it has succeeded. */
function failedChecks({ isAlpha }: ConfiguredRealServer, status: RealServerStatus | null): number {
  const verdicts = status?.checkers.map(({ verdict }) => verdict) ?? [];
  return verdicts.filter((verdict) => verdict === "down" || (isAlpha && verdict === "pending")).length;
}

/** Whose real server: `[192.168.1.10]:tcp:80 -> [192.168.1.2]:tcp:80` */
function pathOf({ server: { key }, index }: Pick<Place, "server" | "index">, real: ConfiguredRealServer): string {
  const protocol = protocolOf(key);
  const from =
    key.kind === "address"
      ? `[${key.address}]:${protocol}:${key.port}`
      : key.kind === "fwmark"
        ? `FWM ${key.fwmark}`
        : `[${key.group}]:${index}`;
  return `${from} -> [${real.address}]:${protocol}:${real.port}`;
}

/** Files that checks follow, with what they say at the moment. */
function trackFileLines({ configuration, lvs }: CheckDataSources, places: readonly Place[]): readonly string[] {
  const lines = configuration.trackFiles.flatMap((file) => {
    const followers = places.flatMap((place) =>
      place.server.realServers.flatMap((real) =>
        real.applicationCheckers.flatMap(({ check }) =>
          check.kind === "file" && check.trackFile === file.name
            ? [`     ${pathOf(place, real)}, weight ${weightText(check)}`]
            : [],
        ),
      ),
    );
    const own = [
      ` Track file = ${file.name}`,
      `   File = ${file.path}`,
      `   Status = ${lvs?.files?.get(file.name) ?? 0}`,
      `   Weight = ${weightText(file)}`,
    ];
    return followers.length === 0 ? [] : [...own, "   Tracking instances :", ...followers];
  });
  return section("Checker track files", lines);
}

/** Sessions that tell checks, and the real servers that follow them. */
function trackBfdLines({ configuration }: CheckDataSources, places: readonly Place[]): readonly string[] {
  const lines = configuration.bfdInstances
    .filter(({ tellsCheckers }) => tellsCheckers)
    .flatMap(({ name }) => {
      const followers = places.flatMap(({ server }) =>
        server.realServers.flatMap((real) => {
          const isFollower = real.applicationCheckers.some(
            ({ check }) => check.kind === "bfd" && check.bfdInstance === name,
          );
          return isFollower ? [`   [${real.address}]:${protocolOf(server.key)}:${real.port}`] : [];
        }),
      );
      return [` Checker Track BFD = ${name}`, "   Tracking RS :", ...followers];
    });
  return section("Checker track BFDs", lines);
}

function runLines(status: CheckerStatus | null, wallOffsetUs: number): readonly string[] {
  const { lastRun = null } = status ?? {};
  return [
    `Last ran = ${plainMoment(lastRun === null ? 0 : lastRun.atUs + wallOffsetUs)}`,
    `Last status = ${lastRun?.status ?? 0}`,
  ];
}

function checkerLines(
  { server, status, index }: Place,
  {
    ownUser,
    wallOffsetUs,
    usesOf,
  }: Pick<CheckDataSources, "ownUser" | "wallOffsetUs"> & Pick<CheckSurroundings, "usesOf">,
  isOfFiles: boolean,
): readonly string[] {
  const isWanted = ({ check }: ApplicationChecker): boolean => (check.kind === "file") === isOfFiles;
  // keepalived: files and sessions are followed all the same.
  const runs = (kind: string): boolean => kind === "file" || kind === "bfd" || status?.isSuspended !== true;
  return server.realServers.flatMap((real, at) => {
    const heading = ` ${pathOf({ server, index }, real)}`;
    const left = [...(status?.realServers[at]?.checkers ?? [])];
    const stateOf = (kind: string): CheckerStatus | null => {
      const found = left.findIndex((checker) => checker.kind === kind);
      return found < 0 ? null : (left.splice(found, 1)[0] ?? null);
    };
    return [
      ...(isOfFiles ? [] : real.checkers)
        .filter(({ kind }) => !PROBES_OF_APPLICATION_CHECKS.has(kind))
        .flatMap((checker) => [
          heading,
          ...indented(withState(networkLines(checker, real.port), stateOf(checker.kind), runs(checker.kind))),
        ]),
      ...real.applicationCheckers.filter(isWanted).flatMap((checker) => {
        const { check } = checker;
        const owner = check.kind === "misc" ? [`uid:gid = ${userText(check.command.user ?? ownUser)}`] : [];
        const state = stateOf(check.kind);
        const run = check.kind === "misc" ? runLines(state, wallOffsetUs) : [];
        const surroundings = { outerHost: real.virtualHost, usesOf };
        const lines = [...applicationLines(checker, surroundings), ...owner, ...run];
        return [heading, ...indented(withState(lines, state, runs(check.kind)))];
      }),
    ];
  });
}

/** What a check found stands before its settings, how often it was tried anew among them. */
function withState(lines: readonly string[], status: CheckerStatus | null, isEnabled: boolean): readonly string[] {
  const hasRun = status !== null && status.verdict !== "pending";
  const retries = lines.find((line) => line.startsWith("Retries = "))?.slice("Retries = ".length) ?? "0";
  // keepalived: before its first run a check has no retries left.
  const tried = hasRun ? status.failures : retries;
  return [
    `Enabled = ${yesNo(isEnabled)}`,
    `Up = ${yesNo(hasRun ? status.verdict === "up" : !lines.includes("Alpha = yes"))}`,
    `Has run = ${yesNo(hasRun)}`,
    `Current weight = ${status?.addedWeight ?? 0}`,
    ...lines.flatMap((line) => {
      if (line.startsWith("Tracked file = ")) return [line, "Reloaded = No"];
      return line.startsWith("Delay before retry = ") ? [line, `Retries iterations = ${tried}`] : [line];
    }),
  ];
}

/**
 * keepalived_check.data: groups, virtual servers with their real servers, and checks, in keepalived's keys and layout.
 * The global settings come before them.
 */
export function renderCheckData(sources: CheckDataSources): string {
  const { configuration, ownUser } = sources;
  const places = placesOf(sources);
  const kept = keptOf(sources.before);
  const checking = { ...sources, usesOf: regexUsesIn(configuration.virtualServers) };
  const lines = [
    ...globalLines(configuration, ownUser),
    "------< LVS Topology >------",
    ...configuration.virtualServerGroups.flatMap((group) => groupLines(group, places, kept)),
    ...places.flatMap((place) => serverLines(place, { ownUser, kept })),
    // keepalived: checks of files come after all others.
    ...section(
      "Health checkers",
      [false, true].flatMap((isOfFiles) => places.flatMap((place) => checkerLines(place, checking, isOfFiles))),
    ),
    ...trackFileLines(sources, places),
    ...trackBfdLines(sources, places),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
