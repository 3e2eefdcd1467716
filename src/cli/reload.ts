import type { ReloadOutcome, ReloadPlan } from "../api/schema.ts";
import { ask, runAgainstDaemon } from "./control-client.ts";

const REFUSED = 2;

/** `holdfast reload`. @returns 2 when it is, or would be, refused */
export function reload({ socket, isPlan }: { readonly socket: string; readonly isPlan: boolean }): Promise<number> {
  return runAgainstDaemon(async () => {
    if (isPlan) {
      const { wouldBeRefused, changes, complaints } = await ask<ReloadPlan>({
        socket,
        method: "GET",
        path: "/v1/reload/plan",
      });
      for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
      process.stdout.write(wouldBeRefused ? "the reload would be refused\n" : `${changes.join("\n")}\n`);
      return wouldBeRefused ? REFUSED : 0;
    }
    const { isComplete, messages } = await ask<ReloadOutcome>({ socket, method: "POST", path: "/v1/reload" });
    for (const message of messages) process.stdout.write(`${message}\n`);
    return isComplete ? 0 : REFUSED;
  });
}
