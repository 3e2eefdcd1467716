import { type IncomingMessage, request } from "node:http";
import { userInfo } from "node:os";
import { errorCode, errorText } from "../runtime/error-code.ts";
import { knownSockets } from "./control-path.ts";

/** The daemon could not be asked, or said no; the message says why and what to do. */
export class ControlError extends Error {}

const PATIENCE_MS = 15_000;
const LARGEST_ANSWER_BYTES = 256 << 20;

export interface Question {
  readonly socket: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
}

/** Daemons with `instance`, `net_namespace` or `-s` listen elsewhere. */
function otherPlaces(socket: string): string {
  const others = knownSockets().filter((known) => known !== socket);
  return others.length === 0 ? "--socket names another place" : `--socket names another place: ${others.join(", ")}`;
}

function explainFailure(error: unknown, socket: string): ControlError {
  switch (errorCode(error)) {
    case "ENOENT":
    case "ECONNREFUSED":
      return new ControlError(`no daemon listens at ${socket}; is it running? (${otherPlaces(socket)})`);
    case "EACCES":
    case "EPERM":
      return new ControlError(`no permission for ${socket}; become root, or a member of control_socket's group`);
    default:
      return new ControlError(`${socket}: ${errorText(error)}`);
  }
}

/** The head of the answer; its body is still to be read. @throws ControlError */
export function openAnswer(
  { socket, method, path, body }: Question,
  timeoutMs = PATIENCE_MS,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host: "localhost", ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const asked = request({ socketPath: socket, method, path, headers, timeout: timeoutMs });
    asked.once("response", resolve);
    asked.once("timeout", () => asked.destroy(new Error("the daemon does not answer")));
    asked.once("error", (error) => reject(explainFailure(error, socket)));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) throw new ControlError("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The answer as JSON, of the type that the route promises. @throws ControlError */
export async function ask<Answer>(question: Question): Promise<Answer> {
  const answer = await openAnswer(question);
  const text = await readAll(answer);
  const parsed = JSON.parse(text) as Answer & { readonly error?: string };
  if (answer.statusCode === 200) return parsed;
  throw new ControlError(parsed.error ?? `the daemon answered with status ${answer.statusCode}`);
}

/** Runs a command; a daemon that can't be asked is told in one line. @returns exit code */
export async function runAgainstDaemon(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    process.stderr.write(`holdfast: ${error.message}\n`);
    return 1;
  }
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** What the daemon takes. */
const LONGEST_SEC = 31_536_000;

/** @returns seconds of `90s`, `30m`, `2h`, `1d` or a bare number of seconds. @throws ControlError */
export function readDuration(text: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,8})([smhd])?$/.exec(text) ?? [];
  const factor = unit === "s" || unit === "m" || unit === "h" || unit === "d" ? SECONDS[unit] : 1;
  if (digits === "" || Number(digits) === 0) throw new ControlError(`"${text}" is no time; write 90s, 30m, 2h or 1d`);
  const seconds = Number(digits) * factor;
  if (seconds > LONGEST_SEC) throw new ControlError(`"${text}" is longer than a year`);
  return seconds;
}

/** Says that a wish will not outlive the daemon. */
export function warnUnsaved(isSaved: boolean): void {
  if (isSaved) return;
  process.stderr.write(
    "holdfast: in force, but not saved, so a restart will not know of it; holdfast events says why (Cannot save ...)\n",
  );
}

/** @returns the number. @throws ControlError when it is none of the range */
export function readNumber(name: string, value: number | null, [least, most]: readonly [number, number]): number {
  if (value !== null && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ControlError(`${name} is a number from ${least} to ${most}`);
}

/** Who asks: behind sudo, the person and not root. */
export function ownerName(): string {
  return process.env["SUDO_USER"] ?? userInfo().username;
}
