/**
 * Runs the benchmarks: every trial in a fresh process, the subjects by turns.
 * Usage: npm run bench -- --help
 * Prints a table; all samples go to bench/results/ as JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
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

interface Words extends Filter {
  readonly trials: number;
  readonly peer?: string | undefined;
  readonly cases: readonly string[];
}

function readWords(): Words {
  const { _: cases, ...options } = yargs(hideBin(process.argv))
    .scriptName("npm run bench --")
    .usage(
      "$0 [options] [CASE...]\n\nMeasures holdfast beside keepalived in the same run; all cases when none is named.",
    )
    .option("trials", { type: "number", default: DEFAULT_TRIALS, describe: "Trials of each, by turns" })
    .option("subject", { choices: SUBJECTS, describe: "Only this program" })
    .option("variant", { type: "string", describe: "Only variants whose name contains this" })
    .option("peer", { type: "string", describe: "A keepalived other than the one in PATH" })
    .example("$0 start", "How long until the first advert")
    .example("$0 --trials 1 probe-tcp probe-http", "One look at each")
    .example("$0 --peer /usr/local/sbin/keepalived takeover", "Beside a newer keepalived")
    .epilogue(`Cases:\n${CASES.map(({ name, meaning }) => `  ${name}: ${meaning}`).join("\n")}`)
    .check(({ trials, _ }) => {
      const unknown = _.filter((name) => !CASES.some((item) => item.name === String(name)));
      if (unknown.length > 0) throw new Error(`no case is called ${unknown.join(", ")}; --help lists them`);
      if (!Number.isInteger(trials) || trials < 1) throw new Error("--trials must be a whole number from 1 on");
      return true;
    })
    .version(false)
    .showHelpOnFail(false)
    .strictOptions()
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .parseSync();
  return { ...options, cases: cases.map(String) };
}

async function main(): Promise<number> {
  const { trials: trialCount, peer, cases, ...filter } = readWords();
  if (peer !== undefined) process.env[PEER_VARIABLE] = resolve(peer);
  // Node reads these certificates at each start, which takes 40 ms; a service's environment has no such variable.
  delete process.env["NODE_EXTRA_CA_CERTS"];
  const chosen = CASES.filter((item) => cases.length === 0 || cases.includes(item.name));
  const machine = describeMachine();
  const trials = await runAll(planRounds(chosen, trialCount, filter));
  process.stdout.write(
    `\n${Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join("\n")}\n\n`,
  );
  for (const item of chosen) process.stdout.write(`${item.name}: ${item.meaning}\n`);
  const rows = rowsOf(trials);
  const seen = SUBJECTS.filter((subject) => rows.some(({ bySubject }) => bySubject.has(subject)));
  process.stdout.write(`\n${renderTable(rows, seen)}\n\n`);
  const loads = trials.map((trial) => trial.loadAverage);
  if (loads.length > 0) {
    process.stdout.write(`load average during the trials: ${formatSummary(summarize(loads))}\n`);
  }
  process.stdout.write(`samples: ${save(trials, machine)}\n`);
  return trials.some((trial) => trial.error !== null) ? 1 : 0;
}

process.exitCode = await main();
