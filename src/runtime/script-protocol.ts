/**
 * What the daemon says to the runner, the helper process that starts scripts, and what it answers.
 * The layout is drawn in `native/runner/protocol.h`; numbers are in the machine's own order.
 */
import { endianness } from "node:os";
import type { ScriptUser } from "../model/command.ts";

export type RunnerUser = ScriptUser;

export interface RunnerStart {
  readonly run: number;
  /** 0: none */
  readonly timeoutMs: number;
  /** Null: the daemon's own. */
  readonly user: RunnerUser | null;
  /** What is executed; absolute. */
  readonly file: string;
  /** At least one element, which need not be `file`. */
  readonly argv: readonly string[];
}

export type RunnerReport =
  | { readonly kind: "not-started"; readonly run: number; readonly errno: number }
  | { readonly kind: "exited"; readonly run: number; readonly status: number }
  | { readonly kind: "signalled"; readonly run: number; readonly signal: number }
  | { readonly kind: "timed-out"; readonly run: number }
  | { readonly kind: "fifo"; readonly run: number; readonly errno: number };

const START = 1;
const TERMINATE = 2;
const MAKE_FIFO = 3;
const REPORT_BYTES = 12;
/** The runner takes a longer one for a broken stream. */
export const LONGEST_REQUEST_BYTES = 1 << 20;

const IS_LITTLE = endianness() === "LE";

function number(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  if (IS_LITTLE) buffer.writeUInt32LE(value);
  else buffer.writeUInt32BE(value);
  return buffer;
}

function text(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value);
  return [number(bytes.length), bytes];
}

function identity(user: RunnerUser | null): readonly Buffer[] {
  const groups = user === null ? [] : (user.groups ?? [user.gid]);
  const ids = [user?.uid ?? 0, user?.gid ?? 0, groups.length, ...groups];
  return [number(user === null ? 0 : 1), ...ids.map(number)];
}

function request(kind: number, run: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([kind]), number(run), ...parts]);
  return Buffer.concat([number(body.length), body]);
}

export function encodeStart({ run, timeoutMs, user, file, argv }: RunnerStart): Buffer {
  return request(START, run, [number(timeoutMs), ...identity(user), ...text(file), ...argv.flatMap(text)]);
}

/** SIGTERM to the run's group now, SIGKILL later if it does not end. */
export function encodeTerminate(run: number): Buffer {
  return request(TERMINATE, run, []);
}

/** @param mode permission bits, whatever the umask is */
export function encodeMakeFifo(run: number, path: string, mode: number, user: RunnerUser | null): Buffer {
  return request(MAKE_FIFO, run, [number(mode), ...identity(user), ...text(path)]);
}

/** Cuts the runner's stream into reports. */
export class ReportReader {
  #rest: Buffer = Buffer.alloc(0);

  push(part: Buffer): readonly RunnerReport[] {
    this.#rest = Buffer.concat([this.#rest, part]);
    const reports: RunnerReport[] = [];
    let at = 0;
    for (; this.#rest.length - at >= REPORT_BYTES; at += REPORT_BYTES) {
      const report = decode(this.#rest.subarray(at, at + REPORT_BYTES));
      if (report !== null) reports.push(report);
    }
    this.#rest = this.#rest.subarray(at);
    return reports;
  }
}

function decode(bytes: Buffer): RunnerReport | null {
  const unsigned = (at: number): number => (IS_LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const run = unsigned(0);
  const value = IS_LITTLE ? bytes.readInt32LE(8) : bytes.readInt32BE(8);
  switch (unsigned(4)) {
    case 1:
      return { kind: "not-started", run, errno: value };
    case 2:
      return { kind: "exited", run, status: value };
    case 3:
      return { kind: "signalled", run, signal: value };
    case 4:
      return { kind: "timed-out", run };
    case 5:
      return { kind: "fifo", run, errno: value };
    default:
      return null;
  }
}
