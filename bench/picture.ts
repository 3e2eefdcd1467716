/**
 * Draws the main results as SVG: a bar per program, keepalived's is 1. Usage: node dist/bench/picture.js RESULTS.json ...
 * Several files, for example of different cases, make one picture; it goes to standard output.
 */
import { readFileSync } from "node:fs";
import { SUBJECTS, type Subject } from "./case.ts";
import { type Row, rowsOf, type Trial } from "./report.ts";

/** The metric of each case that tells most. */
const MAIN_METRICS: Readonly<Record<string, string>> = {
  "checks-tcp": "cpuPerCheckUs",
  "probe-tcp-halfopen": "cpuPerCheckUs",
  "probe-http": "cpuPerCheckUs",
  "probe-https": "cpuPerCheckUs",
  "vrrp-adverts": "cpuPerAdvertUs",
  takeover: "firstToLastMs",
  load: "firstProbeMs",
  reload: "wallMs",
  "ipvs-program": "wallMs",
  "config-load": "wallMs",
  memory: "pssMiB",
  start: "firstAdvertMs",
  stop: "stopMs",
};
const COLOURS: Readonly<Record<Subject, string>> = { keepalived: "#8a8f98", haproxy: "#c9a227", holdfast: "#2f6fb0" };
const WIDTH = 900;
const LABEL_WIDTH = 380;
const BAR_HEIGHT = 14;
const GAP = 12;
/** Longer bars are cut. */
const MOST = 3;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

function barOf(row: Row, subject: Subject, peer: number, y: number): string {
  const value = row.bySubject.get(subject)?.median;
  if (value === undefined) return "";
  const ratio = value / peer;
  const width = (Math.min(ratio, MOST) / MOST) * (WIDTH - LABEL_WIDTH - 120);
  const text = `${digits(value)} (${ratio.toFixed(2)})`;
  return [
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLOURS[subject]}"/>`,
    `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + BAR_HEIGHT - 3}">${escaped(text)}</text>`,
  ].join("\n");
}

function draw(rows: readonly Row[]): string {
  const parts: string[] = [];
  let y = 40;
  for (const row of rows) {
    const peer = row.bySubject.get("keepalived")?.median ?? Number.NaN;
    const subjects = SUBJECTS.filter((subject) => row.bySubject.has(subject));
    parts.push(`<text x="8" y="${y + BAR_HEIGHT - 3}">${escaped(`${row.case} ${row.variant}: ${row.metric}`)}</text>`);
    for (const subject of subjects) {
      parts.push(barOf(row, subject, peer, y));
      y += BAR_HEIGHT + 2;
    }
    y += GAP;
  }
  const legend = SUBJECTS.map((subject, index) => {
    const x = LABEL_WIDTH + index * 120;
    return `<rect x="${x}" y="12" width="12" height="12" fill="${COLOURS[subject]}"/><text x="${x + 18}" y="22">${subject}</text>`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">`;
  const back = `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`;
  return `${[head, back, ...legend, ...parts, "</svg>"].join("\n")}\n`;
}

const trials = process.argv.slice(2).flatMap((path): readonly Trial[] => {
  const { trials: read }: { trials: readonly Trial[] } = JSON.parse(readFileSync(path, "utf8"));
  return read;
});
const rows = rowsOf(trials).filter(
  ({ case: name, metric, bySubject }) =>
    MAIN_METRICS[name] === metric && bySubject.has("keepalived") && bySubject.has("holdfast"),
);
process.stdout.write(draw(rows));
