import type { ReloadPlan } from "../api/schema.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { diffConfigurations } from "../model/diff.ts";
import type { Daemon } from "../runtime/daemon.ts";
import { placeText } from "../runtime/refusal.ts";
import { complaintsOf } from "./check-formats.ts";
import { loadForTest } from "./config-test.ts";
import { describeGlobalChanges, keywordChanges } from "./diff-keywords.ts";
import { describeParts } from "./diff-parts.ts";
import { describeDiff } from "./diff-text.ts";
import type { Flags } from "./flags.ts";

function describeReload(before: CompleteConfiguration, after: CompleteConfiguration): readonly string[] {
  const [others, globals] = [describeParts(before, after), describeGlobalChanges(before, after)];
  return describeDiff(diffConfigurations(before, after), {
    others,
    globals,
    keywordsOf: keywordChanges(before, after),
  });
}

/** What a reload of the file as it is now would do to what is in force. */
export async function planReload(
  flags: Pick<Flags, "configFile" | "configId" | "enforcesIncludes" | "namespace">,
  daemon: Pick<Daemon, "inForce" | "reloadRefusal">,
): Promise<ReloadPlan> {
  const loaded = await loadForTest(flags);
  const complaints = complaintsOf(loaded).map(
    ({ severity, message, place }) => `${placeText(place)}${severity}: ${message}`,
  );
  const refusal = daemon.reloadRefusal(loaded);
  if (refusal !== null)
    return { wouldBeRefused: true, changes: [], complaints: [...complaints, `refused: ${refusal}`] };
  const running = daemon.inForce();
  const changes = running === null ? [] : describeReload(running, loaded.configuration);
  return { wouldBeRefused: false, changes: [...changes], complaints };
}
