import type { LoadedConfiguration } from "../config/load.ts";
import { renderDiagnostic } from "../config/render-diagnostic.ts";
import type { Diagnostic, DiagnosticSeverity } from "../model/diagnostic.ts";

export type CheckFormat = "text" | "json" | "sarif";

type Checked = Pick<LoadedConfiguration, "diagnostics" | "startRefusal" | "testExitCode" | "sources">;

/** Every complaint once; those that refuse a start come with the others. */
export function complaintsOf(loaded: Checked): readonly Diagnostic[] {
  const reasons = loaded.startRefusal?.reasons ?? [];
  return [...loaded.diagnostics, ...reasons.filter((reason) => !loaded.diagnostics.includes(reason))];
}

/** @param version of this program, for SARIF's tool entry */
export function renderCheck(loaded: Checked, format: CheckFormat, version: string): string {
  switch (format) {
    case "text":
      return complaintsOf(loaded)
        .map((diagnostic) => `${renderDiagnostic(diagnostic, loaded.sources)}\n`)
        .join("");
    case "json":
      return `${JSON.stringify(toPlain(loaded), null, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(toSarif(loaded, version), null, 2)}\n`;
  }
}

function toPlain(loaded: Checked): object {
  return {
    exitCode: loaded.testExitCode,
    wouldStart: loaded.startRefusal === null,
    diagnostics: complaintsOf(loaded),
  };
}

const SARIF_LEVELS: Readonly<Record<DiagnosticSeverity, string>> = {
  error: "error",
  warning: "warning",
  notice: "note",
};

/** @see SARIF 2.1.0 §3 (OASIS) */
function toSarif(loaded: Checked, version: string): object {
  const results = complaintsOf(loaded).map(toSarifResult);
  const rules = [...new Set(complaintsOf(loaded).map(({ code }) => code))].sort().map((id) => ({ id }));
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "holdfast", version, rules } }, columnKind: "utf16CodeUnits", results }],
  };
}

function toSarifResult({ code, severity, message, place }: Diagnostic): object {
  const result = { ruleId: code, level: SARIF_LEVELS[severity], message: { text: message } };
  if (place === null) return result;
  const region = { startLine: place.line, startColumn: place.column };
  const artifactLocation = { uri: place.file.split("/").map(encodeURIComponent).join("/") };
  return { ...result, locations: [{ physicalLocation: { artifactLocation, region } }] };
}
