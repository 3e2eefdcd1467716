/** One object of a dump: its heading and its lines, trimmed. */
export interface DumpObject {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** Takes the peer's dump apart. */
export function parseDump(text: string): readonly DumpObject[] {
  const objects: { heading: string; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("[")) objects.push({ heading: line, lines: [] });
    else if (line.trim() !== "") objects.at(-1)?.lines.push(line.trim());
  }
  return objects;
}

export interface Comparison {
  readonly equal: number;
  readonly total: number;
  /** `heading: line` of the peer that ours has not. */
  readonly missing: readonly string[];
  /** Lines that only ours has. */
  readonly surplus: readonly string[];
}

/**
 * Compares the peer's values with ours, object by object, without regard to order. A surplus line counts
 * against us like a missing one unless something of the same label is missing.
 * @param isRuntime lines that the configuration alone does not decide
 */
export function compareDumps(
  peer: readonly DumpObject[],
  ours: readonly DumpObject[],
  isRuntime: (line: string, heading: string) => boolean,
): Comparison {
  const mine = mergeByHeading(ours);
  const missing: string[] = [];
  const surplus: string[] = [];
  let equal = 0;
  let total = 0;
  for (const [heading, lines] of mergeByHeading(peer)) {
    const isFaulty = lines.includes("Wantstate = FAULT");
    const rest = (mine.get(heading) ?? []).filter((line) => !isFaulty || !line.startsWith("Wantstate = "));
    for (const line of lines) {
      if (isRuntime(line, heading)) continue;
      total++;
      const index = rest.indexOf(line);
      if (index < 0) missing.push(`${heading}: ${line}`);
      else {
        equal++;
        rest.splice(index, 1);
      }
    }
    surplus.push(...rest.filter((line) => !isRuntime(line, heading)).map((line) => `${heading}: ${line}`));
  }
  return { equal, total, missing, surplus };
}

function mergeByHeading(objects: readonly DumpObject[]): ReadonlyMap<string, readonly string[]> {
  const merged = new Map<string, string[]>();
  for (const { heading, lines } of objects) {
    const name = heading.replace(/garp delay group [0-9]+/, "garp delay group");
    merged.set(name, [...(merged.get(name) ?? []), ...lines.map(normalise)]);
  }
  return merged;
}

/** The machine decides where a command was found. */
function normalise(line: string): string {
  return line.replace(/^([A-Za-z ]*(?:Command|script) = ')[^']*\/([^'/]+)'/, "$1$2'");
}
