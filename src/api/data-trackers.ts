import type { ScriptUser } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BfdInstance, TrackedObject, TrackedObjects, TrackFile, VrrpScript } from "../model/tracking.ts";
import type { ProcessSnapshot } from "../runtime/tracking-processes.ts";
import type { TrackedStates } from "../runtime/tracking-runtime.ts";
import type { TrackedScriptState } from "../runtime/tracking-scripts.ts";
import { objectsByInstance } from "../tracking/objects.ts";
import { section } from "./data-groups.ts";
import { listLines, weightText } from "./data-vrrp.ts";
import { quoted, sixDecimals, trueFalse, userText } from "./dump-text.ts";

const SECOND_US = 1_000_000;

type Followers = (kind: keyof TrackedObjects, name: string) => readonly string[];

/** Who tracks an object, with what weight: what a sync group tracks counts for its members. */
function followersIn(configuration: CompleteConfiguration): Followers {
  const tracked = objectsByInstance(configuration);
  return (kind, name) => {
    const weights = [...tracked].flatMap(([instance, objects]) =>
      objects[kind].filter((object: TrackedObject) => object.name === name).map((object) => ({ ...object, instance })),
    );
    return listLines(
      "Tracking instances :",
      weights.map((object) => `${object.instance}, weight ${weightText(object)}`),
    );
  };
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return [` ${title}`, ...lines.map((line) => `   ${line}`)];
}

function scriptLines(
  script: VrrpScript,
  state: TrackedScriptState,
  { own, followers }: { readonly own: ScriptUser; readonly followers: Followers },
): readonly string[] {
  const { name, command, intervalUs, timeoutUs, hasOwnTimeout, startsFailed } = script;
  const waiting = startsFailed ? "INIT/FAILED" : "INIT";
  return titled(`VRRP Script = ${name}`, [
    `Command = ${quoted(command.argv)}`,
    `Interval = ${Math.trunc(intervalUs / SECOND_US)} sec`,
    `Timeout = ${hasOwnTimeout ? Math.trunc(timeoutUs / SECOND_US) : 0} sec`,
    `Weight = ${weightText(script)}`,
    `Rise = ${script.rise}`,
    `Fall = ${script.fall}`,
    `Result = ${state.counter}`,
    "Insecure = no",
    `Init state = ${state.isGood === null ? waiting : "unknown"}`,
    `Status = ${state.counter >= script.rise ? "GOOD" : "BAD"}`,
    `Script uid:gid = ${userText(command.user ?? own)}`,
    "VRRP instances :",
    ...followers("scripts", name),
    `State = ${state.isRunning ? "running" : "idle"}`,
  ]);
}

function fileLines(file: TrackFile, value: number, followers: Followers): readonly string[] {
  return titled(`Track file = ${file.name}`, [
    `File = ${file.path}`,
    `Status = ${value}`,
    `Weight = ${weightText(file)}`,
    ...followers("files", file.name),
  ]);
}

function processLines({ process, state }: ProcessSnapshot, followers: Followers): readonly string[] {
  const [command = "", ...parameters] = process.command;
  const { parameterMatch: match } = process;
  const matching = match === "none" || match === "exact" ? "" : ` = ${match}`;
  const timer = (isRunning: boolean): string => (isRunning ? "running" : "not running");
  return titled(`VRRP Track process = ${process.name}`, [
    `Process = ${command}`,
    ...(match === "none" ? [] : [`Parameters = ${parameters.join(" ")}`, `Param match${matching}`]),
    `Min processes = ${process.quorum}`,
    ...(process.quorumMaximum === null ? [] : [`Max processes = ${process.quorumMaximum}`]),
    `Current processes = ${state.count}`,
    `Have quorum = ${trueFalse(state.hasQuorum)}`,
    `Weight = ${weightText(process)}`,
    `Terminate delay = ${sixDecimals(process.terminateDelayUs)}s`,
    `Fork delay = ${sixDecimals(process.forkDelayUs)}s`,
    `Fork delay timer ${timer(state.isDelayed && !state.hasQuorum)}`,
    `Terminate delay timer ${timer(state.isDelayed && state.hasQuorum)}`,
    `Full command = ${trueFalse(process.matchesFullCommand || match !== "none")}`,
    ...followers("processes", process.name),
  ]);
}

function bfdLines(bfd: BfdInstance, isUp: boolean, followers: Followers): readonly string[] {
  return titled(`VRRP Track BFD = ${bfd.name}`, [
    `Weight = ${weightText(bfd)}`,
    `Bfd is ${isUp ? "up" : "down"}`,
    "Tracking VRRP instances :",
    ...followers("bfds", bfd.name),
  ]);
}

export interface TrackerSources {
  readonly configuration: CompleteConfiguration;
  readonly tracked: TrackedStates;
  /** Names of BFD sessions that are up. */
  readonly sessionsUp: ReadonlySet<string>;
  readonly ownUser: ScriptUser;
}

/** keepalived: what nobody tracks is left out, but for BFD sessions. */
export function trackerSections({
  configuration,
  tracked,
  sessionsUp,
  ownUser: own,
}: TrackerSources): readonly string[] {
  const { scripts, trackFiles, bfdInstances } = configuration;
  const followers = followersIn(configuration);
  const told = bfdInstances.filter(({ tellsVrrp }) => tellsVrrp);
  return [
    ...section(
      "VRRP Scripts",
      scripts.flatMap((script) => {
        const state = tracked.scripts.get(script.name);
        return state === undefined ? [] : scriptLines(script, state, { own, followers });
      }),
    ),
    ...section(
      "VRRP Track files",
      trackFiles.flatMap((file) => {
        const value = tracked.files.get(file.name);
        return value === undefined ? [] : fileLines(file, value, followers);
      }),
    ),
    ...section(
      "VRRP Track processes",
      tracked.processes.flatMap((process) => processLines(process, followers)),
    ),
    ...section(
      "VRRP Track BFDs",
      told.flatMap((bfd) => bfdLines(bfd, sessionsUp.has(bfd.name), followers)),
    ),
  ];
}
