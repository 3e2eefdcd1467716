import type { Microseconds } from "../model/units.ts";
import type { NoteMessage } from "../vrrp/types.ts";

/** Notes that any sender on the network can cause at will. */
const CAUSED_BY_ADVERTS: ReadonlySet<NoteMessage> = new Set<NoteMessage>([
  "lower priority discarded",
  "lower priority while active",
  "priority 0 received in backup",
  "priority 0 received in active",
  "equal priority with own address",
  "two address owners",
  "active router learned",
  "active router changed",
  "advertisement interval learned",
]);

const WINDOW_US = 1_000_000;
const LINES_PER_WINDOW = 10;

/** Lets a few lines a second through and counts the rest, so that a storm of adverts is no storm of lines. */
export class NoteLimit {
  #windowUs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #withheld = 0;

  /**
   * @returns null to withhold the line, else how many were withheld before it
   */
  admit(message: NoteMessage, nowUs: Microseconds): number | null {
    if (!CAUSED_BY_ADVERTS.has(message)) return 0;
    if (nowUs - this.#windowUs >= WINDOW_US) {
      this.#windowUs = nowUs;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_PER_WINDOW) {
      this.#withheld += 1;
      return null;
    }
    this.#lines += 1;
    const withheld = this.#withheld;
    this.#withheld = 0;
    return withheld;
  }
}
