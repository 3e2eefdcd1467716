import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { getSystemErrorName } from "node:util";
import type {
  HttpResponse,
  NativeAddon,
  ProbeCredentials,
  ProbeEvent,
  ProbeHttp,
  ProbeKindCounters,
  ProbeSchedule,
  ProbeTarget,
  ProbeTls,
} from "../native/contract.ts";
import { delayAfterUs, failed, isExpected, judgeBegin, judgeTime, type ProbeOutcome } from "./probe-outcome.ts";
import { TimeCounts } from "./time-histogram.ts";
import { TlsExchange } from "./tls-exchange.ts";

/** Some milliseconds of handshakes; then answers and timeouts get their turn. */
const STARTS_PER_TURN = 4;
/** setTimeout's limit, 24 days: longer waits end early. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A server's ticket may be 64 KiB; one that needs this much gets full handshakes. */
const LARGEST_SESSION_BYTES = 8_192;
/** About 2 KiB each; the oldest goes first. */
const LARGEST_SESSION_COUNT = 32_768;

/** What the worker has done. */
export interface TlsCounters extends ProbeKindCounters {
  readonly started: number;
  readonly inFlight: number;
}

export type TlsProberAddon = Pick<NativeAddon, "monotonicUs" | "createHttpResponse" | "connectStream">;

interface LiveTarget {
  readonly number: number;
  readonly spec: ProbeTarget;
  readonly http: ProbeHttp;
  readonly tls: ProbeTls;
  readonly response: HttpResponse;
  schedule: ProbeSchedule;
  /** Resting: the next start; in flight: the deadline. */
  timer: NodeJS.Timeout | null;
  exchange: TlsExchange | null;
  /** Targets that ask the same server in the same way share its session. */
  readonly sessionKey: string;
  startedUs: number;
  /** From when the timeout counts. */
  stageStartedUs: number;
}

/**
 * Runs the schedules of HTTPS probes, as the native loop does those of the others; lives on a worker.
 * @see ProbeLoop in native/contract.ts
 */
export class TlsProber {
  private readonly addon: TlsProberAddon;
  private readonly maxInFlight: number;
  private readonly onEvent: (event: ProbeEvent) => void;
  private readonly targets = new Map<number, LiveTarget>();
  /** Targets whose time has come, first in first out. */
  private readonly waiting = new Set<LiveTarget>();
  private readonly contexts = new Map<string, { readonly stamp: string; readonly context: SecureContext }>();
  private readonly sessions = new Map<string, Buffer>();
  private isTurnComing = false;
  private readonly latencies = new TimeCounts();
  private counted = { started: 0, succeeded: 0, failed: 0, local: 0, late: 0, inFlight: 0 };

  constructor(addon: TlsProberAddon, maxInFlight: number, onEvent: (event: ProbeEvent) => void) {
    this.addon = addon;
    this.maxInFlight = maxInFlight;
    this.onEvent = onEvent;
  }

  addTarget(number: number, spec: ProbeTarget, schedule: ProbeSchedule, firstDelayUs: number): void {
    this.removeTarget(number);
    const { http, tls } = spec;
    if (http === undefined || tls === undefined) throw new TypeError("target: http and tls are expected");
    const live: LiveTarget = {
      number,
      spec: { ...spec, kind: "http" },
      http,
      tls,
      response: this.addon.createHttpResponse(http),
      schedule,
      timer: null,
      exchange: null,
      sessionKey: JSON.stringify([spec.address, spec.port, tls]),
      startedUs: 0,
      stageStartedUs: 0,
    };
    this.targets.set(number, live);
    this.rest(live, firstDelayUs);
  }

  setSchedule(number: number, schedule: ProbeSchedule): void {
    const live = this.targets.get(number);
    if (live !== undefined) live.schedule = schedule;
  }

  removeTarget(number: number): void {
    const live = this.targets.get(number);
    if (live === undefined) return;
    this.targets.delete(number);
    this.waiting.delete(live);
    if (live.timer !== null) clearTimeout(live.timer);
    if (live.exchange === null) return;
    this.letGo(live);
    this.wakeWaiting();
  }

  counters(): TlsCounters {
    return { ...this.counted, latency: this.latencies.read() };
  }

  close(): void {
    for (const number of [...this.targets.keys()]) this.removeTarget(number);
  }

  private arm(live: LiveTarget, delayUs: number, then: () => void): void {
    if (live.timer !== null) clearTimeout(live.timer);
    live.timer = setTimeout(then, Math.min(Math.ceil(delayUs / 1_000), LONGEST_TIMER_MS));
  }

  private rest(live: LiveTarget, delayUs: number): void {
    this.arm(live, delayUs, () => {
      live.timer = null;
      this.waiting.add(live);
      this.wakeWaiting();
    });
  }

  /** Starts come after answers: a turn of the loop reads before it starts new ones. */
  private wakeWaiting(): void {
    if (this.isTurnComing || this.waiting.size === 0) return;
    this.isTurnComing = true;
    setImmediate(() => {
      this.isTurnComing = false;
      this.startWaiting();
    });
  }

  private startWaiting(): void {
    for (let count = 0; count < STARTS_PER_TURN; count += 1) {
      const [live] = this.waiting;
      if (live === undefined || this.counted.inFlight >= this.maxInFlight) return;
      this.waiting.delete(live);
      this.begin(live);
    }
    this.wakeWaiting();
  }

