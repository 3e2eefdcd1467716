import { linesOf } from "../helpers/process.ts";
import type { Machine } from "./machine.ts";

const PLACE = "127.0.0.1:1162";
const TRAP_OID = ".1.3.6.1.6.3.1.1.4.1.0 = OID: ";

/** Net-snmp's receiver of notifications. */
export class TrapLog {
  readonly #lines: ReturnType<typeof linesOf>;

  private constructor(lines: ReturnType<typeof linesOf>) {
    this.#lines = lines;
  }

  static readonly place = PLACE;

  static async start(machine: Machine): Promise<TrapLog> {
    const format = ["-On", "-m", "", "-F", "TRAP %v\\n"];
    const words = ["snmptrapd", "-f", "-Lo", "-C", "--disableAuthorization=yes", ...format, `udp:${PLACE}`];
    const child = machine.spawn(words);
    const lines = linesOf(child.stdout, child.stderr);
    await lines.waitFor("snmptrapd", ({ text }) => text.startsWith("NET-SNMP version"), { timeoutMs: 20_000 });
    return new TrapLog(lines);
  }

  /** How many have come so far. */
  get position(): number {
    return this.#traps().length;
  }

  /** Those that came since: the notification's name and its objects as `OID = TYPE: VALUE`, in their order. */
  since(position: number): readonly string[] {
    return this.#traps().slice(position);
  }

  /** Without those of the master itself, and without the time. */
  #traps(): readonly string[] {
    return this.#lines.items
      .filter(({ text }) => text.startsWith("TRAP "))
      .map(({ text }) => text.slice(text.indexOf(TRAP_OID) + TRAP_OID.length).split("\t"))
      .filter(([name = ""]) => !name.startsWith(".1.3.6.1.6.3.1.1.5."))
      .map((objects) => objects.map((object) => object.trim()).join(" | "));
  }
}
