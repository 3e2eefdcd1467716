import type { VrrpInstance } from "../model/vrrp.ts";
import type { BuiltGlobals } from "./build-global.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** Weight of a tracked object as a line of a `track_` block gives it. */
export interface TrackedWeight {
  readonly weight: number | null;
  readonly isReversed: boolean | null;
}

/**
 * Reads `NAME weight N [reverse|noreverse]`.
 * @param most largest magnitude: 253, or 254 for files and processes
 */
export function readTrackedWeight(line: Statement, most: 253 | 254, context: BuildContext): TrackedWeight {
  let weight: number | null = null;
  let isReversed: boolean | null = null;
  for (let i = 1; i < line.words.length; i++) {
    const word = line.words[i] ?? "";
    if (word === "reverse") isReversed = true;
    else if (word === "noreverse") isReversed = false;
    else if (word === "weight") weight = readWeight(line, ++i, most, context);
    else context.reporter.add("bad-option", `"${word}" is not a tracking option`, placeOf(line, i));
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

export function buildTrackedInterfaces(
  settings: Settings,
  ownInterface: string,
  globals: BuiltGlobals,
  context: BuildContext,
): VrrpInstance["trackedInterfaces"] {
  const tracked = new Map<string, VrrpInstance["trackedInterfaces"][number]>();
  for (const line of settings.all("track_interface").flatMap((block) => block.lines)) {
    const name = line.words[0] ?? "";
    if (tracked.has(name)) {
      context.reporter.add("duplicate", `interface ${name} is tracked already`, placeOf(line));
      continue;
    }
    if (name === ownInterface && !settings.has("dont_track_primary")) {
      context.reporter.add(
        "duplicate",
        `${name} is the instance's own interface, which is tracked anyway`,
        placeOf(line),
      );
    }
    const { interfaces } = context.host;
    if (interfaces !== null && !interfaces.has(name) && !globals.allowsMissingInterfaces) {
      context.reporter.add("missing-interface", `there is no interface ${name}`, placeOf(line));
    }
    const { weight, isReversed } = readTrackedWeight(line, 253, context);
    tracked.set(name, { name, weight: weight ?? 0, isReversed: isReversed ?? false });
  }
  return [...tracked.values()];
}
