import { errorText } from "../runtime/error-code.ts";
import { loadForTest, renderComplaints, testExitCode } from "./config-test.ts";

export interface CheckRequest {
  readonly file: string;
  readonly configId: string | null;
  readonly enforcesIncludes: boolean;
}

/**
 * `holdfast check FILE`: every problem with its line, on standard output.
 * @returns the exit code that `-t` gives
 */
export async function check(request: CheckRequest): Promise<number> {
  try {
    const loaded = await loadForTest({ ...request, configFile: request.file, namespace: null });
    process.stdout.write(renderComplaints(loaded));
    const exitCode = testExitCode(loaded);
    if (loaded.diagnostics.length === 0 && exitCode === 0) {
      process.stdout.write(`${request.file}: no problems found\n`);
    }
    return exitCode;
  } catch (error) {
    process.stderr.write(`holdfast: ${errorText(error)}\n`);
    return 1;
  }
}