  private begin(live: LiveTarget): void {
    this.counted.started += 1;
    this.counted.inFlight += 1;
    live.startedUs = this.addon.monotonicUs();
    live.stageStartedUs = live.startedUs;
    const outcome = this.open(live);
    if (outcome === null) this.armDeadline(live);
    else this.finish(live, outcome);
  }

  /** @returns the outcome when it is known at once */
  private open(live: LiveTarget): ProbeOutcome | null {
    const context = this.contextFor(live.tls.credentials);
    // keepalived: without its certificate there is no handshake.
    if (context === null) return failed("other", "handshake");
    const fd = this.addon.connectStream(live.spec);
    if (fd < 0) return judgeBegin(getSystemErrorName(fd), -fd);
    const { serverName, isStrict } = live.tls;
    const session = this.sessions.get(live.sessionKey) ?? null;
    live.exchange = new TlsExchange({
      fd,
      context,
      // RFC 6066 §3: an address is no name
      serverName: serverName === null || isIP(serverName) !== 0 ? null : serverName,
      isStrict,
      session,
      request: live.http.request,
      response: live.response,
      onConnected: () => {
        live.stageStartedUs = this.addon.monotonicUs();
        this.armDeadline(live);
      },
      onSession: (session) => this.keepSession(live, session),
      onEnd: (outcome) => {
        if (session !== null && live.exchange?.stage === "connect") this.openAnew(live);
        else this.finish(live, outcome);
      },
    });
    return null;
  }

  /** What a server has against an old session, it has not against the next full handshake. */
  private openAnew(live: LiveTarget): void {
    this.sessions.delete(live.sessionKey);
    live.exchange = null;
    live.stageStartedUs = this.addon.monotonicUs();
    const outcome = this.open(live);
    if (outcome === null) this.armDeadline(live);
    else this.finish(live, outcome);
  }

  /** No roots but the configured ones are loaded: no certificate is verified. @returns null when the files are not as they should be */
  private contextFor(credentials: ProbeCredentials | null): SecureContext | null {
    const key = JSON.stringify(credentials);
    const known = this.contexts.get(key);
    try {
      const stamp = credentials === null ? "" : stampOf(credentials);
      if (known?.stamp === stamp) return known.context;
      const context = createSecureContext({ ca: [], ...(credentials === null ? {} : readCredentials(credentials)) });
      this.contexts.set(key, { stamp, context });
      return context;
    } catch {
      return null;
    }
  }

  /** Each stage has the whole timeout. */
  private armDeadline(live: LiveTarget): void {
    const { exchange } = live;
    this.arm(live, live.spec.timeoutUs, () => {
      const stage = exchange?.stage ?? "connect";
      // Timers come before sockets in a turn of Node's loop: an answer that is there already must not lose.
      setImmediate(() => {
        if (live.exchange === exchange && exchange?.stage === stage) this.finish(live, failed("timeout", stage));
      });
    });
  }

  private keepSession({ sessionKey }: LiveTarget, session: Buffer): void {
    this.sessions.delete(sessionKey);
    if (session.length > LARGEST_SESSION_BYTES) return;
    this.sessions.set(sessionKey, session);
    const [oldest] = this.sessions.keys();
    if (this.sessions.size > LARGEST_SESSION_COUNT && oldest !== undefined) this.sessions.delete(oldest);
  }

  private letGo(live: LiveTarget): void {
    live.exchange?.close();
    live.exchange = null;
    this.counted.inFlight -= 1;
  }

  private finish(live: LiveTarget, found: ProbeOutcome): void {
    if (this.targets.get(live.number) !== live) return;
    const nowUs = this.addon.monotonicUs();
    const outcome = judgeTime(found, nowUs - live.stageStartedUs, live.spec.timeoutUs);
    this.letGo(live);
    this.settle(live, outcome, nowUs);
    this.rest(live, delayAfterUs(live.schedule, outcome));
    this.wakeWaiting();
  }

  private settle(live: LiveTarget, outcome: ProbeOutcome, nowUs: number): void {
    if (outcome.kind !== "verdict") {
      this.counted[outcome.kind] += 1;
      return;
    }
    const { result, reason, stage, errno } = outcome;
    const latencyUs = nowUs - live.startedUs;
    this.latencies.record(latencyUs);
    this.counted[result === "success" ? "succeeded" : "failed"] += 1;
    if (result === "failure") this.sessions.delete(live.sessionKey);
    if (isExpected(live.schedule, result)) return;
    this.onEvent({ target: live.number, result, reason, stage, errno, latencyUs, atUs: nowUs });
  }
}

/** Changes when a file is replaced, as certificates are every few months. */
function stampOf({ certificateFile, keyFile, caFile }: ProbeCredentials): string {
  const own = [certificateFile, keyFile].filter((file) => file !== null).map((file) => statSync(file).mtimeMs);
  const ca = caFile === null ? 0 : (statSync(caFile, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return [...own, ca].join(" ");
}

function readCredentials({
  certificateFile,
  keyFile,
  password,
  caFile,
}: ProbeCredentials): Parameters<typeof createSecureContext>[0] {
  const ca = caFile === null ? null : readIfThere(caFile);
  return {
    ...(certificateFile === null ? {} : { cert: readFileSync(certificateFile) }),
    ...(keyFile === null ? {} : { key: readFileSync(keyFile) }),
    ...(password === null ? {} : { passphrase: password }),
    ...(ca === null ? {} : { ca }),
  };
}

/** Nothing is verified by it, so no check shall fail for want of it. */
function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
