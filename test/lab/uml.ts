import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLog } from "../helpers/event-log.ts";
import { ended, type Line, linesOf, sendSignal } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { SYSTEMD_INIT } from "./uml-systemd.ts";

export interface UmlJob {
  /** The program to run in the guest, which sees the host's file system read-only. */
  readonly words: readonly string[];
  /** From boot to power-off. */
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  /** The program runs beside Debian's systemd, as root of a writable copy of the host's files. */
  readonly hasSystemd?: boolean;
  /** Folders of the host, below /tmp for example, that the guest shall see with systemd. */
  readonly folders?: readonly string[];
  readonly tap?: UmlTap;
  /** As soon as the kernel has been started. */
  readonly onBoot?: (guest: UmlGuest) => void;
}

/** A tap device that is the guest's vec0. */
export interface UmlTap {
  readonly name: string;
  /** The words that run a program, in the same process, where the device is. */
  readonly enter: (words: readonly string[]) => readonly string[];
}

export interface UmlGuest {
  /** The kernel is this process: as long as it is stopped the machine is paused. */
  readonly pid: number;
  /** Of the host; the guest finds it as $JOB. */
  readonly folder: string;
}

export interface UmlResult {
  /** The program's exit status; null when the guest did not come so far. */
  readonly status: number | null;
  readonly output: string;
  readonly kernelLog: string;
}

const KERNEL = "linux.uml";
const MEMORY = "1500M";
const MODULES = [
  "ip_vs",
  ...["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh"].map((name) => `ip_vs_${name}`),
  ...["ipv6", "veth", "bridge", "nf_tables"],
].join(" ");

/**
 * The guest's first program. Folders that a tmpfs would hide (the job's own, the repository) are kept aside meanwhile.
 * The kernel loads modules by the wrapper, so that a daemon's own loading of ip_vs works too.
 */
const INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin HOME=/tmp TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for folder in /run /tmp /var/log /dev/shm; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
mkdir -p /dev/pts "$JOB"; mount -t devpts devpts /dev/pts
mount -t hostfs -o "$JOB" none "$JOB"
if [ ! -e "$REPOSITORY/package.json" ]; then mkdir -p "$REPOSITORY"; mount -t hostfs -o "$REPOSITORY" none "$REPOSITORY"; fi
ip link set lo up
mkdir -p /run/kernel/lib/modules
ln -s "/usr/lib/uml/modules/$(uname -r)" /run/kernel/lib/modules/
printf '#!/bin/sh\\nexec modprobe -d /run/kernel "$@"\\n' > /run/kernel/modprobe
chmod +x /run/kernel/modprobe
echo /run/kernel/modprobe > /proc/sys/kernel/modprobe
/run/kernel/modprobe -a ${MODULES} > "$JOB/modules" 2>&1
stty -F /dev/tty1 raw
setsid sh "$JOB/job.sh" < /dev/null > /dev/tty1 2>&1
echo $? > "$JOB/status"
# Setting a mode waits for the output to drain.
stty -F /dev/tty1 raw
sync
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
`;

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function writeJob(folder: string, job: UmlJob): void {
  const exports = Object.entries(job.env ?? {}).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(join(folder, "init.sh"), job.hasSystemd === true ? SYSTEMD_INIT : INIT, { mode: 0o755 });
  writeFileSync(join(folder, "job.sh"), `${exports.join("")}exec ${job.words.map(quote).join(" ")}\n`);
}

function boot(program: string, folder: string, { folders = [], tap }: UmlJob): ChildProcess {
  const kernelLog = openSync(join(folder, "kernel.log"), "w");
  const words = [program, `mem=${MEMORY}`, "rootfstype=hostfs", "rootflags=/", "ro", `init=${folder}/init.sh`];
  // Consoles: 0 for the kernel's messages, 1 for the job's output, so that nothing mixes.
  words.push("con=null", "con0=null,fd:3", "con1=null,fd:4", "console=tty0", "loglevel=4", "panic=-1");
  words.push(`uml_dir=${folder}`, "umid=guest", `JOB=${folder}`, `REPOSITORY=${ROOT}`, `FOLDERS=${folders.join(" ")}`);
  words.push(`SYSTEM=${process.env["HOLDFAST_SYSTEMD_ROOT"] ?? "/"}`);
  if (tap !== undefined) words.push(`vec0:transport=tap,ifname=${tap.name}`);
  const [command = "", ...rest] = tap?.enter(words) ?? words;
  const stdio = ["ignore", "ignore", "ignore", kernelLog, "pipe"] as const;
  // Several host processes make up a guest: a session of its own lets them be ended together.
  const child = spawn(command, rest, { stdio: [...stdio], detached: true });
  closeSync(kernelLog);
  return child;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** @returns why no guest can be booted here, or false: fits `skip` of node:test */
export function whyNoUml(): string | false {
  return findProgram(KERNEL) === null ? "needs linux.uml (Debian: user-mode-linux)" : false;
}

/** Boots a User-Mode Linux kernel that has IPVS, runs a program in it and powers it off. */
export async function runInUml(job: UmlJob): Promise<UmlResult> {
  const program = findProgram(KERNEL);
  if (program === null) throw new Error(`${KERNEL} is not there`);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-uml-"));
  writeJob(folder, job);
  const child = boot(program, folder, job);
  const stop = (): void => {
    // The whole session; 0 would be our own.
    if (child.pid !== undefined) sendSignal(-child.pid, "SIGKILL");
  };
  const end = (): void => {
    stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const timer = setTimeout(stop, job.timeoutMs);
  process.once("exit", end);
  try {
    if (child.pid !== undefined) job.onBoot?.({ pid: child.pid, folder });
    const lines = outputOf(child, job.onLine);
    await ended(child);
    const status = readText(join(folder, "status"));
    return {
      status: status === null ? null : Number(status),
      output: lines.items.map((line) => line.text).join("\n"),
      kernelLog: readText(join(folder, "kernel.log")) ?? "",
    };
  } finally {
    clearTimeout(timer);
    end();
    process.removeListener("exit", end);
  }
}

function outputOf(child: ChildProcess, onLine: UmlJob["onLine"]): EventLog<Line> {
  const stream = child.stdio[4];
  if (stream === null || stream === undefined || !("setEncoding" in stream)) throw new Error("no console");
  const lines = linesOf(stream);
  let told = 0;
  const tell = (): void => {
    for (; told < lines.position; told += 1) onLine?.(lines.items[told]?.text ?? "");
  };
  stream.on("data", tell);
  stream.on("close", tell);
  return lines;
}
