import { loadForTest, renderComplaints } from "./config-test.ts";
import { gatherFacts } from "./doctor-facts.ts";
import { examine } from "./doctor-findings.ts";

const FOUND = 1;

/** `holdfast doctor`. @returns 1 when something would not work */
export async function doctor({ file, isJson }: { readonly file: string; readonly isJson: boolean }): Promise<number> {
  const flags = { configFile: file, configId: null, enforcesIncludes: false, namespace: null };
  const loaded = await loadForTest(flags);
  if (loaded.startRefusal !== null) process.stderr.write(renderComplaints(loaded));
  const findings = examine(loaded.configuration, gatherFacts());
  const lines = findings.flatMap(({ severity, text, fix }) => [`${severity}: ${text}`, `    ${fix}`]);
  const text = findings.length === 0 ? "nothing found that would keep it from working\n" : `${lines.join("\n")}\n`;
  process.stdout.write(isJson ? `${JSON.stringify(findings, null, 2)}\n` : text);
  return loaded.startRefusal !== null || findings.some(({ severity }) => severity === "bad") ? FOUND : 0;
}
