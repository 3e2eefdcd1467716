import { parseAddress } from "../config/address.ts";
import { type OptionRow, type ParsedWord, parseWords } from "./getopt.ts";

/** What `genhash` is to fetch. */
export interface GenhashRequest {
  readonly address: string;
  readonly family: "inet" | "inet6";
  readonly port: number;
  readonly url: string;
  readonly virtualHost: string | null;
  readonly usesTls: boolean;
  readonly usesSni: boolean;
  readonly protocol: "1.0" | "1.0c" | "1.0C" | "1.1";
  /** Firewall mark of what is sent; 0 for none. */
  readonly fwmark: number;
  /** 0 for none. */
  readonly timeoutMs: number;
  readonly isVerbose: boolean;
}

export type GenhashWords =
  | { readonly kind: "fetch"; readonly request: GenhashRequest }
  /**
   * @param complaint null when only the usage is asked for, or a mandatory option is missing
   * @param missing such options
   */
  | { readonly kind: "usage"; readonly complaint: string | null; readonly missing?: readonly string[] };

type Name =
  | "server"
  | "port"
  | "url"
  | "use-virtualhost"
  | "use-ssl"
  | "use-sni"
  | "protocol"
  | "fwmark"
  | "timeout"
  | "verbose"
  | "help";

function row(short: string, name: Name, argument: "none" | "required"): OptionRow<Name> {
  return { name, short, long: name, argument };
}

const ROWS: readonly OptionRow<Name>[] = [
  row("S", "use-ssl", "none"),
  row("I", "use-sni", "none"),
  row("s", "server", "required"),
  row("p", "port", "required"),
  row("u", "url", "required"),
  row("V", "use-virtualhost", "required"),
  row("v", "verbose", "none"),
  row("h", "help", "none"),
  row("m", "fwmark", "required"),
  row("P", "protocol", "required"),
  row("t", "timeout", "required"),
];

const MANDATORY = ["server", "port", "url"] as const;
const LARGEST_PORT = 65_535;
const LARGEST_MARK = 0xffff_ffff;
/** keepalived holds microseconds in 32 bits. */
const LONGEST_TIMEOUT_SEC = 4_294;
const PROTOCOLS = ["1.0", "1.0c", "1.0C", "1.1"] as const;

export const GENHASH_USAGE = `Usage: genhash -s ADDRESS -p PORT -u URL [OPTION...]
Prints the MD5 of a page's body, for \`digest\` of HTTP_GET and SSL_GET.

  -s, --server ADDRESS        of the server, no name
  -p, --port PORT
  -u, --url URL               path to ask for
  -V, --use-virtualhost NAME  Host header instead of the address
  -S, --use-ssl               over TLS; certificates are not verified
  -I, --use-sni               send the virtualhost as TLS server name
  -P, --protocol VERSION      1.0, 1.0c (with Connection: close) or 1.1
  -m, --fwmark MARK           firewall mark of what is sent; needs CAP_NET_ADMIN
  -t, --timeout SECONDS
  -v, --verbose               show headers, body and digest
  -h, --help
`;

/** Reads genhash's command line. @param list the words after the program's name */
export function parseGenhash(list: readonly string[]): GenhashWords {
  const given = new Map<Name, string>();
  const surplus: string[] = [];
  for (const word of parseWords(list, ROWS)) {
    const complaint = complaintOf(word);
    if (complaint !== null) return { kind: "usage", complaint };
    if (word.kind === "operand") surplus.push(word.value);
    if (word.kind !== "option") continue;
    if (word.name === "help") return { kind: "usage", complaint: null };
    given.set(word.name, word.value ?? "");
  }
  if (surplus.length > 0) return { kind: "usage", complaint: `Unexpected argument(s): ${surplus.join(" ")}` };
  const request = requestOf(given);
  if (request !== null) return { kind: "fetch", request };
  const missing = MANDATORY.filter((name) => !given.has(name)).map((name) => `--${name}`);
  return { kind: "usage", complaint: null, missing };
}

function requestOf(given: ReadonlyMap<Name, string>): GenhashRequest | null {
  const server = parseAddress(given.get("server") ?? "");
  const port = given.get("port");
  const url = given.get("url");
  if (server === null || port === undefined || url === undefined) return null;
  return {
    address: server.address,
    family: server.family,
    port: Number(port),
    url,
    virtualHost: given.get("use-virtualhost") ?? null,
    usesTls: given.has("use-ssl"),
    usesSni: given.has("use-sni"),
    protocol: PROTOCOLS.find((name) => name === given.get("protocol")) ?? "1.0",
    fwmark: Number(given.get("fwmark") ?? 0),
    timeoutMs: Number(given.get("timeout") ?? 0) * 1_000,
    isVerbose: given.has("verbose"),
  };
}

function complaintOf(word: ParsedWord<Name>): string | null {
  switch (word.kind) {
    case "unknown":
      return `Unknown option ${word.spelled}`;
    case "missing-argument":
      return `Missing parameter for option ${word.spelled}`;
    case "operand":
      return null;
    case "option":
      return valueComplaint(word.name, word.value ?? "");
  }
}

function valueComplaint(name: Name, value: string): string | null {
  switch (name) {
    case "server":
      return parseAddress(value) === null ? `server should be an IP, not ${value}` : null;
    case "port":
      return isWithin(value, 1, LARGEST_PORT) ? null : `invalid port number '${value}'`;
    case "protocol":
      return PROTOCOLS.some((known) => known === value) ? null : `invalid HTTP protocol version '${value}'`;
    case "timeout":
      return isWithin(value, 1, LONGEST_TIMEOUT_SEC) ? null : `invalid timeout '${value}'`;
    case "fwmark":
      return isWithin(value, 0, LARGEST_MARK) ? null : `invalid fwmark '${value}'`;
    default:
      return null;
  }
}

function isWithin(text: string, from: number, to: number): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) >= from && Number(text) <= to;
}
