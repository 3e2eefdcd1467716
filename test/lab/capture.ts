import type { ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventLog } from "../helpers/event-log.ts";
import { childrenOf, ended, linesOf, sendSignal } from "../helpers/process.ts";
import type { Sandbox } from "./sandbox.ts";

export interface CapturedFrame {
  /** When the kernel saw it, wall clock. */
  readonly atMs: number;
  readonly bytes: Buffer;
}

const FILTER = "arp or ip proto 112 or ip proto 51 or ip6 proto 112";
/** Nobody has this address, so who looks for it leaves a mark on the wire. @see RFC 5737 */
const MARK = "203.0.113.77";
const MARK_OCTETS = Buffer.from(MARK.split(".").map(Number));
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_AT = 12;
const ARP_TARGET_AT = 38;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;

/** Cuts a stream of the classic pcap format (own byte order) into frames. */
export class PcapReader {
  #rest: Buffer = Buffer.alloc(0);
  #unitsPerMs = 0;

  /** @returns the frames that became complete */
  push(part: Buffer): readonly CapturedFrame[] {
    this.#rest = Buffer.concat([this.#rest, part]);
    if (this.#unitsPerMs === 0 && !this.#readFileHeader()) return [];
    const frames: CapturedFrame[] = [];
    for (let frame = this.#readRecord(); frame !== null; frame = this.#readRecord()) frames.push(frame);
    return frames;
  }

  #readFileHeader(): boolean {
    if (this.#rest.length < FILE_HEADER_BYTES) return false;
    const magic = this.#rest.readUInt32LE(0);
    if (magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS) throw new Error("not a pcap stream");
    this.#unitsPerMs = magic === MAGIC_MICROSECONDS ? 1e3 : 1e6;
    this.#rest = this.#rest.subarray(FILE_HEADER_BYTES);
    return true;
  }

  #readRecord(): CapturedFrame | null {
    if (this.#rest.length < RECORD_HEADER_BYTES) return null;
    const end = RECORD_HEADER_BYTES + this.#rest.readUInt32LE(8);
    if (this.#rest.length < end) return null;
    const atMs = this.#rest.readUInt32LE(0) * 1000 + this.#rest.readUInt32LE(4) / this.#unitsPerMs;
    const bytes = Buffer.from(this.#rest.subarray(RECORD_HEADER_BYTES, end));
    this.#rest = this.#rest.subarray(end);
    return { atMs, bytes };
  }
}

function isMark({ bytes }: CapturedFrame): boolean {
  const isArp = bytes.length > ETHERTYPE_AT && bytes.readUInt16BE(ETHERTYPE_AT) === ETHERTYPE_ARP;
  return isArp && bytes.subarray(ARP_TARGET_AT, ARP_TARGET_AT + MARK_OCTETS.length).equals(MARK_OCTETS);
}

/** A running capture: frames arrive in `frames` within a quarter of a second, and are kept in a file for tshark. */
export class Capture {
  readonly frames = new EventLog<CapturedFrame>();
  /** The pcap file; complete after `stop`, gone after `close`. */
  readonly path: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #file: WriteStream;
  readonly #ended: Promise<unknown>;
  /** Sends a frame that `isMark`; null where the filter lets none through. */
  readonly #mark: (() => Promise<unknown>) | null;

  private constructor(child: ChildProcess, mark: (() => Promise<unknown>) | null) {
    this.#mark = mark;
    this.#folder = mkdtempSync(join(tmpdir(), "holdfast-capture-"));
    this.path = join(this.#folder, "switch.pcap");
    this.#child = child;
    this.#file = createWriteStream(this.path);
    const reader = new PcapReader();
    child.stdout?.on("data", (part: Buffer) => {
      this.#file.write(part);
      for (const frame of reader.push(part)) this.frames.push(frame);
    });
    this.#ended = ended(child).then(() => this.frames.end("the capture ended"));
  }

  /** @param place whose interface it is @param filter of pcap; VRRP and ARP when not given */
  static async start(
    place: Pick<Sandbox, "spawn" | "run">,
    interfaceName: string,
    filter: string = FILTER,
  ): Promise<Capture> {
    const words = ["dumpcap", "-q", "-P", "-i", interfaceName, "-f", filter, "-w", "-"];
    const child = place.spawn(words);
    const complaints = linesOf(child.stderr);
    const mark = (): Promise<unknown> => place.run(["ip", "neigh", "replace", MARK, "dev", interfaceName, "use"]);
    const capture = new Capture(child, filter === FILTER ? mark : null);
    await complaints.waitFor("dumpcap", (line) => line.text.startsWith("File:"));
    return capture;
  }

  /** Ends the capture when all that passed until now is in it, however far behind dumpcap may be. */
  async stop(): Promise<void> {
    if (this.#mark !== null) {
      await this.#mark();
      await this.frames.waitFor("the mark that ends the capture", isMark);
    }
    await this.#end();
  }

  async #end(): Promise<void> {
    // nsenter passes no signals on: the program is its child.
    const [pid] = childrenOf(this.#child.pid ?? 0);
    if (pid !== undefined) sendSignal(pid, "SIGINT");
    await this.#ended;
    await new Promise<void>((resolve) => this.#file.end(() => resolve()));
  }

  async close(): Promise<void> {
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
