import type { VrrpResult } from "../api/schema.ts";
import { ask, ownerName, readDuration, readNumber, runAgainstDaemon, warnUnsaved } from "./control-client.ts";

export interface VrrpCommand {
  readonly action: "force-backup" | "priority" | "release";
  readonly instance: string;
  readonly priority: number | null;
  readonly socket: string;
  readonly reason: string;
  /** `30m` */
  readonly expiry: string | null;
}

/** `holdfast vrrp` */
export function vrrp({ action, instance, priority, socket, reason, expiry }: VrrpCommand): Promise<number> {
  return runAgainstDaemon(async () => {
    const body = {
      action,
      instance,
      owner: ownerName(),
      reason,
      ...(action === "priority" ? { priority: readNumber("priority", priority, [1, 254]) } : {}),
      ...(expiry === null || action === "release" ? {} : { expiresSec: readDuration(expiry) }),
    };
    const { changed, isSaved } = await ask<VrrpResult>({ socket, method: "POST", path: "/v1/vrrp", body });
    process.stdout.write(changed ? `${action}: ${instance}\n` : `${instance}: there was nothing to release\n`);
    warnUnsaved(isSaved);
    return 0;
  });
}
