import type { RouteEncapsulation } from "../model/addressing.ts";
import type { Columns } from "../snmp/mib.ts";
import { counter64, gauge, inetAddress, integer, type SnmpValue, text } from "../snmp/values.ts";

/** EncapType */
const TYPES: Readonly<Record<RouteEncapsulation["kind"], number>> = { mpls: 1, ip: 2, ila: 3, ip6: 4 };
/** IPv6 calls two of them otherwise. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["tc", "tos"],
  ["hoplimit", "ttl"],
]);

/** Options of a tunnel by name, the last of each. */
function optionsOf({ words }: RouteEncapsulation): ReadonlyMap<string, string> {
  const pairs = words.flatMap((word, at) =>
    at % 2 === 0 ? [[NAMES.get(word) ?? word, words[at + 1] ?? ""] as const] : [],
  );
  return new Map(pairs);
}

function locator([text = ""]: readonly string[]): SnmpValue {
  const groups = text.split(":").map((group) => Number.parseInt(group, 16));
  return counter64(groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n));
}

/** Nine columns from `first` on: type, labels, tunnel's id, destination, source, TOS, TTL, flags, locator. */
export function encapsulationColumns<Row>(first: number, of: (row: Row) => RouteEncapsulation | null): Columns<Row> {
  const word = (kind: "mpls" | "ila", make: (words: readonly string[]) => SnmpValue) => (row: Row) => {
    const found = of(row);
    return found?.kind === kind ? make(found.words) : null;
  };
  const option = (name: string, make: (value: string) => SnmpValue | null) => (row: Row) => {
    const found = of(row);
    if (found?.kind !== "ip" && found?.kind !== "ip6") return null;
    const value = optionsOf(found).get(name);
    return value === undefined ? null : make(value);
  };
  return {
    [first]: (row) => {
      const found = of(row);
      return found === null ? null : integer(TYPES[found.kind]);
    },
    [first + 1]: word("mpls", ([labels = ""]) => text(labels)),
    [first + 2]: option("id", (value) => counter64(BigInt(value))),
    [first + 3]: option("dst", inetAddress),
    [first + 4]: option("src", inetAddress),
    [first + 5]: option("tos", (value) => gauge(Number(value))),
    [first + 6]: option("ttl", (value) => gauge(Number(value))),
    [first + 7]: option("flags", (value) => gauge(Number(value))),
    [first + 8]: word("ila", locator),
  };
}
