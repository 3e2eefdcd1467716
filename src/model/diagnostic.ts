import type { SourcePlace } from "./units.ts";

export type DiagnosticSeverity = "error" | "warning" | "notice";

/** One thing to say about a configuration, with the place it is about. */
export interface Diagnostic {
  readonly severity: DiagnosticSeverity;
  /** Stable, lower-case with dashes, for example `unknown-keyword`. */
  readonly code: string;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
  /** Null for complaints that belong to no line. */
  readonly place: SourcePlace | null;
}
