import type { TunnelSettings } from "../model/checks.ts";
import type { FwdMethod } from "../model/lvs.ts";
import type { BuildContext } from "./context.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readPort } from "./values.ts";

/** How packets reach a real server. */
export interface Forwarding {
  readonly fwdMethod: FwdMethod;
  readonly tunnel: TunnelSettings | null;
}

const METHODS: ReadonlyMap<string, FwdMethod> = new Map([
  ["NAT", "masq"],
  ["DR", "droute"],
  ["TUN", "tunnel"],
]);
const IPIP: TunnelSettings = { type: "ipip", port: 0, checksum: "nocsum" };

/**
 * The last usable one of several `lb_kind`-like keywords, null if there is none.
 * @param before as `readForwarding`
 */
export function lastForwarding(
  entries: readonly Entry[],
  before: Forwarding | null,
  context: BuildContext,
): Forwarding | null {
  let forwarding: Forwarding | null = null;
  for (const entry of entries) forwarding = readForwarding(entry, forwarding ?? before, context) ?? forwarding;
  return forwarding;
}

/**
 * `NAT|DR|TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]`
 * @param before what holds without it. keepalived: of options that can't be, the method counts and nothing else
 */
export function readForwarding(entry: Entry, before: Forwarding | null, context: BuildContext): Forwarding | null {
  const { statement } = entry;
  const word = statement.words[1] ?? "";
  const fwdMethod = METHODS.get(word);
  if (fwdMethod === undefined) {
    // That a value is missing has been said.
    if (word === "") return null;
    context.reporter.add("bad-value", `"${word}" is not a forwarding method: NAT, DR or TUN`, placeOf(statement, 1));
    return null;
  }
  const tunnel = statement.words.length === 2 ? IPIP : readTunnel(entry, context);
  return { fwdMethod, tunnel: fwdMethod === "tunnel" ? (tunnel ?? before?.tunnel ?? IPIP) : null };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @returns null when its options can't be, which is said */
function readTunnel(entry: Entry, context: BuildContext): TunnelSettings | null {
  const { words } = entry.statement;
  const tunnel: Mutable<TunnelSettings> = { ...IPIP };
  for (let i = 2; i < words.length; i++) {
    const used = readOption(tunnel, words[i] ?? "", words[i + 1] ?? "");
    if (used === 0) {
      const message = `"${words.slice(i, i + 2).join(" ")}" is no option of a tunnel, all of them are overlooked`;
      context.reporter.add("bad-option", message, placeOf(entry.statement, i));
      return null;
    }
    i += used - 1;
  }
  const misfit = misfitOf(tunnel);
  if (misfit === null) return tunnel;
  context.reporter.add("bad-option", `${misfit}; the options are overlooked`, placeOf(entry.statement, 1));
  return null;
}

/** @returns how many words it has taken, 0 when they are no option */
function readOption(tunnel: Mutable<TunnelSettings>, word: string, value: string): 0 | 1 | 2 {
  if (word === "type" && (value === "ipip" || value === "gue" || value === "gre")) {
    tunnel.type = value;
    return 2;
  }
  if (word === "port") {
    const port = readPort(value);
    if (port === null) return 0;
    tunnel.port = port;
    return 2;
  }
  if (word !== "nocsum" && word !== "csum" && word !== "remcsum") return 0;
  tunnel.checksum = word;
  return 1;
}

function misfitOf({ type, port, checksum }: TunnelSettings): string | null {
  if (type === "gue" && port === 0) return "a GUE tunnel needs a port";
  if (type !== "gue" && port !== 0) return "only a GUE tunnel has a port";
  if (type === "ipip" && checksum !== "nocsum") return "an IPIP tunnel has no checksum";
  if (type === "gre" && checksum === "remcsum") return "a GRE tunnel has no remote checksum";
  return null;
}
