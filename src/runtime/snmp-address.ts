/** Where an AgentX master listens. */
export type AgentAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const AGENTX_PORT = 705;
/** Where net-snmp's master listens by default. */
export const DEFAULT_AGENT = "/var/agentx/master";

/**
 * @param text as net-snmp writes it: a path, `unix:PATH`, `tcp:HOST[:PORT]`, `tcp6:[HOST]:PORT`, `HOST:PORT`
 * @returns null for datagram transports, which AgentX does not know (RFC 2741 §8.1), and for what is no address
 */
export function parseAgentAddress(text: string): AgentAddress | null {
  if (text.startsWith("/")) return { kind: "unix", path: text };
  const [, transport = "", rest = ""] = /^(?:(unix|local|tcp6?|tcpipv6|udp6?|[a-z]\w*):)?(.*)$/.exec(text) ?? [];
  if (transport === "unix" || transport === "local") return rest === "" ? null : { kind: "unix", path: rest };
  if (!["", "tcp", "tcp6", "tcpipv6", "localhost"].includes(transport)) return null;
  const place = transport === "localhost" ? text : rest;
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(place) ?? [];
  const host = inBrackets ?? plain ?? "";
  const port = digits === undefined ? AGENTX_PORT : Number(digits);
  return host === "" || port < 1 || port > 65_535 ? null : { kind: "tcp", host, port };
}
