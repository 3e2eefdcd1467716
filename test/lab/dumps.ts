import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../helpers/process.ts";
import type { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";

/** What only keepalived's own sockets, threads, timers and interface settings are about, and its build's own word. */
const THEIRS_ALONE = [
  /^ libnftnl version /,
  /^ (GARP|GNA) next time /,
  /^ {3}Read timeout = (?!DISABLED)/,
  /^ {3}(fd_in|fd_out|No sockets)/,
  /^ fd_in /,
  /^ {3}(Seen up|Delayed state change running) = /,
  /^ {3}(NIC netlink status update|Reset .* counter|Original |rp_filter |(Not )?IPv6 forwarding)/,
  /^ {3}(thread_|sands_|fd_out|send error|local discriminator|remote discriminator|last_seen)/,
  /^ {3}(remote min|remote detect|local demand|remote demand|local tx|remote tx|remote detection|!poll|poll)/,
  /^ (fd_in|thread_in) = /,
  /^------< BFD Data >------/,
  /^ *System is compiled with/,
];
const OURS_ALONE = [/^ {3}packets (sent|received|dropped) = /];

/** Before it has heard anybody keepalived shows whatever stands there. */
const UNKNOWN_MASTER = /^ {3}Master router = .*\n {3}Master priority = 0\n/gm;

/** Where keepalived believes that a route went. */
const INSTALLED = / \[installed ifindex \d+\]/g;

/** Moments and generated addresses differ from run to run; passwords are hidden by holdfast alone. */
const VARYING: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/\d{10}\.\d{6} \([^)]*\)/g, "MOMENT"],
  [/fe80::[0-9a-f:]+(?=$)/g, "LINK-LOCAL"],
  [/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "MAC"],
  [/^ {3}Password = .*/, "   Password = ?"],
  // keepalived: unless something is set that it has no word for.
  [/^ {3}Flags: none/, "   Flags:"],
  [INSTALLED, ""],
  // keepalived asks name servers for the full name of the machine, and none is there.
  [/^ Router ID = \[unknown\]/, " Router ID = one"],
];

/** The lines of a data file that both daemons must agree about. */
export function comparableData(text: string): readonly string[] {
  return text
    .replace(UNKNOWN_MASTER, "")
    .split("\n")
    .filter((line) => ![...THEIRS_ALONE, ...OURS_ALONE].some((pattern) => pattern.test(line)))
    .map((line) => VARYING.reduce((now, [pattern, by]) => now.replace(pattern, by), line));
}

/** Both start a checker of 60 s somewhere in the first minute: what it has found so far is not compared. */
const CHECK_STATE =
  /^( *)(alive|num failed checkers|RS set|Up|Has run|Retries iterations|quorum_state_up|effective weight|Last ran|Last status) = .*$/;

/** Of a BFD_CHECK keepalived shows values that nobody has set. */
const UNSET_OF_BFD = /^ {3}Delay loop = 18446744073709551615 us\n(?:.*\n){4}/gm;

/** As above of keepalived_check.data, from the topology on: the global settings before it are those of keepalived.data. */
export function comparableChecks(text: string): readonly string[] {
  const from = text.indexOf("------< LVS Topology");
  assert.ok(from >= 0, text);
  return comparableData(text.slice(from).replace(UNSET_OF_BFD, "")).map((line) =>
    line
      .replace(CHECK_STATE, "$1$2 = ?")
      .replace(/EFF WEIGHT = -?\d+/, "EFF WEIGHT = ?")
      .replace(/Alive: .*/, "Alive: ?"),
  );
}

interface DumpedJson {
  readonly data: Record<string, unknown>;
  readonly stats: Record<string, unknown>;
}

/** Keys in their order, and values, of keepalived.json. */
export function comparableJson(text: string): readonly object[] {
  const instances: readonly DumpedJson[] = JSON.parse(text.replaceAll(INSTALLED, ""));
  // 2.2.7 does not have this key yet.
  for (const { data } of instances) delete data["track_process"];
  return instances.map(({ data, stats }) => ({
    keys: Object.keys(data),
    data: { ...data, last_transition: typeof data["last_transition"], auth_data: "?" },
    stats: { ...stats, advert_sent: "?" },
  }));
}

/** Lines of keepalived.stats, without holdfast's reasons behind them. */
export function comparableStatistics(text: string): readonly string[] {
  return text
    .replace(/^ {2}Dropped by reason:\n(?: {4}\S.*\n)+/gm, "")
    .replace(/Sent: \d+$/gm, "Sent: ?")
    .split("\n");
}

/** Longer than a daemon may need for a dump on a busy machine. */
const PATIENCE_MS = 20_000;

/** keepalived's files grow: one that has stopped growing is taken. @param file below /tmp */
export async function readDump(machine: Machine, file: string): Promise<string> {
  const endMs = Date.now() + PATIENCE_MS;
  let before = "";
  for (;;) {
    const { stdout } = await machine.run(["cat", `/tmp/${file}`]);
    if (stdout !== "" && stdout === before) return stdout;
    assert.ok(Date.now() < endMs, `/tmp/${file} holds ${stdout}`);
    before = stdout;
    await machine.runOk(["sleep", "0.2"]);
  }
}

const SIGNAL_OF_JSON = 36;

/** Has a daemon write its JSON file. */
export function askForJson(daemon: Daemon): void {
  const [pid] = daemon.pids;
  if (pid !== undefined) process.kill(pid, SIGNAL_OF_JSON);
}

const FINAL_STATES = [2, 3];
const TURNS = 40;

/** Until every instance is master or at fault; one that keeps waiting is taken as it is then. */
export async function settle(machine: Machine, daemon: Daemon): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    await machine.run(["rm", "-f", "/tmp/keepalived.json"]);
    askForJson(daemon);
    const instances: readonly { readonly data: { readonly state: number } }[] = JSON.parse(
      await readDump(machine, "keepalived.json"),
    );
    if (instances.every(({ data }) => FINAL_STATES.includes(data.state))) return;
  }
}

/** All files that it is asked for by signals, by name. */
export async function dumpsOf<Name extends string>(
  machine: Machine,
  daemon: Daemon,
  files: readonly Name[],
): Promise<Readonly<Record<Name, string>>> {
  daemon.signal("SIGUSR1");
  daemon.signal("SIGUSR2");
  askForJson(daemon);
  const texts = await Promise.all(files.map(async (file) => [file, await readDump(machine, file)] as const));
  return Object.fromEntries(texts) as Record<Name, string>;
}

/** Where two lists of lines differ, as `diff` tells it; empty when they are the same. */
export async function differencesOf(first: readonly string[], second: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-diff-"));
  try {
    const paths = [first, second].map((lines, at) => {
      const path = join(folder, String(at));
      writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
      return path;
    });
    const { stdout, stderr } = await run(["diff", "-U2", ...paths]);
    return `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
