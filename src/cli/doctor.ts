import type { CompleteConfiguration } from "../model/complete.ts";
import { loadNative } from "../native/load.ts";
import { errorText } from "../runtime/error-code.ts";
import { loadForTest } from "./config-test.ts";
import { defaultControlPath } from "./control-path.ts";
import { gatherFacts } from "./doctor-facts.ts";
import { examine, examineFile } from "./doctor-findings.ts";
import { askForStrangers, type HeardRouters, listenForRouters } from "./doctor-listen.ts";

const FOUND = 1;

export interface DoctorCommand {
  readonly file: string;
  readonly configId: string | null;
  readonly isJson: boolean;
  /** For adverts of others; 0 for not at all. */
  readonly listenSec: number;
}

/** Of the LAN itself, and of a daemon that runs and has listened for longer. */
async function hear(configuration: CompleteConfiguration, listenSec: number): Promise<HeardRouters> {
  const { global, vrrpInstances } = configuration;
  const told = await askForStrangers(global.control.path ?? defaultControlPath(global));
  const nothing = { strangers: told, vrids: new Set<number>() };
  if (vrrpInstances.length === 0 || listenSec === 0) return nothing;
  try {
    const heard = await listenForRouters(loadNative(), configuration, listenSec * 1000);
    return { ...heard, strangers: [...heard.strangers, ...told] };
  } catch (error) {
    process.stderr.write(`holdfast: other routers on the LAN were not listened for: ${errorText(error)}\n`);
    return nothing;
  }
}

/** `holdfast doctor`. @returns 1 when something would not work */
export async function doctor({ file, configId, isJson, listenSec }: DoctorCommand): Promise<number> {
  const flags = { configFile: file, configId, enforcesIncludes: false, namespace: null };
  const loaded = await loadForTest(flags);
  const heard = await hear(loaded.configuration, listenSec);
  const findings = [...examineFile(file, loaded), ...examine(loaded.configuration, { ...gatherFacts(), heard })];
  const lines = findings.flatMap(({ severity, text, fix }) => [`${severity}: ${text}`, `    ${fix}`]);
  const text = findings.length === 0 ? "nothing found that would keep it from working\n" : `${lines.join("\n")}\n`;
  process.stdout.write(isJson ? `${JSON.stringify(findings, null, 2)}\n` : text);
  return findings.some(({ severity }) => severity === "bad") ? FOUND : 0;
}
