import type { ReloadPlan } from "../api/schema.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { diffConfigurations } from "../model/diff.ts";
import { complaintsOf } from "./check-formats.ts";
import { loadForTest } from "./config-test.ts";
import { describeDiff } from "./diff-text.ts";
import type { Flags } from "./flags.ts";

/** What a reload of the file as it is now would do to what is in force. */
export async function planReload(flags: Flags, running: CompleteConfiguration | null): Promise<ReloadPlan> {
  const loaded = await loadForTest(flags);
  const complaints = complaintsOf(loaded).map(
    ({ severity, message, place }) => `${place === null ? "" : `${place.file}:${place.line}: `}${severity}: ${message}`,
  );
  const isTested = running !== null && running.global.reload.checkLog !== null;
  const fails = loaded.startRefusal !== null || (isTested && loaded.testExitCode !== 0);
  if (fails) return { wouldBeRefused: true, changes: [], complaints };
  const changes = running === null ? [] : describeDiff(diffConfigurations(running, loaded.configuration));
  return { wouldBeRefused: false, changes: [...changes], complaints };
}
