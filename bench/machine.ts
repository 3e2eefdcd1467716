import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { ROOT } from "../test/helpers/repository.ts";
import { daemonProgram } from "../test/lab/daemon.ts";

/** Numbers mean nothing without the machine they were taken on. */
export interface MachineNote {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly keepalived: string;
  readonly haproxy: string;
  readonly commit: string;
}

function firstLine(command: string, words: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, words, { cwd: ROOT, encoding: "utf8" });
  return `${stdout ?? ""}${stderr ?? ""}`.split("\n")[0]?.trim() ?? "";
}

export function describeMachine(): MachineNote {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.versions.node,
    keepalived: firstLine(daemonProgram("keepalived") ?? "keepalived", ["--version"]),
    haproxy: firstLine("haproxy", ["-v"]),
    commit: firstLine("git", ["describe", "--always", "--dirty"]),
  };
}
