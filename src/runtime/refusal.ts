import type { Diagnostic } from "../model/diagnostic.ts";
import type { DaemonExitCode } from "./daemon-types.ts";
import type { Logger } from "./log.ts";

/** Why a start or a reload goes no further; the reasons have been logged. */
export class Refusal extends Error {
  /** What a refused start ends with. */
  readonly exitCode: DaemonExitCode;

  constructor(exitCode: DaemonExitCode) {
    super("refused");
    this.exitCode = exitCode;
  }
}

/** Logs each diagnostic at the level of its severity. */
export function tellDiagnostics(log: Logger, diagnostics: readonly Diagnostic[]): void {
  for (const { severity, code, message, place } of diagnostics) {
    const say = severity === "error" ? log.error : severity === "warning" ? log.warning : log.info;
    const { file, line, column } = place ?? { file: null, line: null, column: null };
    say("diagnostic", { severity, code, text: message, file, line, column });
  }
}

/** After these a text can hardly mean what its author wanted: half a file, a brace too few, a mistyped address. */
const DAMAGE_CODES: ReadonlySet<string> = new Set([
  "unterminated-quote",
  "missing-open-brace",
  "unexpected-open-brace",
  "missing-close-brace",
  "extra-close-brace",
  "bad-address",
]);

/** The damage that a text shows, by code and wording: lines may move. */
export function damageOf(diagnostics: readonly Diagnostic[]): ReadonlySet<string> {
  const damage = diagnostics.filter(({ code }) => DAMAGE_CODES.has(code));
  return new Set(damage.map(({ code, message }) => `${code} ${message}`));
}
