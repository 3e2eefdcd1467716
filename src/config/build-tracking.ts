import type { TrackedObject, TrackedObjects } from "../model/tracking.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** Own weight of an object that can be tracked. */
export interface Trackable {
  readonly name: string;
  readonly weight: number;
  readonly isReversed: boolean;
}

/** Objects defined so far, by kind and name. */
export interface Trackables {
  readonly scripts: ReadonlyMap<string, Trackable>;
  readonly files: ReadonlyMap<string, Trackable>;
  readonly processes: ReadonlyMap<string, Trackable>;
  readonly bfds: ReadonlyMap<string, Trackable>;
}

interface TrackedWeight {
  readonly weight: number | null;
  readonly isReversed: boolean | null;
}

/**
 * Reads `NAME weight N [reverse|noreverse]`.
 * @param most largest magnitude: 253, or 254 for files and processes
 * @returns null when an option is unknown; the line is then left out
 */
function readTrackedWeight(line: Statement, most: 253 | 254, context: BuildContext): TrackedWeight | null {
  let weight: number | null = null;
  let isReversed: boolean | null = null;
  for (let i = 1; i < line.words.length; i++) {
    const word = line.words[i] ?? "";
    // keepalived: a weight once, and what turns it behind it
    if (weight !== null && word === "reverse") isReversed = true;
    else if (weight !== null && word === "noreverse") isReversed = false;
    else if (weight === null && word === "weight") weight = readWeight(line, ++i, most, context);
    else {
      context.reporter.add("bad-option", `"${word}" is not a tracking option`, placeOf(line, i));
      return null;
    }
  }
  return { weight, isReversed };
}

function readWeight(line: Statement, index: number, most: number, context: BuildContext): number | null {
  const word = line.words[index] ?? "";
  const { value, problem } = readInteger(word);
  if (value === null || problem !== "none" || Math.abs(value) > 254) {
    context.reporter.add(
      "bad-number",
      `weight "${word}" is not a number from -${most} to ${most}`,
      placeOf(line, index),
    );
    return null;
  }
  // keepalived: 254 passes the check and is then cut
  return Math.max(-most, Math.min(most, value));
}

/** Reads the `track_script`, `track_file`, `track_process` and `track_bfd` blocks. */
export function buildTracked(settings: Settings, trackables: Trackables, context: BuildContext): TrackedObjects {
  const read = (keyword: string, known: ReadonlyMap<string, Trackable>, most: 253 | 254): readonly TrackedObject[] => {
    const lines = settings.all(keyword).flatMap((block) => block.lines);
    return readObjects(lines, { keyword, known, most }, context);
  };
  return {
    scripts: read("track_script", trackables.scripts, 253),
    files: read("track_file", trackables.files, 254),
    processes: read("track_process", trackables.processes, 254),
    bfds: read("track_bfd", trackables.bfds, 253),
  };
}

interface TrackedKind {
  readonly keyword: string;
  readonly known: ReadonlyMap<string, Trackable>;
  readonly most: 253 | 254;
}

function readObjects(lines: readonly Statement[], kind: TrackedKind, context: BuildContext): readonly TrackedObject[] {
  const objects = new Map<string, TrackedObject>();
  for (const line of lines) {
    const name = line.words[0] ?? "";
    const own = kind.known.get(name);
    if (own === undefined) {
      const message = `${kind.keyword}: "${name}" is not defined, or only after this block`;
      context.reporter.add("undefined-reference", message, placeOf(line));
      continue;
    }
    if (objects.has(name)) {
      context.reporter.add("duplicate", `${kind.keyword}: "${name}" is tracked already`, placeOf(line));
      continue;
    }
    const given = readTrackedWeight(line, kind.most, context);
    if (given === null) continue;
    const isReversed = given.isReversed ?? (given.weight === null ? own.isReversed : false);
    objects.set(name, { name, weight: given.weight ?? own.weight, isReversed, place: placeOf(line) });
  }
  return [...objects.values()];
}

/** Facts about the block that tracks interfaces. */
export interface InterfaceTracking {
  /** Interface that is followed anyway; null in sync groups. */
  readonly ownInterface: string | null;
  readonly allowsMissing: boolean;
}

export function buildTrackedInterfaces(
  settings: Settings,
  tracking: InterfaceTracking,
  context: BuildContext,
): readonly TrackedObject[] {
  const tracked = new Map<string, TrackedObject>();
  for (const line of settings.all("track_interface").flatMap((block) => block.lines)) {
    const name = line.words[0] ?? "";
    if (tracked.has(name)) {
      context.reporter.add("duplicate", `interface ${name} is tracked already`, placeOf(line));
      continue;
    }
    const { interfaces } = context.host;
    if (interfaces !== null && !interfaces.has(name) && !tracking.allowsMissing) {
      context.reporter.add("missing-interface", `there is no interface ${name}`, placeOf(line));
    }
    const given = readTrackedWeight(line, 253, context);
    if (given === null) continue;
    const { weight, isReversed } = given;
    if (name === tracking.ownInterface) {
      const message = `${name} is the instance's own interface, which is tracked anyway`;
      context.reporter.add("duplicate", message, placeOf(line));
      continue;
    }
    tracked.set(name, { name, weight: weight ?? 0, isReversed: isReversed ?? false, place: placeOf(line) });
  }
  return [...tracked.values()];
}
