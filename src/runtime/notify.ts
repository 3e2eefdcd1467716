import type { NotifyFifo, ScriptCommand, NotifyScripts as Scripts } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { SpokenRecord } from "./log.ts";
import { NotifyPipe } from "./notify-fifo.ts";
import { LvsNotifier } from "./notify-lvs.ts";
import { type Mail, Mailer } from "./notify-mail.ts";
import { type NotifyCall, NotifyScripts } from "./notify-scripts.ts";
import {
  type FifoState,
  fifoLine,
  type NotifyFacts,
  type NotifyState,
  type Subject,
  scriptCalls,
  stateMail,
} from "./notify-words.ts";
import { resolveCommand } from "./script-command.ts";
import type { ScriptEnd, ScriptRunner } from "./script-runner.ts";
import type { VrrpClock, VrrpGroupChange, VrrpPriorityChange, VrrpStateChange } from "./vrrp-types.ts";

export interface NotifierDependencies {
  readonly runner: Pick<ScriptRunner, "start" | "makeFifo">;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** keepalived: what does not run (`-C`, `-P`) opens no pipe. Absent: all run. */
  readonly runs?: { readonly vrrp: boolean; readonly lvs: boolean };
}

/** keepalived waits that long for scripts at its end. */
const STOP_PATIENCE_US = 1_000_000;

const STATE_NAMES: Readonly<Record<VrrpStateChange["to"], NotifyState | null>> = {
  initialize: null,
  active: "MASTER",
  backup: "BACKUP",
  fault: "FAULT",
  stop: "STOP",
  deleted: "DELETED",
};

/** What is told about instances and groups alike. */
interface Told {
  readonly name: string;
  readonly notify: Scripts;
  readonly sendsMail: boolean;
  readonly notifiesPriorityChanges: boolean;
  /** Of an instance: whether its removal has a name of its own. */
  readonly reportsDeletion: boolean;
}

interface Book {
  readonly configuration: CompleteConfiguration;
  readonly instances: ReadonlyMap<string, Told>;
  readonly groups: ReadonlyMap<string, Told>;
}

function bookOf(configuration: CompleteConfiguration): Book {
  return {
    configuration,
    instances: new Map(configuration.vrrpInstances.map((instance) => [instance.name, instance])),
    groups: new Map(configuration.syncGroups.map((group) => [group.name, { ...group, reportsDeletion: true }])),
  };
}

type PipeName = "global" | "vrrp" | "lvs";

/** Tells the world outside: scripts, FIFOs and mail, with keepalived's words, for both halves of the daemon. */
export class Notifier {
  readonly #dependencies: NotifierDependencies;
  /** For the load-balancing side. */
  readonly lvs: LvsNotifier;
  readonly #scripts: NotifyScripts;
  readonly #pipes = new Map<PipeName, NotifyPipe>();
  #mailer: Mailer | null = null;
  /** Of mailers that a reload replaced: a relay that hangs holds up what it was given, and nothing later. */
  #earlierMail: Promise<unknown> = Promise.resolve();
  #book: Book | null = null;
  /** During a reload: those that are removed are known here only. */
  #before: Book | null = null;
  /** By subject and name, what was told last. */
  readonly #last = new Map<string, NotifyFacts>();
  readonly #mailed = new Map<string, NotifyState>();
  /** Told since the reload began. */
  readonly #fresh = new Set<string>();

  constructor(dependencies: NotifierDependencies) {
    this.#dependencies = dependencies;
    this.#scripts = new NotifyScripts(dependencies);
    this.lvs = new LvsNotifier(this);
  }

  /** Runs the startup script and opens the FIFOs; before anything can be told. */
  async begin(configuration: CompleteConfiguration): Promise<void> {
    const { startupScript, startupTimeoutUs } = configuration.global;
    if (startupScript !== null) await this.#runOnce("startup", startupScript, startupTimeoutUs);
    await this.#take(configuration);
  }

  /** A reload begins, or is taken back. */
  async reload(configuration: CompleteConfiguration): Promise<void> {
    this.#before = this.#book;
    this.#fresh.clear();
    await this.#take(configuration);
  }

