import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

function findProcesses(): ReadonlySet<string> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Set(pids.map((pid) => read(`/proc/${pid}/comm`) ?? ""));
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

function findAddresses(): HostFacts["addresses"] {
  try {
    return new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
  } catch {
    return null;
  }
}

/** @param text of `nft list ruleset`: tables, in them chains, in these the rules */
export function readInputChains(text: string): NonNullable<HostFacts["inputChains"]> {
  const chains: { name: string; dropsByDefault: boolean; namesVrrp: boolean }[] = [];
  let table = "";
  let chain = "";
  for (const line of text.split("\n")) {
    table = /^table (.*) \{$/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+) \{$/.exec(line)?.[1] ?? chain;
    if (/\btype filter hook input\b/.test(line)) {
      chains.push({ name: `${table} ${chain}`, dropsByDefault: /policy drop/.test(line), namesVrrp: false });
    }
    const last = chains.at(-1);
    if (last !== undefined && /\b(vrrp|112)\b.*accept/.test(line)) last.namesVrrp = true;
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
    addresses: findAddresses(),
    inputChains: ruleset === null ? null : readInputChains(ruleset),
    isClockSynchronized: findClock(),
    openFilesLimit: findOpenFilesLimit(),
  };
}
