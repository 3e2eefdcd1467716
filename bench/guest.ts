import { join } from "node:path";
import { ROOT } from "../test/helpers/repository.ts";
import { runInUml } from "../test/lab/uml.ts";
import type { Sample, Subject } from "./case.ts";
import { SMOKE_VARIABLE } from "./scale.ts";

const IN_GUEST = "IN_GUEST";
const TIMEOUT_MS = 170_000;

/** Whether this trial runs inside a User-Mode Linux guest, whose kernel has IPVS. */
export function isInGuest(): boolean {
  return process.env[IN_GUEST] !== undefined;
}

/** The same trial inside a guest. */
export async function trialInGuest(name: string, subject: Subject, variant: string): Promise<Sample> {
  const words = [process.execPath, join(ROOT, "dist/bench/trial.js"), name, subject, variant];
  const smoke = process.env[SMOKE_VARIABLE];
  const env = { [IN_GUEST]: "1", ...(smoke === undefined ? {} : { [SMOKE_VARIABLE]: smoke }) };
  const result = await runInUml({ words, timeoutMs: TIMEOUT_MS, env });
  if (result.status !== 0) throw new Error(`status ${result.status}\n${result.output}`);
  const sample: Sample = JSON.parse(result.output.trim().split("\n").at(-1) ?? "");
  return sample;
}
