import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { HostFacts } from "./doctor-findings.ts";

const PATIENCE_MS = 5000;
const IFF_UP = 0x1;
const IFF_MULTICAST = 0x1000;

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

function output(words: readonly string[]): string | null {
  const [program = "", ...rest] = words;
  const { status, stdout } = spawnSync(program, rest, { encoding: "utf8", timeout: PATIENCE_MS, maxBuffer: 16 << 20 });
  return status === 0 ? stdout : null;
}

function findIpvs(): HostFacts["ipvs"] {
  if (existsSync("/proc/net/ip_vs")) return "loaded";
  return output(["modprobe", "-n", "-q", "ip_vs"]) === null ? "missing" : "loadable";
}

/** Null without the right to look. */
function networkOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/** Those of containers have a network of their own, and nothing to fight over. */
function findProcesses(): ReadonlySet<string> {
  const own = networkOf("self");
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const here = pids.filter((pid) => [own, null].includes(networkOf(pid)));
  return new Set(here.map((pid) => read(`/proc/${pid}/comm`) ?? ""));
}

function findInterfaces(): HostFacts["interfaces"] {
  try {
    return new Map(
      readdirSync("/sys/class/net").map((name) => {
        const flags = Number(read(`/sys/class/net/${name}/flags`) ?? 0);
        return [name, { isUp: (flags & IFF_UP) !== 0, supportsMulticast: (flags & IFF_MULTICAST) !== 0 }] as const;
      }),
    );
  } catch {
    return null;
  }
}

function findAddresses(): Pick<HostFacts, "addresses" | "loopbackAddresses"> {
  try {
    const all = networkInterfaces();
    const ofLoopback = (all["lo"] ?? []).map(({ address }) => address);
    const ofAll = Object.values(all).flatMap((some) => (some ?? []).map(({ address }) => address));
    return { addresses: new Set(ofAll), loopbackAddresses: new Set(ofLoopback) };
  } catch {
    return { addresses: null, loopbackAddresses: null };
  }
}

/** A last rule for all that is left, as firewalld and many hand-made sets have it. */
const DROPS_THE_REST = /^\s+(counter (packets \d+ bytes \d+ )?)?(drop|reject( with .*)?)$/;
const TAKES_VRRP = /(\b(vrrp|112)\b|224\.0\.0\.18|ff02::12).*accept/;

/** @param text of `nft list ruleset`: tables, in them chains, in these the rules */
export function readInputChains(text: string): NonNullable<HostFacts["inputChains"]> {
  const chains: { name: string; dropsByDefault: boolean; namesVrrp: boolean }[] = [];
  let table = "";
  let chain = "";
  let isBase = false;
  for (const line of text.split("\n")) {
    table = /^table (.*) \{$/.exec(line)?.[1] ?? table;
    const begun = /^\s+chain (\S+) \{$/.exec(line)?.[1];
    if (begun !== undefined) [chain, isBase] = [begun, false];
    if (/\btype filter hook input\b/.test(line)) {
      chains.push({ name: `${table} ${chain}`, dropsByDefault: /policy drop/.test(line), namesVrrp: false });
      isBase = true;
    }
    const last = chains.at(-1);
    if (last === undefined) continue;
    if (isBase && DROPS_THE_REST.test(line)) last.dropsByDefault = true;
    // Also in a chain that the base chain jumps to.
    if (TAKES_VRRP.test(line)) last.namesVrrp = true;
  }
  return chains;
}

function findOpenFilesLimit(): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(read("/proc/self/limits") ?? "")?.[1];
  return soft === undefined ? null : Number(soft);
}

function findClock(): boolean | null {
  const answer = output(["timedatectl", "show", "-p", "NTPSynchronized", "--value"])?.trim();
  return answer === "yes" ? true : answer === "no" ? false : null;
}

/** Looks at this machine; changes nothing. */
export function gatherFacts(): Omit<HostFacts, "heard"> {
  const ruleset = output(["nft", "list", "ruleset"]);
  return {
    sysctl: (path) => read(`/proc/sys/${path}`),
    ipvs: findIpvs(),
    processes: findProcesses(),
    interfaces: findInterfaces(),
    ...findAddresses(),
    inputChains: ruleset === null ? null : readInputChains(ruleset),
    isClockSynchronized: findClock(),
    openFilesLimit: findOpenFilesLimit(),
  };
}
