import type { Diagnostic } from "../model/diagnostic.ts";
import type { DaemonExitCode } from "./daemon-types.ts";
import type { Logger } from "./log.ts";

/** Why a start or a reload goes no further; the reasons have been logged. */
export class Refusal extends Error {
  /** What a refused start ends with. */
  readonly exitCode: DaemonExitCode;

  /** @param reason in one line, for those who do not read the log */
  constructor(exitCode: DaemonExitCode, reason = "see the log") {
    super(reason);
    this.exitCode = exitCode;
  }
}

/** The first of several reasons, with its place and how many there are. */
export function summarise(reasons: readonly Diagnostic[]): string {
  const [first] = reasons;
  if (first === undefined) return "see the log";
  const others = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : "";
  return `${placeText(first.place)}${first.message}${others}`;
}

/** `file:line:column: `, or nothing for what belongs to no line. */
export function placeText(place: Diagnostic["place"]): string {
  return place === null ? "" : `${place.file}:${place.line}:${place.column}: `;
}

/** Logs each diagnostic at the level of its severity. */
export function tellDiagnostics(log: Logger, diagnostics: readonly Diagnostic[]): void {
  for (const { severity, code, message, place } of diagnostics) {
    const say = severity === "error" ? log.error : severity === "warning" ? log.warning : log.info;
    const { file, line, column } = place ?? { file: null, line: null, column: null };
    say("diagnostic", { severity, code, text: message, file, line, column });
  }
}

/**
 * After these a text can hardly mean what its author wanted: half a file, a brace too few, a mistyped address or number.
 * A block that is refused whole, or a default instead of a number, would change a service by a slip.
 */
const DAMAGE_CODES: ReadonlySet<string> = new Set([
  "unterminated-quote",
  "missing-open-brace",
  "unexpected-open-brace",
  "missing-close-brace",
  "extra-close-brace",
  "bad-address",
  "bad-number",
  "number-out-of-range",
  "block-rejected",
]);

/** The damage that a text shows, by code and wording: lines may move. */
export function damageOf(diagnostics: readonly Diagnostic[]): ReadonlySet<string> {
  return new Set(diagnostics.filter(({ code }) => DAMAGE_CODES.has(code)).map(wordingOf));
}

/** Damage that a text shows and the one in force did not: what was wrong all along may stay so. */
export function newDamage(known: ReadonlySet<string>, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter((one) => DAMAGE_CODES.has(one.code) && !known.has(wordingOf(one)));
}

function wordingOf({ code, message }: Diagnostic): string {
  return `${code} ${message}`;
}
