import { explainRecording } from "../vrrp/why.ts";
import type { Why } from "./schema.ts";
import { type Snapshot, wallClockMs } from "./views.ts";

/** Why each instance changed its state, as far back as its recording goes. */
export function viewWhy({ configuration, instances }: Snapshot, nowUs: number, nowMs: number): Why[] {
  const routers = new Map(configuration.vrrpInstances.map((router) => [router.name, router]));
  return instances.flatMap(({ name, state, recording = [] }) => {
    const router = routers.get(name);
    if (router === undefined) return [];
    const changes = explainRecording(router, recording).map(({ atUs, from, to, cause, evidence }) => ({
      timeMs: wallClockMs(atUs, nowUs, nowMs),
      from,
      to,
      cause,
      evidence: [...evidence],
    }));
    return [{ instance: name, state, changes }];
  });
}
