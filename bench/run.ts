/**
 * Runs the benchmarks: every trial in a fresh process, the subjects by turns.
 * Usage: npm run bench -- [--trials N] [--subject NAME] [--variant TEXT] [--peer PATH] [CASE...]
 * Prints a table; all samples go to bench/results/ as JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../test/helpers/process.ts";
import { ROOT } from "../test/helpers/repository.ts";
import { PEER_VARIABLE } from "../test/lab/daemon.ts";
import { type BenchCase, type Sample, SUBJECTS, type Subject } from "./case.ts";
import { CASES } from "./cases.ts";
import { describeMachine } from "./machine.ts";
import { formatSummary, renderTable, rowsOf, type Trial } from "./report.ts";
import { summarize } from "./statistics.ts";

const DEFAULT_TRIALS = 5;
const TRIAL_TIMEOUT_MS = 660_000;

interface Filter {
  readonly subject?: string | undefined;
  /** Part of its name. */
  readonly variant?: string | undefined;
}

interface Plan {
  readonly item: BenchCase;
  readonly subject: Subject;
  readonly variant: string;
}

/** Rounds over everything, so that a slow minute of the machine hits both subjects alike. */
function planRounds(cases: readonly BenchCase[], trials: number, filter: Filter): readonly Plan[] {
  const plans: Plan[] = [];
  for (const item of cases) {
    for (let round = 0; round < trials; round++) {
      for (const variant of item.variants.filter((name) => name.includes(filter.variant ?? ""))) {
        const subjects = item.subjects.filter((subject) => filter.subject === undefined || subject === filter.subject);
        const turns = round % 2 === 0 ? subjects : [...subjects].reverse();
        for (const subject of turns) plans.push({ item, subject, variant });
      }
    }
  }
  return plans;
}

async function runTrial({ item, subject, variant }: Plan): Promise<Trial> {
  const outcome = { case: item.name, subject, variant, loadAverage: loadavg()[0] ?? Number.NaN };
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const program = fileURLToPath(new URL(`./trial.${extension}`, import.meta.url));
  const words = [process.execPath, program, item.name, subject, variant];
  const { status, stdout, stderr } = await run(words, { cwd: ROOT, timeoutMs: TRIAL_TIMEOUT_MS });
  if (status !== 0) return { ...outcome, sample: null, error: stderr.trim() || `status ${status}` };
  const sample: Sample = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
  return { ...outcome, sample, error: null };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

async function runAll(plans: readonly Plan[]): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const skipped = new Set<string>();
  for (const [index, plan] of plans.entries()) {
    const label = `${plan.item.name} ${plan.variant} ${plan.subject}`;
    const why = plan.item.whyNot(plan.subject, plan.variant);
    if (why !== null) {
      if (!skipped.has(label)) progress(`${label}: skipped, ${why}\n`);
      skipped.add(label);
      continue;
    }
    progress(`${index + 1}/${plans.length} ${label}`);
    const trial = await runTrial(plan);
    if (trial.error !== null) progress(`${label}: failed: ${trial.error}\n`);
    trials.push(trial);
  }
  progress("");
  return trials;
}

function save(trials: readonly Trial[], machine: unknown): string {
  const folder = join(ROOT, "bench", "results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${new Date().toISOString().replaceAll(":", "-")}.json`);
  writeFileSync(path, `${JSON.stringify({ machine, trials }, null, 2)}\n`);
  return path;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      trials: { type: "string", default: String(DEFAULT_TRIALS) },
      subject: { type: "string" },
      variant: { type: "string" },
      /** A keepalived other than the one in PATH. */
      peer: { type: "string" },
    },
    allowPositionals: true,
  });
  if (values.peer !== undefined) process.env[PEER_VARIABLE] = resolve(values.peer);
  const unknown = positionals.filter((name) => !CASES.some((item) => item.name === name));
  const trialCount = Number(values.trials);
  if (unknown.length > 0 || !Number.isInteger(trialCount) || trialCount < 1) {
    process.stderr.write(
      `usage: npm run bench -- [--trials N] [--subject ${SUBJECTS.join("|")}] [--variant TEXT] [--peer PATH] [CASE...]\n`,
    );
    for (const item of CASES) process.stderr.write(`  ${item.name}: ${item.meaning}\n`);
    return 1;
  }
  const chosen = CASES.filter((item) => positionals.length === 0 || positionals.includes(item.name));
  const machine = describeMachine();
  const trials = await runAll(planRounds(chosen, trialCount, values));
  process.stdout.write(
    `\n${Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join("\n")}\n\n`,
  );
  for (const item of chosen) process.stdout.write(`${item.name}: ${item.meaning}\n`);
  process.stdout.write(`\n${renderTable(rowsOf(trials), SUBJECTS)}\n\n`);
  const loads = trials.map((trial) => trial.loadAverage);
  if (loads.length > 0) {
    process.stdout.write(`load average during the trials: ${formatSummary(summarize(loads))}\n`);
  }
  process.stdout.write(`samples: ${save(trials, machine)}\n`);
  return trials.some((trial) => trial.error !== null) ? 1 : 0;
}

process.exitCode = await main();
