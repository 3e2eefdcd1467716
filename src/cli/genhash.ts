import { connect, isIPv6, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { HashedResponse, hexDump } from "./genhash-response.ts";
import { GENHASH_USAGE, type GenhashRequest, parseGenhash } from "./genhash-words.ts";

/** Where the output goes. */
export interface GenhashOutput {
  readonly out: (text: string | Buffer) => void;
  readonly complain: (text: string) => void;
}

const USAGE_ERROR = 1;

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
    return USAGE_ERROR;
  }
  await fetchPage(parsed.request, output);
  return 0;
}

/** As HTTP_GET sends it. */
export function genhashRequestText({ url, protocol, virtualHost, address, port }: GenhashRequest): string {
  const lines = [`GET ${url} HTTP/${protocol.slice(0, 3)}`, "User-Agent: KeepAliveClient"];
  if (protocol !== "1.0") lines.push("Connection: close");
  const own = isIPv6(address) ? `[${address}]` : address;
  lines.push(`Host: ${virtualHost ?? `${own}:${port}`}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function open(request: GenhashRequest): Socket {
  const { address, port, usesTls, usesSni, virtualHost } = request;
  if (!usesTls) return connect({ host: address, port });
  const servername = usesSni && virtualHost !== null ? virtualHost : "";
  // keepalived: no certificate is verified, what matters is whether the page is the known one
  return connectTls({ host: address, port, servername, rejectUnauthorized: false });
}

/** @returns what the connection says of itself, null when all went well */
function exchange(request: GenhashRequest, response: HashedResponse, show: (octets: Buffer) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(request);
    let isConnected = false;
    const finish = (problem: string): void => {
      socket.destroy();
      resolve(problem);
    };
    if (request.timeoutMs > 0) {
      socket.setTimeout(request.timeoutMs, () => finish(isConnected ? "Timeout WEB read" : "Connection failed"));
    }
    socket.once(request.usesTls ? "secureConnect" : "connect", () => {
      isConnected = true;
      socket.write(genhashRequestText(request));
    });
    socket.on("data", (octets: Buffer) => {
      show(octets);
      if (response.isComplete) finish("");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const isTls = request.usesTls && error.syscall !== "connect";
      const problem = isTls ? "SSL handshake/communication error connecting to" : "Connection failed";
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
