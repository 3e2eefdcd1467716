import type { Sample, Subject } from "./case.ts";
import { type Summary, summarize } from "./statistics.ts";

export interface Trial {
  readonly case: string;
  readonly variant: string;
  readonly subject: Subject;
  readonly sample: Sample | null;
  /** Why there is no sample, else null. */
  readonly error: string | null;
  /** Of the last minute, when the trial began: how busy the machine was with other things. */
  readonly loadAverage: number;
}

export interface Row {
  readonly case: string;
  readonly variant: string;
  readonly metric: string;
  readonly bySubject: ReadonlyMap<Subject, Summary>;
  /** holdfast / keepalived, the nth good trial of one by the nth of the other; null when there are no such pairs. */
  readonly ratio: Summary | null;
}

const RATIO = "holdfast / keepalived";

function round(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

export function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return "-";
  return `${round(summary.median)} (${round(summary.min)} to ${round(summary.max)}, n=${summary.count})`;
}

function ratioOf(bySubject: ReadonlyMap<Subject, readonly number[]>): Summary | null {
  const peers = bySubject.get("keepalived") ?? [];
  const ratios = (bySubject.get("holdfast") ?? []).map((own, index) => own / (peers[index] ?? Number.NaN));
  const known = ratios.filter(Number.isFinite);
  return known.length === 0 ? null : summarize(known);
}

/** One row per case, variant and metric, in the order in which they were first measured. */
export function rowsOf(trials: readonly Trial[]): readonly Row[] {
  const values = new Map<string, Map<Subject, number[]>>();
  for (const { case: name, variant, subject, sample } of trials) {
    for (const [metric, value] of Object.entries(sample ?? {})) {
      const key = JSON.stringify([name, variant, metric]);
      const bySubject = values.get(key) ?? new Map<Subject, number[]>();
      values.set(key, bySubject.set(subject, [...(bySubject.get(subject) ?? []), value]));
    }
  }
  return [...values].map(([key, bySubject]) => {
    const [name = "", variant = "", metric = ""]: string[] = JSON.parse(key);
    const summaries = [...bySubject].map(([subject, list]): [Subject, Summary] => [subject, summarize(list)]);
    return { case: name, variant, metric, bySubject: new Map(summaries), ratio: ratioOf(bySubject) };
  });
}

/** A Markdown table: medians, with the smallest and largest value of all trials, and holdfast / keepalived. */
export function renderTable(rows: readonly Row[], subjects: readonly Subject[]): string {
  const head = ["case", "setting", "metric", ...subjects, RATIO];
  const lines = rows.map((row) => [
    row.case,
    row.variant,
    row.metric,
    ...subjects.map((subject) => formatSummary(row.bySubject.get(subject))),
    formatSummary(row.ratio ?? undefined),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const render = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [render(head), rule, ...lines.map(render)].join("\n");
}
