import { normalisePath } from "./glob.ts";
import type { ConfigurationHost, FileContent, InterfaceFacts, ScriptFinding, UserFacts } from "./host.ts";

/** Values behind a host that exists only in memory. */
export interface MemoryHostFacts {
  /** By absolute path. */
  readonly files: Readonly<Record<string, string | FileContent>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Null (the default): interfaces are not checked. */
  readonly interfaces?: readonly string[] | null;
  readonly hostName?: string;
  /** By name; every one is the user and the group of that name. */
  readonly users?: Readonly<Record<string, UserFacts>>;
  /** By name of the user, without the first one. */
  readonly groups?: Readonly<Record<string, readonly number[]>>;
  /** By path; a path that is not listed is `ok`. */
  readonly scripts?: Readonly<Record<string, ScriptFinding>>;
}

const PLAIN_INTERFACE: InterfaceFacts = { isLoopback: false, supportsMulticast: true, mtuBytes: 1500, isVmac: false };

/** A host made of values, for tests, editors and checks of text that is not on a disk. */
export function createMemoryHost(facts: MemoryHostFacts): ConfigurationHost {
  const files = new Map(Object.entries(facts.files));
  const users = new Map(Object.entries(facts.users ?? {}));
  const scripts = new Map(Object.entries(facts.scripts ?? {}));
  const environment = new Map(Object.entries(facts.environment ?? {}));
  const names = facts.interfaces ?? null;
  return {
    readFile: (path) => {
      const content = files.get(normalisePath(path));
      if (content === undefined) return { kind: "missing" };
      return typeof content === "string" ? { kind: "text", text: content } : content;
    },
    listDirectory: (path) => listNames(files.keys(), normalisePath(path)),
    environment: (name) => environment.get(name) ?? null,
    interfaces: names === null ? null : new Map(names.map((name) => [name, describeInterface(name)])),
    hostName: facts.hostName ?? "localhost",
    randomInteger: (minimum) => minimum,
    findUser: (name) => users.get(name) ?? null,
    findGroup: (name) => users.get(name)?.gid ?? null,
    findGroupsOf: (user, gid) => [gid, ...(facts.groups?.[user] ?? [])],
    inspectScript: (path) => scripts.get(path) ?? "ok",
  };
}

function describeInterface(name: string): InterfaceFacts {
  return name === "lo" ? { ...PLAIN_INTERFACE, isLoopback: true, supportsMulticast: false } : PLAIN_INTERFACE;
}

function listNames(paths: Iterable<string>, directory: string): readonly string[] | null {
  const prefix = directory === "/" ? "/" : `${directory}/`;
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    names.add(path.slice(prefix.length).split("/")[0] ?? "");
  }
  return names.size === 0 ? null : [...names];
}
