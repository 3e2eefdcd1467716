import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { ConfigurationHost, FileContent, InterfaceFacts, UserFacts } from "../config/host.ts";
import type { Link, ProbeRegex } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { errorCode, obstacleText } from "./error-code.ts";
import { inspectScript } from "./script-safety.ts";
import { integersOf, seededRandom } from "./seeded-random.ts";

const LARGEST_FILE_BYTES = 256 << 20;
const GETENT_PATIENCE_MS = 3000;

/** Reads without waiting for the writer of a FIFO. */
function readContent(path: string): FileContent {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" || code === "ENOTDIR"
      ? { kind: "missing" }
      : { kind: "unreadable", reason: obstacleText(code) };
  }
  try {
    const info = fstatSync(fd);
    if (!info.isFile()) return { kind: "not-regular" };
    if (info.size > LARGEST_FILE_BYTES)
      return { kind: "unreadable", reason: `it is larger than ${LARGEST_FILE_BYTES >> 20} MiB` };
    const text = readFileSync(fd, "utf8");
    return { kind: (info.mode & 0o111) === 0 ? "text" : "executable", text };
  } catch (error) {
    return { kind: "unreadable", reason: obstacleText(errorCode(error)) };
  } finally {
    closeSync(fd);
  }
}

function listNames(path: string): readonly string[] | null {
  try {
    return readdirSync(path);
  } catch {
    return null;
  }
}

/** Sources of names that need no question, because the file has been read or they hold nothing of use here. */
const PLAIN_SOURCES: ReadonlySet<string> = new Set(["files", "compat", "systemd"]);

/**
 * Whether names may be known elsewhere than in /etc, so that starting `getent` is worth its time.
 * @param text of nsswitch.conf
 */
export function hasNameService(text: string, database: "passwd" | "group"): boolean {
  const line = new RegExp(`^\\s*${database}:(.*)$`, "m").exec(text)?.[1] ?? "";
  const sources = line
    .replace(/\[[^\]]*\]|#.*/g, "")
    .trim()
    .split(/\s+/);
  return sources.some((source) => source !== "" && !PLAIN_SOURCES.has(source));
}

/** The fields of a line of passwd or group: from the file, else from wherever the name service looks. */
function lookUp(database: "passwd" | "group", name: string): readonly string[] | null {
  if (name === "" || /[:\n]/.test(name)) return null;
  const content = readContent(`/etc/${database}`);
  const lines = content.kind === "text" ? content.text.split("\n") : [];
  const found = lines.find((line) => line.startsWith(`${name}:`));
  if (found !== undefined) return found.split(":");
  const services = readContent("/etc/nsswitch.conf");
  if (services.kind !== "text" || !hasNameService(services.text, database)) return null;
  const answer = spawnSync("getent", [database, "--", name], { encoding: "utf8", timeout: GETENT_PATIENCE_MS });
  return answer.status === 0 ? answer.stdout.trimEnd().split(":") : null;
}

function findUser(name: string): UserFacts | null {
  const fields = lookUp("passwd", name);
  return fields === null ? null : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function findGroup(name: string): number | null {
  const fields = lookUp("group", name);
  return fields === null ? null : Number(fields[2]);
}

/** Users are listed where they are in a group besides their first one. */
function findGroupsOf(user: string, gid: number): readonly number[] {
  const services = readContent("/etc/nsswitch.conf");
  if (services.kind === "text" && hasNameService(services.text, "group")) {
    const answer = spawnSync("getent", ["initgroups", "--", user], { encoding: "utf8", timeout: GETENT_PATIENCE_MS });
    if (answer.status === 0) return [...new Set([gid, ...answer.stdout.trim().split(/\s+/).slice(1).map(Number)])];
  }
  const content = readContent("/etc/group");
  return groupsIn(content.kind === "text" ? content.text : "", user, gid);
}

/** @param text of /etc/group */
export function groupsIn(text: string, user: string, gid: number): readonly number[] {
  const others = text.split("\n").flatMap((line) => {
    const [, , number = "", members = ""] = line.split(":");
    return members.split(",").includes(user) && /^[0-9]{1,10}$/.test(number) ? [Number(number)] : [];
  });
  return [...new Set([gid, ...others])];
}

/** A macvlan with a virtual router's hardware address. @see RFC 9568 §7.3 */
function isVmac(link: Link): boolean {
  return link.kind === "macvlan" && /^00:00:5e:00:0[12]:/.test(link.mac ?? "");
}

export function interfaceFacts(links: readonly Link[]): ReadonlyMap<string, InterfaceFacts> {
  return new Map(
    links.map((link) => [
      link.name,
      {
        isLoopback: link.isLoopback,
        supportsMulticast: !link.isLoopback,
        mtuBytes: link.mtu,
        isVmac: isVmac(link),
      },
    ]),
  );
}

/** Loads the addon, which has PCRE2, with the first pattern; a check of a file works without it. */
function regexProblem(regex: ProbeRegex): string {
  try {
    return loadNative().regexProblem(regex);
  } catch {
    return "";
  }
}

/** As programs in C find it, by /etc/hosts and DNS. */
function isHostKnown(name: string): boolean {
  return spawnSync("getent", ["ahosts", "--", name], { timeout: GETENT_PATIENCE_MS }).status === 0;
}

/**
 * The machine as the test of a file sees it, which has time.
 * @see createConfigurationHost
 */
export function createTestHost(links: readonly Link[] | null): ConfigurationHost {
  return { ...createConfigurationHost(links), isHostKnown };
}

/**
 * The machine as configuration loading sees it.
 * @param links of the network namespace in question; null when they are not known
 * @param seed of random numbers (`random_seed` of what is in force); null: others every time
 */
export function createConfigurationHost(links: readonly Link[] | null, seed: number | null = null): ConfigurationHost {
  return {
    readFile: readContent,
    listDirectory: listNames,
    environment: (name) => process.env[name] ?? null,
    interfaces: links === null ? null : interfaceFacts(links),
    hostName: hostname(),
    randomInteger:
      seed === null ? (minimum, maximum) => randomInt(minimum, maximum + 1) : integersOf(seededRandom(seed)),
    findUser,
    findGroup,
    findGroupsOf,
    inspectScript: (path) => inspectScript(path, process.env["PATH"] ?? ""),
    regexProblem,
  };
}
