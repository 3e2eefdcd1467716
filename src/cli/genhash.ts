import { connect, isIPv6, Socket } from "node:net";
import { constants } from "node:os";
import { connect as connectTls } from "node:tls";
import type { NativeAddon } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { errorText } from "../runtime/error-code.ts";
import { HashedResponse, hexDump } from "./genhash-response.ts";
import { GENHASH_USAGE, type GenhashRequest, parseGenhash } from "./genhash-words.ts";

/** Where the output goes. */
export interface GenhashOutput {
  readonly out: (text: string | Buffer) => void;
  readonly complain: (text: string) => void;
}

const FAILURE = 1;

const RULES = {
  header: "-----------------------[    HTTP Header Buffer    ]-----------------------\n",
  text: "-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n",
  body: "-----------------------[        HTML Buffer        ]-----------------------\n",
  hash: "-----------------------[    HTML hash resulting    ]-----------------------\n",
  final: "-----------------------[ HTML hash final resulting ]-----------------------\n",
};

/**
 * `genhash`: the MD5 of a page's body, as `digest` of HTTP_GET and SSL_GET compares it.
 * @param words after the program's name
 * @returns exit code; 0 also when the server could not be asked, as with keepalived
 */
export async function genhash(words: readonly string[], output: GenhashOutput): Promise<number> {
  const parsed = parseGenhash(words);
  if (parsed.kind === "usage") {
    if (parsed.complaint !== null) output.complain(`${parsed.complaint}\n`);
    output.complain(GENHASH_USAGE);
    // Last, where it is seen. keepalived: only the usage.
    if (parsed.missing !== undefined) output.complain(`\ngenhash: missing: ${parsed.missing.join(", ")}\n`);
    return FAILURE;
  }
  try {
    await fetchPage(parsed.request, output);
    return 0;
  } catch (error) {
    output.complain(`genhash: ${errorText(error)}\n`);
    return FAILURE;
  }
}

/** As HTTP_GET sends it. */
export function genhashRequestText({ url, protocol, virtualHost, address, port }: GenhashRequest): string {
  const lines = [`GET ${url} HTTP/${protocol.slice(0, 3)}`, "User-Agent: KeepAliveClient"];
  if (protocol !== "1.0") lines.push("Connection: close");
  const own = isIPv6(address) ? `[${address}]` : address;
  lines.push(`Host: ${virtualHost ?? `${own}:${port}`}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const FAILED_TO_CONNECT = "Connection failed";
const CONNECT_TIMEOUT = "Timeout connecting";

/** What carries a firewall mark: Node's own sockets take none. */
type MarkingAddon = Pick<NativeAddon, "connectStream">;

/** The addon wants one; that of the request is kept by the socket. */
const TIMEOUT_US = 5_000_000;

/**
 * @returns the connected socket, or why there is no connection
 * @throws Error without the permission for a mark
 */
function connectMarked(
  { address, family, port, fwmark, timeoutMs }: GenhashRequest,
  addon: MarkingAddon,
): Promise<Socket | string> {
  const fd = addon.connectStream({
    ...{ kind: "tcp", family, address, port, fwmark, timeoutUs: TIMEOUT_US },
    ...{ bindAddress: null, bindPort: 0, bindInterface: null },
  });
  if (fd === -constants.errno.EPERM) throw new Error(`--fwmark ${fwmark} needs CAP_NET_ADMIN: run as root`);
  if (fd < 0) return Promise.resolve(FAILED_TO_CONNECT);
  const socket = new Socket({ fd });
  return new Promise((resolve) => {
    const fail = (problem: string): void => {
      socket.destroy();
      resolve(problem);
    };
    const refuse = (): void => fail(FAILED_TO_CONNECT);
    socket.once("error", refuse);
    if (timeoutMs > 0) socket.setTimeout(timeoutMs, () => fail(CONNECT_TIMEOUT));
    // Nothing is sent, but Node calls back when something could be: the connection stands.
    socket.write(Buffer.alloc(0), (error) => {
      if (error) return;
      socket.off("error", refuse);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

/** @param marked null: a connection of Node's own is opened */
function open({ address, port, usesTls, usesSni, virtualHost }: GenhashRequest, marked: Socket | null): Socket {
  const way = marked === null ? { host: address, port } : { socket: marked };
  if (!usesTls) return marked ?? connect({ host: address, port });
  const servername = usesSni && virtualHost !== null ? virtualHost : "";
  // keepalived: no certificate is verified, what matters is whether the page is the known one
  return connectTls({ ...way, servername, rejectUnauthorized: false });
}

/** @returns what the connection says of itself, null when all went well */
async function exchange(
  request: GenhashRequest,
  response: HashedResponse,
  show: (octets: Buffer) => void,
): Promise<string> {
  const marked = request.fwmark === 0 ? null : await connectMarked(request, loadNative());
  if (typeof marked === "string") return marked;
  return new Promise((resolve) => {
    const socket = open(request, marked);
    let isConnected = false;
    const finish = (problem: string): void => {
      socket.destroy();
      resolve(problem);
    };
    if (request.timeoutMs > 0) {
      const unconnected = (): string => (socket.connecting ? CONNECT_TIMEOUT : FAILED_TO_CONNECT);
      socket.setTimeout(request.timeoutMs, () => finish(isConnected ? "Timeout WEB read" : unconnected()));
    }
    const ask = (): void => {
      isConnected = true;
      socket.write(genhashRequestText(request));
    };
    if (marked !== null && !request.usesTls) ask();
    else socket.once(request.usesTls ? "secureConnect" : "connect", ask);
    socket.on("data", (octets: Buffer) => {
      show(octets);
      if (response.isComplete) finish("");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const isTls = request.usesTls && error.syscall !== "connect";
      const problem = isTls ? "SSL handshake/communication error connecting to" : FAILED_TO_CONNECT;
      finish(isConnected ? (response.isEmpty ? "Read error with" : "") : problem);
    });
    socket.on("close", () => finish(""));
  });
}

async function fetchPage(request: GenhashRequest, { out, complain }: GenhashOutput): Promise<void> {
  const startedMs = performance.now();
  const response = new HashedResponse();
  let hasHead = false;
  const show = (octets: Buffer): void => {
    const piece = response.take(octets);
    hasHead ||= piece !== null && piece.head !== null;
    if (!request.isVerbose || piece === null) return;
    if (piece.head !== null) {
      out(`${RULES.header}${hexDump(piece.head)}${RULES.text}`);
      out(piece.head);
      out(`\n${RULES.body}`);
    }
    if (piece.body.length > 0) out(hexDump(piece.body));
  };
  const problem = await exchange(request, response, show);
  if (problem !== "") return out(`${problem}\n`);
  if (!hasHead) return complain("no data received from remote webserver\n");
  const digest = response.digest();
  if (request.isVerbose) out(`\n${RULES.hash}${hexDump(digest)}${RULES.final}`);
  out(`${digest.toString("hex")}\n`);
  if (!request.isVerbose) return;
  const elapsedUs = Math.round((performance.now() - startedMs) * 1_000);
  out(`\nGlobal response time for [${request.url}] = ${elapsedUs} usecs\n`);
}
