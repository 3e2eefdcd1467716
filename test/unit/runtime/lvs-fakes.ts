import { createMemoryIpvsTable } from "../../../src/ipvs/memory-table.ts";
import type { VirtualServer } from "../../../src/model/lvs.ts";
import type {
  InterfaceAddress,
  IpvsCommand,
  IpvsTable,
  ProbeEvent,
  ProbeLoop,
  ProbeResult,
  ProbeSchedule,
  ProbeTarget,
  SyscallFailure,
  VrrpEvent,
} from "../../../src/native/contract.ts";
import { createLvsRuntime } from "../../../src/runtime/lvs-runtime.ts";
import type { LvsClock, LvsConfiguration, LvsGlobals, LvsRuntime } from "../../../src/runtime/lvs-types.ts";
import type { ScriptEnd, ScriptListener, ScriptRun, ScriptStart } from "../../../src/runtime/script-runner.ts";
import { NO_KINDS } from "../../helpers/loop-samples.ts";

/** Time that stands still until it is told to go on. */
export class FakeClock implements LvsClock {
  private now = 1_000_000_000;
  private next = 0;
  private readonly timers = new Map<number, { atUs: number; callback: () => void }>();

  nowUs(): number {
    return this.now;
  }

  after(delayUs: number, callback: () => void): () => void {
    const id = this.next;
    this.next += 1;
    this.timers.set(id, { atUs: this.now + delayUs, callback });
    return () => this.timers.delete(id);
  }

  get pending(): number {
    return this.timers.size;
  }

  /** Lets time pass, with everything that waits for promises in between. */
  async advance(us: number): Promise<void> {
    const endUs = this.now + us;
    for (;;) {
      await flush();
      const due = [...this.timers].filter(([, timer]) => timer.atUs <= endUs);
      const [first] = due.toSorted(([a, x], [b, y]) => x.atUs - y.atUs || a - b);
      if (first === undefined) break;
      const [id, timer] = first;
      this.timers.delete(id);
      this.now = timer.atUs;
      timer.callback();
    }
    this.now = endUs;
    await flush();
  }
}

