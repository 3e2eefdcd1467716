import { errorText } from "../runtime/error-code.ts";
import { VERSION } from "../runtime/version.ts";
import { type CheckFormat, renderCheck } from "./check-formats.ts";
import { loadForTest, testExitCode } from "./config-test.ts";

export interface CheckRequest {
  readonly file: string;
  readonly configId: string | null;
  readonly enforcesIncludes: boolean;
  readonly format: CheckFormat;
}

/**
 * `holdfast check FILE`: every problem with its line, on standard output.
 * @returns the exit code that `-t` gives
 */
export async function check(request: CheckRequest): Promise<number> {
  try {
    const loaded = await loadForTest({ ...request, configFile: request.file, namespace: null });
    process.stdout.write(renderCheck(loaded, request.format, VERSION));
    const exitCode = testExitCode(loaded);
    if (request.format === "text" && loaded.diagnostics.length === 0 && exitCode === 0) {
      process.stdout.write(`${request.file}: no problems found\n`);
    }
    return exitCode;
  } catch (error) {
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return 1;
  }
}
