/**
 * Draws the main results as SVG: a bar per program, keepalived's is 1. Usage: node dist/bench/picture.js RESULTS.json ...
 * Several files, for example of different cases, make one picture; it goes to standard output.
 */
import { readFileSync } from "node:fs";
import { SUBJECTS, type Subject } from "./case.ts";
import { type Row, rowsOf, type Trial } from "./report.ts";

/** The metrics of each case that tell most. */
const MAIN_METRICS: Readonly<Record<string, readonly string[]>> = {
  "probe-tcp": ["cpuPerCheckUs"],
  "probe-tcp-halfopen": ["cpuPerCheckUs"],
  "probe-icmp": ["cpuPerCheckUs"],
  "probe-http": ["cpuPerCheckUs"],
  "probe-https": ["cpuPerCheckUs"],
  "vrrp-adverts": ["cpuPerAdvertUs"],
  failover: ["vipPastActiveDownMs"],
  takeover: ["announcedPastDueMaxMs", "firstToLastMs"],
  "advert-lateness": ["p99Ms"],
  load: ["firstProbeMs"],
  reload: ["wallMs"],
  "ipvs-program": ["wallMs"],
  "config-load": ["wallMs"],
  memory: ["pssMiB"],
  start: ["firstAdvertMs"],
  stop: ["stopMs"],
};
const COLOURS: Readonly<Record<Subject, string>> = {
  keepalived: "#8a8f98",
  haproxy: "#c9a227",
  holdfast: "#2f6fb0",
  floor: "#5b8c5a",
};
const WIDTH = 1140;
const LABEL_WIDTH = 600;
const BAR_HEIGHT = 14;
const GAP = 12;
/** Longer bars are cut. */
const MOST = 3;
/** Of a bar as long as keepalived's. */
const RATIO_WIDTH = (WIDTH - LABEL_WIDTH - 120) / MOST;

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
  const width = Math.min(ratio, MOST) * RATIO_WIDTH;
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
  const drawn = SUBJECTS.filter((subject) => rows.some(({ bySubject }) => bySubject.has(subject)));
  const legend = drawn.map((subject, index) => {
    const x = LABEL_WIDTH + index * 120;
    return `<rect x="${x}" y="12" width="12" height="12" fill="${COLOURS[subject]}"/><text x="${x + 18}" y="22">${subject}</text>`;
  });
  const one = LABEL_WIDTH + RATIO_WIDTH;
  const line = `<line x1="${one}" y1="34" x2="${one}" y2="${y - GAP}" stroke="#d0d4da"/>`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">`;
  const back = `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`;
  return `${[head, back, line, ...legend, ...parts, "</svg>"].join("\n")}\n`;
}

const trials = process.argv.slice(2).flatMap((path): readonly Trial[] => {
  const { trials: read }: { trials: readonly Trial[] } = JSON.parse(readFileSync(path, "utf8"));
  return read;
});
const rows = rowsOf(trials).filter(
  // What is compared with nothing, or with zero, has no length.
  ({ case: name, metric, bySubject }) =>
    MAIN_METRICS[name]?.includes(metric) === true &&
    (bySubject.get("keepalived")?.median ?? 0) > 0 &&
    bySubject.has("holdfast"),
);
process.stdout.write(draw(rows));