/** Runs everything that only waits for promises. */
export async function flush(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

interface FakeTarget {
  readonly spec: ProbeTarget;
  schedule: ProbeSchedule;
  cancel: () => void;
}

/** A probe loop on a fake clock with the contract's rules: only unexpected results are reported. */
export class FakeProbeLoop implements ProbeLoop {
  /** `192.168.1.7:80` of servers that answer. */
  readonly answering = new Set<string>();
  readonly targets = new Map<number, FakeTarget>();
  /** `address:port@us` of every probe, from the first one on. */
  readonly probes: { readonly where: string; readonly atUs: number }[] = [];
  isClosed = false;
  private started = 0;
  private batch: ProbeEvent[] = [];
  private readonly clock: FakeClock;
  private readonly onEvents: (events: readonly ProbeEvent[]) => void;

  constructor(clock: FakeClock, onEvents: (events: readonly ProbeEvent[]) => void) {
    this.clock = clock;
    this.onEvents = onEvents;
  }

  addTarget(target: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void {
    if (this.targets.has(target)) throw new TypeError(`target ${target} exists`);
    demandIntervals(schedule);
    const live: FakeTarget = { spec, schedule, cancel: () => {} };
    this.targets.set(target, live);
    this.arm(target, live, firstDelayUs);
  }

  setSchedule(target: number, schedule: ProbeSchedule): void {
    const live = this.targets.get(target);
    if (live === undefined) throw new TypeError(`target ${target} does not exist`);
    demandIntervals(schedule);
    live.schedule = schedule;
  }

  removeTarget(target: number): void {
    const live = this.targets.get(target);
    if (live === undefined) throw new TypeError(`target ${target} does not exist`);
    live.cancel();
    this.targets.delete(target);
  }

  counters(): ReturnType<ProbeLoop["counters"]> {
    return { started: this.started, succeeded: 0, failed: 0, local: 0, late: 0, inFlight: 0, kinds: NO_KINDS };
  }

  health(): ReturnType<ProbeLoop["health"]> {
    return { heartbeats: 0, commands: 0, eventsLost: 0, lateness: { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 } };
  }

  close(): void {
    this.isClosed = true;
    for (const live of this.targets.values()) live.cancel();
    this.targets.clear();
  }

  /** Delivers events as if the loop had reported them. */
  report(events: readonly ProbeEvent[]): void {
    this.onEvents(events);
  }

  private arm(target: number, live: FakeTarget, delayUs: number): void {
    live.cancel = this.clock.after(delayUs, () => this.probe(target, live));
  }

  private probe(target: number, live: FakeTarget): void {
    const where = `${live.spec.address}:${live.spec.port}`;
    this.started += 1;
    this.probes.push({ where, atUs: this.clock.nowUs() });
    const result: ProbeResult = this.answering.has(where) ? "success" : "failure";
    const { expected, intervalUs, unexpectedIntervalUs } = live.schedule;
    this.arm(target, live, result === expected ? intervalUs : unexpectedIntervalUs);
    if (result === expected) return;
    const reason = result === "success" ? "ok" : "refused";
    const errno = result === "success" ? 0 : 111;
    if (this.batch.length === 0) this.clock.after(0, () => this.deliver());
    this.batch.push({ target, result, reason, stage: "connect", errno, latencyUs: 100, atUs: this.clock.nowUs() });
  }

  private deliver(): void {
    const events = this.batch;
    this.batch = [];
    this.onEvents(events);
  }
}

function demandIntervals({ intervalUs, unexpectedIntervalUs }: ProbeSchedule): void {
  for (const value of [intervalUs, unexpectedIntervalUs]) {
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`an interval of ${value} us`);
  }
}

/** The memory table, with a record of what was asked of it and failures on demand. */
export class SpyTable implements IpvsTable {
  readonly batches: (readonly IpvsCommand[])[] = [];
  /** Refuses these with EPERM. */
  refuses: (command: IpvsCommand) => boolean = () => false;
  /** Held back while set. */
  gate: Promise<void> | null = null;
  failsDump = false;
  isClosed = false;
  dumps = 0;
  private readonly table = createMemoryIpvsTable();

  get commands(): string[] {
    return this.batches.flat().map((command) => command.kind);
  }

  async dump(): ReturnType<IpvsTable["dump"]> {
    this.countDump();
    return this.table.dump();
  }

  async dumpIfChanged(): ReturnType<IpvsTable["dumpIfChanged"]> {
    this.countDump();
    return this.table.dumpIfChanged();
  }

  private countDump(): void {
    this.dumps += 1;
    if (this.failsDump) throw Object.assign(new Error("dump failed"), { code: "EIO", errno: 5, syscall: "recvmsg" });
  }

  async apply(commands: readonly IpvsCommand[]): Promise<readonly (SyscallFailure | null)[]> {
    this.batches.push(commands);
    if (this.gate !== null) await this.gate;
    const results: (SyscallFailure | null)[] = [];
    for (const command of commands) {
      if (this.refuses(command)) {
        results.push({ syscall: "sendmsg", errno: 1, code: "EPERM", message: "Operation not permitted" });
      } else results.push(...(await this.table.apply([command])));
    }
    return results;
  }

  usage(): ReturnType<IpvsTable["usage"]> {
    return this.table.usage();
  }

  timeouts(): ReturnType<IpvsTable["timeouts"]> {
    return this.table.timeouts();
  }

  syncDaemons(): ReturnType<IpvsTable["syncDaemons"]> {
    return this.table.syncDaemons();
  }

  close(): void {
    this.isClosed = true;
    this.table.close();
  }
}

/** Scripts on a fake clock that end as told. */
export class FakeScripts {
  /** By file, how the next runs end; the last way stays. */
  readonly ends = new Map<string, ScriptEnd[]>();
  readonly starts: { readonly file: string; readonly timeoutMs: number; readonly atUs: number }[] = [];
  terminated = 0;
  /** How long each run takes. */
  runUs = 100_000;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  start({ file, timeoutMs }: ScriptStart, { onEnd, onTimeout }: ScriptListener): ScriptRun {
    this.starts.push({ file, timeoutMs, atUs: this.clock.nowUs() });
    const ends = this.ends.get(file) ?? [];
    const end = (ends.length > 1 ? ends.shift() : ends[0]) ?? { kind: "exited", status: 0 };
    if (this.runUs > timeoutMs * 1000) this.clock.after(timeoutMs * 1000, () => onTimeout?.());
    this.clock.after(Math.min(this.runUs, timeoutMs * 1000 + 1), () => onEnd(end));
    return {
      terminate: () => {
        this.terminated += 1;
      },
    };
  }
}

export interface Bench {
  readonly scripts: FakeScripts;
  readonly runtime: LvsRuntime;
  readonly clock: FakeClock;
  readonly table: SpyTable;
  readonly probes: () => FakeProbeLoop;
  readonly lines: string[];
  readonly opened: string[];
  /** When garbage was collected. */
  readonly collectedAtUs: readonly number[];
  /** What is wrong with the own network. */
  readonly network: { problem: string | null };
  /** Addresses of this machine. */
  readonly addresses: FakeAddresses;
}

/** Addresses that come and go, each on an interface by its number. */
export class FakeAddresses {
  #listener: ((events: readonly VrrpEvent[]) => void) | null = null;
  readonly #held: InterfaceAddress[] = [];

  get isWatched(): boolean {
    return this.#listener !== null;
  }

  watch(onEvents: (events: readonly VrrpEvent[]) => void): () => void {
    this.#listener = onEvents;
    return () => {
      this.#listener = null;
    };
  }

  async read(): Promise<readonly InterfaceAddress[]> {
    return [...this.#held];
  }

  add(address: string, ifindex = 2): void {
    const record: InterfaceAddress = {
      ifindex,
      family: "inet",
      address,
      prefixLength: 24,
      scope: 0,
      label: null,
      broadcast: null,
      peer: null,
    };
    this.#held.push(record);
    this.#listener?.([{ kind: "address", address: record, isDeleted: false, atUs: 0 }]);
  }

  /** @param isTold false: the event is lost */
  remove(address: string, ifindex = 2, isTold = true): void {
    const index = this.#held.findIndex((one) => one.address === address && one.ifindex === ifindex);
    const [record] = this.#held.splice(index, 1);
    if (record === undefined) throw new Error(`${address} is not held`);
    if (isTold) this.#listener?.([{ kind: "address", address: record, isDeleted: true, atUs: 0 }]);
  }

  loseEvents(): void {
    this.#listener?.([{ kind: "overrun", atUs: 0 }]);
  }
}

/** A runtime in a world of fakes. @param answering servers that answer from the start */
export function createBench(answering: readonly string[] = [], keepsTableAtStop = false, random = 0): Bench {
  const clock = new FakeClock();
  const table = new SpyTable();
  const scripts = new FakeScripts(clock);
  const lines: string[] = [];
  const opened: string[] = [];
  const collectedAtUs: number[] = [];
  const network: Bench["network"] = { problem: null };
  const addresses = new FakeAddresses();
  let loop: FakeProbeLoop | null = null;
  const runtime = createLvsRuntime(
    { keepsTableAtStop, reconcileIntervalUs: 5_000_000 },
    {
      openIpvs: () => {
        opened.push("ipvs");
        return table;
      },
      openProbeLoop: (onEvents) => {
        opened.push("probes");
        loop = new FakeProbeLoop(clock, onEvents);
        for (const where of answering) loop.answering.add(where);
        return loop;
      },
      runner: scripts,
      log: (record) => lines.push(record.text),
      clock,
      random: () => random,
      collectGarbage: () => collectedAtUs.push(clock.nowUs()),
      lookAtNetwork: async () => network.problem,
      addresses: { watch: (onEvents) => addresses.watch(onEvents), read: () => addresses.read() },
    },
  );
  const probes = (): FakeProbeLoop => {
    if (loop === null) throw new Error("no probe loop was opened");
    return loop;
  };
  return { runtime, scripts, clock, table, probes, lines, opened, collectedAtUs, network, addresses };
}

/** A configuration that has nothing but virtual servers. */
export function configuration(
  virtualServers: readonly VirtualServer[],
  global: Partial<LvsGlobals> = {},
): LvsConfiguration {
  return {
    global: {
      routerId: "test",
      instanceName: null,
      networkNamespace: null,
      usesPidDirectory: false,
      flushesIpvsAtStart: false,
      flushesIpvsAtStop: "no",
      ...global,
    },
    vrrpInstances: [],
    virtualServers,
  };
}

/** `tcp 192.168.1.100:80 rr > 192.168.1.7:80 w1` for each destination, sorted. */
export async function tableLines(table: IpvsTable): Promise<string[]> {
  const entries = await table.dump();
  return entries
    .flatMap(({ service, destinations }) => {
      const name =
        service.fwmark === 0
          ? `${service.protocol} ${service.address}:${service.port} ${service.scheduler}`
          : `fwmark ${service.fwmark} ${service.scheduler}`;
      const rows = destinations.map((one) => `${name} > ${one.address}:${one.port} ${one.fwdMethod} w${one.weight}`);
      return rows.length === 0 ? [name] : rows;
    })
    .sort();
}
