import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import {
  planDown,
  planUp,
  REALSERVER_SYSCTLS,
  type RealserverCommand,
  type RealserverFacts,
  type RealserverState,
  type RealserverStatus,
  reportStatus,
} from "../addressing/realserver.ts";
import { addressBits, parseAddress } from "../config/address.ts";
import type { Rtnetlink } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { errorText } from "../runtime/error-code.ts";
import { ownMissingCapabilities } from "../runtime/privileges.ts";
import { commandText, problemText, statusTable } from "./realserver-report.ts";
import { parseRealserverState, renderRealserverState } from "./realserver-state.ts";
import { readStateFile, removeStateFile, writeStateFile } from "./state-file.ts";

export interface RealserverRequest {
  readonly action: "up" | "down" | "status";
  readonly addresses: readonly string[];
  readonly isJson: boolean;
}

const FAILED = 1;
/** As init scripts have it: status 3 is "not running". */
const NOT_READY = 3;

/** A file per network namespace: each has its own lo. */
function statePath(): string {
  const id = /\d+/.exec(readlinkSync("/proc/self/ns/net"))?.[0] ?? "0";
  return `/run/holdfast/realserver-${id}.json`;
}

/** @returns canonical spelling of `192.168.1.100` or `192.168.1.100/32`. @throws Error */
export function canonicalVip(text: string): string {
  const [address = "", prefix, ...rest] = text.split("/");
  const parsed = parseAddress(address);
  const isHost = prefix === undefined || (parsed !== null && prefix === String(addressBits(parsed.family)));
  if (parsed === null || !isHost || rest.length > 0) throw new Error(`"${text}" is not the address of a host`);
  return parsed.address;
}

function readSysctls(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const path of REALSERVER_SYSCTLS) {
    try {
      found.set(path, Number(readFileSync(`/proc/sys/${path}`, "latin1")));
    } catch {
      // Not in this kernel: the plan says what that means.
    }
  }
  return found;
}

function readSaved(path: string): RealserverState | null {
  const text = readStateFile(path);
  if (text === null) return null;
  const state = parseRealserverState(text);
  if (state === null) throw new Error(`${path} does not hold what was saved; look at it and remove it`);
  return state;
}

async function readFacts(rtnetlink: Rtnetlink, path: string): Promise<RealserverFacts> {
  const [links, addresses] = await Promise.all([rtnetlink.links(), rtnetlink.addresses()]);
  return { links, addresses, sysctls: readSysctls(), saved: readSaved(path) };
}

async function execute(command: RealserverCommand, rtnetlink: Rtnetlink, path: string): Promise<void> {
  switch (command.kind) {
    case "save-state":
      if (command.state === null) removeStateFile(path);
      else writeStateFile(path, renderRealserverState(command.state));
      return;
    case "set-sysctl":
      writeFileSync(`/proc/sys/${command.path}`, `${command.value}\n`);
      return;
    case "address": {
      const [failure] = await rtnetlink.apply([command.command]);
      // Somebody did the same at the same time: that is what was wanted.
      if (failure && failure.code !== "EEXIST" && failure.code !== "EADDRNOTAVAIL") {
        throw new Error(`${command.command.address.address}: ${failure.message}`);
      }
    }
  }
}

function print(request: RealserverRequest, done: readonly RealserverCommand[], status: RealserverStatus): void {
  if (request.isJson) {
    const report = { action: request.action, done: done.map(commandText), ...status };
    const problems = status.problems.map((problem) => ({ ...problem, text: problemText(problem) }));
    process.stdout.write(`${JSON.stringify({ ...report, problems }, null, 2)}\n`);
    return;
  }
  const lines = done.map((command) => `${commandText(command)}\n`).join("");
  process.stdout.write(request.action === "status" ? `${statusTable(status)}\n` : lines || "nothing to do\n");
  if (request.action === "status") return;
  for (const problem of status.problems) process.stderr.write(`holdfast: ${problemText(problem)}\n`);
}

/** Found out beforehand, so that nothing is left half done. */
function assertPermission(): void {
  const missing = ownMissingCapabilities();
  if (missing.includes("CAP_NET_ADMIN")) throw new Error("no permission: CAP_NET_ADMIN is needed; run as root");
}

async function carryOut(request: RealserverRequest, rtnetlink: Rtnetlink): Promise<number> {
  const { action } = request;
  const vips = [...new Set(request.addresses.map(canonicalVip))];
  if (action === "up" && vips.length === 0) throw new Error("up needs at least one VIP");
  if (action !== "status") assertPermission();
  const path = statePath();
  const facts = await readFacts(rtnetlink, path);
  const commands = action === "status" ? [] : (action === "up" ? planUp : planDown)(vips, facts).commands;
  for (const command of commands) await execute(command, rtnetlink, path);
  const status = reportStatus(vips, commands.length === 0 ? facts : await readFacts(rtnetlink, path));
  print(request, commands, status);
  if (action === "down" || (status.isReady && status.addresses.length > 0)) return 0;
  return action === "up" ? FAILED : NOT_READY;
}

/**
 * `holdfast realserver`: what the tutorials' vip.sh does on a direct-routing real server, and undoing it.
 * @returns 0 done or ready, 1 failed, 3 not ready (`status`)
 */
export async function realserver(request: RealserverRequest): Promise<number> {
  try {
    const rtnetlink = loadNative().openRtnetlink();
    try {
      return await carryOut(request, rtnetlink);
    } finally {
      rtnetlink.close();
    }
  } catch (error) {
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return FAILED;
  }
}
