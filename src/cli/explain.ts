import { writeSync } from "node:fs";
import { explain as explainConfiguration } from "../config/explain/explain.ts";
import { renderExplained, toPlainObject } from "../config/explain/render.ts";
import type { Entry } from "../config/tree.ts";
import { errorCode, errorText } from "../runtime/error-code.ts";
import { loadForTest, renderComplaints } from "./config-test.ts";

export interface ExplainRequest {
  readonly file: string;
  readonly configId: string | null;
  readonly isJson: boolean;
}

const FAILED = 1;
const CHUNK_CHARACTERS = 1 << 16;

/**
 * `holdfast explain FILE`: every effective value, with where it came from.
 * @returns 0; otherwise the exit code with which a start would be refused, after the reasons on standard error
 */
export async function explain(request: ExplainRequest): Promise<number> {
  try {
    const entries: Entry[] = [];
    const flags = { configFile: request.file, configId: request.configId, enforcesIncludes: false, namespace: null };
    const loaded = await loadForTest(flags, entries);
    if (loaded.startRefusal !== null) process.stderr.write(renderComplaints(loaded));
    if (loaded.startRefusal?.exitCode === 6) return loaded.startRefusal.exitCode;
    writeAll(request.isJson ? jsonParts({ loaded, entries }) : textParts({ loaded, entries }));
    return loaded.startRefusal?.exitCode ?? 0;
  } catch (error) {
    if (errorCode(error) === "EPIPE") return 0;
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return FAILED;
  }
}

type LoadedText = Parameters<typeof explainConfiguration>[0];

function* textParts(text: LoadedText): Generator<string> {
  for (const object of explainConfiguration(text)) yield `${renderExplained(object).join("\n")}\n`;
}

function* jsonParts(text: LoadedText): Generator<string> {
  let separator = "[\n";
  for (const object of explainConfiguration(text)) {
    yield `${separator}${JSON.stringify(toPlainObject(object))}`;
    separator = ",\n";
  }
  yield "\n]\n";
}

/** Written at once, not gathered: the explanation of a large configuration is larger still. */
function writeAll(parts: Iterable<string>): void {
  let pending = "";
  for (const part of parts) {
    pending += part;
    if (pending.length < CHUNK_CHARACTERS) continue;
    write(pending);
    pending = "";
  }
  write(pending);
}

function write(text: string): void {
  let bytes: Uint8Array = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(process.stdout.fd, bytes));
    } catch (error) {
      // A pipe without room: it is tried again
      if (errorCode(error) !== "EAGAIN") throw error;
    }
  }
}