  /** The reload is through. */
  reloaded(): void {
    this.#before = null;
    const rewrites = this.#book?.configuration.global.rewritesFifoOnReload === true;
    for (const [key, facts] of this.#last) {
      const known = facts.subject === "INSTANCE" ? this.#book?.instances : this.#book?.groups;
      if (known?.has(facts.name) !== true) this.#last.delete(key);
      else if (rewrites && !this.#fresh.has(key))
        this.#write(fifoLine(facts.subject, facts.name, facts.state, facts.priority));
    }
  }

  /** Both halves have stopped: waits for the last scripts and mails, then runs the shutdown script. */
  async end(): Promise<void> {
    const { clock } = this.#dependencies;
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = clock.after(STOP_PATIENCE_US, resolve);
    });
    const mailed = Promise.race([Promise.all([this.#earlierMail, this.#mailer?.settled()]), patience]);
    await Promise.all([this.#scripts.finish(STOP_PATIENCE_US), mailed]);
    cancel();
    for (const pipe of this.#pipes.values()) pipe.close();
    this.#pipes.clear();
    const global = this.#book?.configuration.global;
    if (global === undefined || global.shutdownScript === null) return;
    await this.#runOnce("shutdown", global.shutdownScript, global.shutdownTimeoutUs);
  }

  instanceChanged({ instance, from, to, priority }: VrrpStateChange): void {
    const told = this.#book?.instances.get(instance) ?? this.#before?.instances.get(instance);
    const name = STATE_NAMES[to];
    if (told === undefined || name === null) return;
    // keepalived: a removed instance has a fault, unless it asks for a state of its own.
    const state = name === "DELETED" && !told.reportsDeletion ? "FAULT" : name;
    if (state !== name && from === "fault") return;
    this.#tell(told, { subject: "INSTANCE", name: instance, state, priority, isRemoval: name === "DELETED" });
  }

  groupChanged({ group, to }: VrrpGroupChange): void {
    const told = this.#book?.groups.get(group) ?? this.#before?.groups.get(group);
    const state = STATE_NAMES[to];
    if (told === undefined || state === null || state === "DELETED") return;
    this.#tell(told, { subject: "GROUP", name: group, state, priority: 0, isRemoval: false });
  }

  priorityChanged({ instance, isActive, priority }: VrrpPriorityChange): void {
    if (this.#book?.instances.get(instance)?.notifiesPriorityChanges !== true) return;
    const state: FifoState = isActive ? "MASTER_PRIORITY" : "BACKUP_PRIORITY";
    this.#write(fifoLine("INSTANCE", instance, state, priority));
  }

  lowerPriorityHeard({ instance, priority }: VrrpPriorityChange): void {
    const script = this.#book?.instances.get(instance)?.notify.lowerPriorityHeard ?? null;
    if (script !== null) this.#scripts.call(ownerKey("INSTANCE", instance), [{ command: script, words: [] }]);
    this.#write(fifoLine("INSTANCE", instance, "MASTER_RX_LOWER_PRI", priority));
  }

  /** Scripts of one owner stay in order. */
  run(owner: string, calls: readonly NotifyCall[]): void {
    this.#scripts.call(owner, calls);
  }

  /** @param line with its end */
  writeLvs(line: string): void {
    this.#pipes.get("global")?.write(line);
    this.#pipes.get("lvs")?.write(line);
  }

  mail(mail: Mail): void {
    this.#mailer?.send(mail);
  }

  #tell(told: Told, facts: NotifyFacts): void {
    const { subject, name, state, priority } = facts;
    const key = ownerKey(subject, name);
    this.#fresh.add(key);
    this.#last.set(key, facts);
    const calls = scriptCalls(told.notify, facts);
    if (calls.length > 0) this.#scripts.call(key, calls);
    this.#write(fifoLine(subject, name, state, priority));
    const skips = state === "FAULT" && this.#book?.configuration.global.mail.skipsFaults === true;
    if (!told.sendsMail || skips || this.#mailed.get(key) === state) return;
    this.#mailed.set(key, state);
    this.mail(stateMail(facts));
  }

  #write(line: string): void {
    this.#pipes.get("global")?.write(line);
    this.#pipes.get("vrrp")?.write(line);
  }

  async #take(configuration: CompleteConfiguration): Promise<void> {
    const { global } = configuration;
    this.#book = bookOf(configuration);
    this.lvs.configure(configuration);
    this.#earlierMail = Promise.all([this.#earlierMail, this.#mailer?.settled()]);
    this.#mailer = new Mailer({ settings: global.mail, routerId: global.routerId, log: this.#dependencies.log });
    await this.#usePipe("global", global.fifo);
    await this.#usePipe("vrrp", this.#pipeOf("vrrp", global.vrrpFifo));
    await this.#usePipe("lvs", this.#pipeOf("lvs", global.lvsFifo));
  }

  #pipeOf(part: "vrrp" | "lvs", wanted: NotifyFifo | null): NotifyFifo | null {
    const isRunning = this.#dependencies.runs?.[part] ?? true;
    return isRunning && wanted?.path !== this.#book?.configuration.global.fifo?.path ? wanted : null;
  }

  /** One that stays the same stays open. */
  async #usePipe(name: PipeName, wanted: NotifyFifo | null): Promise<void> {
    const pipe = this.#pipes.get(name);
    if (pipe !== undefined && wanted !== null && isSameFifo(pipe.config, wanted)) return;
    pipe?.close();
    this.#pipes.delete(name);
    if (wanted !== null) this.#pipes.set(name, await NotifyPipe.open(wanted, this.#dependencies));
  }

  async #runOnce(what: "startup" | "shutdown", command: ScriptCommand, timeoutUs: number): Promise<void> {
    const script = command.argv[0] ?? "";
    this.#say("info", `running ${what} script`, script, `Running ${what} script ${script}`);
    const start = { ...resolveCommand(command), timeoutMs: Math.round(timeoutUs / 1000) };
    const end = await new Promise<ScriptEnd>((onEnd) => this.#dependencies.runner.start(start, { onEnd }));
    const problem = problemOf(end);
    if (problem === null) return;
    this.#say("warning", `${what} script failed`, script, `Call of ${what} script ${script} failed: ${problem}`);
  }

  #say(level: SpokenRecord["level"], message: string, script: string, text: string): void {
    this.#dependencies.log({ level, message, fields: { script }, text });
  }
}

function ownerKey(subject: Subject, name: string): string {
  return `${subject} ${name}`;
}

function isSameFifo(left: NotifyFifo, right: NotifyFifo): boolean {
  const facts = ({ path, user, script }: NotifyFifo): string =>
    JSON.stringify([path, user, script?.argv ?? null, script?.user ?? null]);
  return facts(left) === facts(right);
}

function problemOf(end: ScriptEnd): string | null {
  switch (end.kind) {
    case "exited":
      return end.status === 0 ? null : `exited with status ${end.status}`;
    case "signalled":
      return `ended by signal ${end.signal}`;
    case "not-started":
      return end.reason;
  }
}
