import { diffConfigurations } from "../model/diff.ts";
import { errorText } from "../runtime/error-code.ts";
import { loadForTest, renderComplaints } from "./config-test.ts";
import { describeGlobalChanges, keywordChanges } from "./diff-keywords.ts";
import { describeParts } from "./diff-parts.ts";
import { describeDiff } from "./diff-text.ts";

export interface DiffRequest {
  readonly oldFile: string;
  readonly newFile: string;
  readonly configId: string | null;
  readonly isJson: boolean;
}

const FAILED = 1;

/**
 * `holdfast diff OLD NEW`: what a reload from OLD to NEW would do, in plain words.
 * @returns 0; 1 when a file cannot be read; 2 when a reload would be refused
 */
export async function diff(request: DiffRequest): Promise<number> {
  try {
    const [before, after] = await Promise.all([request.oldFile, request.newFile].map((file) => load(file, request)));
    if (before === undefined || after === undefined) return FAILED;
    for (const loaded of [before, after]) {
      if (loaded.startRefusal === null) continue;
      process.stderr.write(renderComplaints(loaded));
      return loaded.startRefusal.exitCode;
    }
    const changes = diffConfigurations(before.configuration, after.configuration);
    const others = describeParts(before.configuration, after.configuration);
    const globals = describeGlobalChanges(before.configuration, after.configuration);
    const lines = request.isJson
      ? [JSON.stringify({ ...changes, globals, others }, null, 2)]
      : describeDiff(changes, {
          others,
          globals,
          keywordsOf: keywordChanges(before.configuration, after.configuration),
        });
    process.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return FAILED;
  }
}

function load(file: string, request: DiffRequest): ReturnType<typeof loadForTest> {
  return loadForTest({ configFile: file, configId: request.configId, enforcesIncludes: false, namespace: null });
}
