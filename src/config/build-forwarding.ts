import type { TunnelSettings } from "../model/checks.ts";
import type { FwdMethod } from "../model/lvs.ts";
import type { BuildContext } from "./context.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

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

/** The last usable one of several `lb_kind`-like keywords, null if there is none. */
export function lastForwarding(entries: readonly Entry[], context: BuildContext): Forwarding | null {
  let forwarding: Forwarding | null = null;
  for (const entry of entries) forwarding = readForwarding(entry, context) ?? forwarding;
  return forwarding;
}

/** `NAT|DR|TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]` */
function readForwarding(entry: Entry, context: BuildContext): Forwarding | null {
  const { statement } = entry;
  const word = statement.words[1] ?? "";
  const fwdMethod = METHODS.get(word);
  if (fwdMethod === undefined) {
    // That a value is missing has been said.
    if (word === "") return null;
    context.reporter.add("bad-value", `"${word}" is not a forwarding method: NAT, DR or TUN`, placeOf(statement, 1));
    return null;
  }
  if (statement.words.length === 2) return { fwdMethod, tunnel: fwdMethod === "tunnel" ? IPIP : null };
  // keepalived: what stands behind has to be a tunnel option also where no tunnel is
  const tunnel = readTunnel(entry, context);
  return { fwdMethod, tunnel: fwdMethod === "tunnel" ? tunnel : null };
}

function readTunnel(entry: Entry, context: BuildContext): TunnelSettings {
  const { words } = entry.statement;
  const tunnel: { -readonly [K in keyof TunnelSettings]: TunnelSettings[K] } = { ...IPIP };
  for (let i = 2; i < words.length; i++) {
    const word = words[i];
    const value = words[i + 1] ?? "";
    if (word === "type" && (value === "ipip" || value === "gue" || value === "gre")) {
      tunnel.type = value;
      i++;
    } else if (word === "port") {
      tunnel.port = readInteger(value).value ?? 0;
      i++;
    } else if (word === "nocsum" || word === "csum" || word === "remcsum") tunnel.checksum = word;
    else context.reporter.add("bad-option", `"${word ?? ""}" is not a tunnel option`, placeOf(entry.statement, i));
  }
  if (tunnel.type === "gue" && (tunnel.port < 1 || tunnel.port > 65535)) {
    context.reporter.add("bad-option", "a GUE tunnel needs a port from 1 to 65535", placeOf(entry.statement, 1));
  }
  return tunnel;
}
