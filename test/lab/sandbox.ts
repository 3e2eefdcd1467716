import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { childrenOf, ended, linesOf, type RunOptions, run, runOk } from "../helpers/process.ts";

/**
 * Processes that enter the namespaces of another one. `pid` is the namespaces' holder, seen from outside.
 * `nsenter --pid` forks, so the program itself is the child of the process that is spawned.
 */
export class NamespaceHolder {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(pid: number, child: ChildProcess) {
    this.pid = pid;
    this.#child = child;
  }

  /**
   * Starts a program that makes namespaces and then waits on its standard input. The input ends with this process,
   * however it ends, and with the holder go all its namespaces, processes, mounts and interfaces.
   * @param words must print `ready` and then read its standard input to the end
   */
  static async start(words: readonly string[]): Promise<NamespaceHolder> {
    const [command = "", ...rest] = words;
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    const output = linesOf(child.stdout, child.stderr);
    child.once("error", (error) => output.end(error.message));
    try {
      await output.waitFor("the namespaces", (line) => line.text === "ready");
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${command}: ${output.items.map((line) => line.text).join("\n")}`, { cause: error });
    }
    const [pid] = childrenOf(child.pid ?? 0);
    if (pid === undefined) throw new Error("the holder of the namespaces is not there");
    return new NamespaceHolder(pid, child);
  }

  /** The holder's pid inside the innermost PID namespace. */
  get innerPid(): number {
    const line = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1] ?? "";
    return Number(line.trim().split(/\s+/).at(-1));
  }

  /** @returns the words that run a program inside */
  enter(words: readonly string[]): readonly string[] {
    return ["nsenter", "-t", String(this.pid), "-r", "-m", "-n", "-p", "-u", "-i", "--", ...words];
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const end = ended(this.#child);
    this.#child.stdin?.end();
    await end;
  }
}

/**
 * Own mount, network, PID, host name and IPC namespaces for a whole test: whatever happens in it, nothing of it
 * is left on the machine afterwards.
 */
export class Sandbox {
  readonly holder: NamespaceHolder;

  private constructor(holder: NamespaceHolder) {
    this.holder = holder;
  }

  static async open(): Promise<Sandbox> {
    // The shell stays as the namespace's first process: it reaps orphans, which cat alone would leave as zombies.
    const script = "mount -t tmpfs tmpfs /run && ip link set lo up && echo ready && cat; exit 0";
    const words = ["unshare", "-m", "-n", "-p", "-u", "-i", "--fork", "--kill-child", "--mount-proc"];
    return new Sandbox(await NamespaceHolder.start([...words, "sh", "-c", script]));
  }

  run(words: readonly string[], options: RunOptions = {}): ReturnType<typeof run> {
    return run(this.holder.enter(words), options);
  }

  runOk(words: readonly string[], options: RunOptions = {}): Promise<string> {
    return runOk(this.holder.enter(words), options);
  }

  spawn(words: readonly string[]): ChildProcess {
    const [command = "", ...rest] = this.holder.enter(words);
    return spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  }

  close(): Promise<void> {
    return this.holder.close();
  }
}
