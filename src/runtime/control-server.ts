import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { EventLog, LoggedEvent } from "./event-log.ts";

export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

export interface ControlResponse {
  readonly status: number;
  readonly contentType: string;
  /** Large ones in parts. */
  readonly body: string | Iterable<string>;
}

export interface ControlServerDependencies {
  readonly handle: (request: ControlRequest) => Promise<ControlResponse>;
  readonly events: EventLog;
  /** Where the stream is. */
  readonly streamPath: string;
  /** Why a request is refused before anything else; null lets it in. */
  readonly guard?: (request: IncomingMessage) => ControlResponse | null;
  readonly limits?: ControlLimits;
}

export type ControlLimits = Readonly<Record<keyof typeof CONTROL_LIMITS, number>>;

/** What one client may cost. */
export const CONTROL_LIMITS = {
  connections: 128,
  streams: 32,
  headerBytes: 8192,
  bodyBytes: 65_536,
  headersMs: 5000,
  requestMs: 10_000,
  /** Unread by the client, for the stream. */
  backlogBytes: 1 << 20,
  heartbeatMs: 15_000,
  /** Neither reads what is there for it nor sends anything; streams are kept by their heartbeat. */
  idleMs: 40_000,
} as const;

/** Events of a replay that are written before the client has to read. */
const REPLAY_PART = 64;

/** The page asks nobody but the daemon, and nothing can be put into it. */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const JSON_TYPE = "application/json";

const PARSE_ERRORS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** An answer in place of what was asked for. */
export function problem(status: number, error: string): ControlResponse {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify({ error })}\n` };
}

class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readBody(request: IncomingMessage, { bodyBytes }: ControlLimits): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytes) throw new RequestError(413, `the body is larger than ${bodyBytes} octets`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return parsed;
  } catch {
    throw new RequestError(400, "the body is no JSON");
  }
}

/** The client has read, or has gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off("drain", end).off("close", end);
      resolve();
    };
    response.on("drain", end).on("close", end);
  });
}

async function send(response: ServerResponse, { status, contentType, body }: ControlResponse): Promise<void> {
  response.writeHead(status, {
    "content-type": contentType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": CONTENT_POLICY,
  });
  if (typeof body === "string") {
    response.end(body);
    return;
  }
  for (const part of body) {
    if (response.destroyed) return;
    if (!response.write(part)) await drained(response);
  }
  response.end();
}

function eventText({ sequence, message, ...rest }: LoggedEvent): string {
  return `id: ${sequence}\nevent: log\ndata: ${JSON.stringify({ sequence, message, ...rest })}\n\n`;
}

/** Server-sent events from a sequence number on; a client that does not read is let go. */
class Streams {
  readonly #events: EventLog;
  readonly #limits: ControlLimits;
  readonly #open = new Set<ServerResponse>();

  constructor(events: EventLog, limits: ControlLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  async begin(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const { streams, heartbeatMs } = this.#limits;
    if (this.#open.size >= streams) {
      await send(response, problem(503, `${streams} clients follow the events already`));
      return;
    }
    const given = Number(request.headers["last-event-id"] ?? query.get("since") ?? this.#events.last);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
    await this.#replay(response, Number.isSafeInteger(given) ? given : 0);
    if (response.destroyed) return;
    const leave = this.#events.follow((event) => this.#write(response, eventText(event)));
    const heartbeat = setInterval(() => this.#write(response, ": alive\n\n"), heartbeatMs).unref();
    response.once("close", () => {
      leave();
      clearInterval(heartbeat);
    });
  }

  /** In parts, so that the log of a busy day is no backlog. When it returns the client has all that there is. */
  async #replay(response: ServerResponse, after: number): Promise<void> {
    let known = after;
    while (!response.destroyed) {
      const { missed, events } = this.#events.since(known);
      if (missed > 0) response.write(`event: missed\ndata: ${JSON.stringify({ missed })}\n\n`);
      const part = events.slice(0, REPLAY_PART);
      if (part.length === 0) return;
      for (const event of part) response.write(eventText(event));
      known = part.at(-1)?.sequence ?? known;
      if (response.writableNeedDrain) await drained(response);
    }
  }

  close(): void {
    for (const response of this.#open) response.destroy();
  }

  #write(response: ServerResponse, text: string): void {
    if (response.writableLength > this.#limits.backlogBytes) response.destroy();
    if (!response.destroyed) response.write(text);
  }
}

/**
 * The HTTP server behind the control socket, bounded in connections, sizes and times.
 * `close` also ends what is under way.
 */
export function createControlServer(dependencies: ControlServerDependencies): {
  readonly server: Server;
  close(): Promise<void>;
} {
  const { limits = CONTROL_LIMITS } = dependencies;
  const streams = new Streams(dependencies.events, limits);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = dependencies.guard?.(request) ?? null;
    if (refusal !== null) return send(response, refusal);
    const url = new URL(request.url ?? "/", "http://localhost");
    if (
      request.method === "GET" &&
      url.pathname === dependencies.streamPath &&
      url.searchParams.get("follow") !== "0"
    ) {
      await streams.begin(request, response, url.searchParams);
      return;
    }
    const body = await readBody(request, limits);
    const { method = "GET" } = request;
    await send(response, await dependencies.handle({ method, path: url.pathname, query: url.searchParams, body }));
  };
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
  };
  const server = createServer(options, (request, response) => {
    response.on("error", () => response.destroy());
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      const [status, text] = error instanceof RequestError ? [error.status, error.message] : [500, String(error)];
      response.setHeader("connection", "close");
      return send(response, problem(status, text)).catch(() => response.destroy());
    });
  });
  server.maxConnections = limits.connections;
  // Without a listener for it Node closes the connection.
  server.setTimeout(limits.idleMs);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const status = PARSE_ERRORS.get(error.code ?? "") ?? "400 Bad Request";
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    else socket.destroy();
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      streams.close();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { server, close };
}
