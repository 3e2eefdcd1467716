import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ConfigurationHost, ScriptFinding } from "../../../src/config/host.ts";
import { type LoadedConfiguration, loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { Entry } from "../../../src/config/tree.ts";

/** One row of `verdicts.tsv`. */
export interface CorpusRow {
  readonly name: string;
  readonly args: string;
  /** `runs:...`, `refuses:2`, `not-run`, or `-` for rows after a file's first. */
  readonly start: string;
  readonly exitFull: string;
}

/** One complaint of the peer in the full environment. */
export interface PeerComplaint {
  /** End of the file's path; empty for the main file. */
  readonly file: string;
  readonly line: number | null;
  readonly code: string;
}

const CORPUS = join(import.meta.dirname, "../../../../test/fixtures/corpus");

function readTable(name: string): readonly (readonly string[])[] {
  const lines = readFileSync(join(CORPUS, name), "utf8").trimEnd().split("\n");
  return lines.slice(1).map((line) => line.split("\t"));
}

export function readVerdicts(): readonly CorpusRow[] {
  return readTable("verdicts.tsv").map((cells) => ({
    name: cells[0] ?? "",
    args: cells[3] ?? "-",
    exitFull: cells[5] ?? "",
    start: cells[6] ?? "-",
  }));
}

/** Complaints of class `config` in the full environment, by `name args`. */
export function readComplaints(): ReadonlyMap<string, readonly PeerComplaint[]> {
  const complaints = new Map<string, PeerComplaint[]>();
  for (const [name, args, environment, line = "-", code = "", kind] of readTable("verdict-details.tsv")) {
    if (environment !== "full" || kind !== "config") continue;
    const key = `${name} ${args}`;
    const list = complaints.get(key) ?? [];
    const [number = "-", file = ""] = line.split(":").reverse();
    list.push({ file: file.replace(/^\.\//, ""), line: number === "-" ? null : Number(number), code });
    complaints.set(key, list);
  }
  return complaints;
}

export function readDump(name: string, kind: "vrrp" | "check" | "bfd"): string | null {
  try {
    return readFileSync(join(CORPUS, "dumps", `${name}.${kind}.txt`), "utf8");
  } catch {
    return null;
  }
}

export function readDefaultDump(kind: "vrrp" | "check"): readonly string[] {
  return readFileSync(join(CORPUS, "dumps", `_defaults.${kind}-global.txt`), "utf8")
    .trimEnd()
    .split("\n");
}

function namesOf(kind: string): readonly string[] {
  return readTable("environment.tsv")
    .filter((cells) => cells[0] === kind && (cells[2] ?? "").includes("full"))
    .map((cells) => cells[1] ?? "");
}

function findFiles(directory: string, below: string): readonly string[] {
  return readdirSync(join(directory, below)).flatMap((name) => {
    const path = join(below, name);
    return statSync(join(directory, path)).isDirectory() ? findFiles(directory, path) : [path];
  });
}

function readSet(directory: string, target: string): Record<string, string> {
  return Object.fromEntries(
    findFiles(directory, "").map((path) => [join(target, path), readFileSync(join(directory, path), "utf8")]),
  );
}

/** The two include sets that name absolute paths live where they say. */
function filesFor(row: CorpusRow): { readonly path: string; readonly files: Record<string, string> } {
  const [, set, ...rest] = row.name.split("/");
  if (set === undefined) {
    const path = `/corpus/${row.name}.conf`;
    return { path, files: { [path]: readFileSync(join(CORPUS, `${row.name}.conf`), "utf8") } };
  }
  const isAbsolute = rest[0] === "etc";
  const target = isAbsolute ? "/" : `/corpus/includes/${set}`;
  return { path: join(target, ...rest), files: readSet(join(CORPUS, "includes", set), target) };
}

function fullHost(files: Record<string, string>): ConfigurationHost {
  const commands = [
    ...namesOf("script"),
    ...namesOf("command").flatMap((name) => [name, `/usr/bin/${name}`, `/bin/${name}`]),
  ];
  const known = new Set(commands);
  const users = ["root", "0", "keepalived_script", ...namesOf("user")].map(
    (name) => [name, { uid: 0, gid: 0 }] as const,
  );
  const host = createMemoryHost({
    files,
    interfaces: ["lo", ...namesOf("interface")],
    users: Object.fromEntries(users),
    hostName: "corpus",
  });
  return {
    ...host,
    inspectScript: (path: string): ScriptFinding => (known.has(path) ? "ok" : "missing"),
  };
}

/**
 * @param kept filled with the root entries
 * @param text in place of that of the main file
 */
export function loadRow(row: CorpusRow, kept: Entry[] | null = null, text: string | null = null): LoadedConfiguration {
  const { path, files } = filesFor(row);
  const host = fullHost(text === null ? files : { ...files, [path]: text });
  const id = /-i (\S+)/.exec(row.args)?.[1] ?? null;
  return loadConfiguration({ path, workingDirectory: "/", configId: id, enforcesIncludes: false }, host, kept);
}
