import { createHash } from "node:crypto";

/** Where a response's head ends, and how long its body may be. */
interface Head {
  readonly octets: Buffer;
  /** Infinity when there is no Content-Length. */
  readonly bodyBytes: number;
}

/** What was added by one piece of a response. */
export interface Piece {
  /** Once, when the head is complete; blank line included. */
  readonly head: Buffer | null;
  readonly body: Buffer;
}

/** More than any head that means something; a server that sends more has no body to hash. */
const LONGEST_HEAD_BYTES = 65_536;
const BLANK_LINE = "\r\n\r\n";
const NOTHING = Buffer.alloc(0);

/**
 * A response as it comes in: head, and the MD5 of at most Content-Length octets of the body, chunks not taken apart
 * (as `digest` of HTTP_GET counts them). Nothing of the body is kept.
 */
export class HashedResponse {
  readonly #md5 = createHash("md5");
  #before: Buffer = NOTHING;
  #head: Head | null = null;
  #taken = 0;

  /** Whether any octet came, without which there is nothing to hash. */
  get isEmpty(): boolean {
    return this.#head === null && this.#before.length === 0;
  }

  /** Whether all of the body is here, so that nobody needs to wait for the end of the connection. */
  get isComplete(): boolean {
    return this.#head !== null && this.#taken >= this.#head.bodyBytes;
  }

  /** @returns null when the head is too long to be one */
  take(octets: Buffer): Piece | null {
    if (this.#head !== null) return { head: null, body: this.#takeBody(octets, this.#head) };
    const all = Buffer.concat([this.#before, octets]);
    const end = all.indexOf(BLANK_LINE);
    if (end < 0) {
      this.#before = all;
      return all.length > LONGEST_HEAD_BYTES ? null : { head: null, body: NOTHING };
    }
    const head = all.subarray(0, end + BLANK_LINE.length);
    this.#head = { octets: head, bodyBytes: contentLength(head.toString("latin1")) };
    return { head, body: this.#takeBody(all.subarray(head.length), this.#head) };
  }

  /** Only once. */
  digest(): Buffer {
    return this.#md5.digest();
  }

  #takeBody(octets: Buffer, { bodyBytes }: Head): Buffer {
    const body = octets.subarray(0, Math.min(octets.length, bodyBytes - this.#taken));
    this.#taken += body.length;
    this.#md5.update(body);
    return body;
  }
}

function contentLength(head: string): number {
  if (/^transfer-encoding:/im.test(head)) return Number.POSITIVE_INFINITY;
  const [, digits = ""] = /^content-length:[ \t]*(\d+)[ \t]*\r?$/im.exec(head) ?? [];
  return digits === "" ? Number.POSITIVE_INFINITY : Number(digits);
}

const LINE_OCTETS = 16;
const HALF = 8;

/** `0000  48 65 6c 6c 6f ... - ...   Hello...`, 16 octets a line. */
export function hexDump(octets: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += LINE_OCTETS) {
    const line = [...octets.subarray(at, at + LINE_OCTETS)];
    const cell = (index: number): string => line[index]?.toString(16).padStart(2, "0") ?? "  ";
    const cells = Array.from({ length: LINE_OCTETS }, (_, index) => cell(index));
    const hex = `${cells.slice(0, HALF).join(" ")} - ${cells.slice(HALF).join(" ")}`;
    const text = line.map((octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : ".")).join("");
    lines.push(`${String(at).padStart(4, "0")}  ${hex}   ${text.padEnd(LINE_OCTETS)}\n`);
  }
  return lines.join("");
}
