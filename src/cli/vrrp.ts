import type { VrrpResult } from "../api/schema.ts";
import { ask, ControlError, ownerName, readDuration, runAgainstDaemon } from "./control-client.ts";

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
    if (action === "priority" && priority === null) throw new ControlError("which priority? 1 to 254");
    const body = {
      action,
      instance,
      owner: ownerName(),
      reason,
      ...(action === "priority" ? { priority } : {}),
      ...(expiry === null || action === "release" ? {} : { expiresSec: readDuration(expiry) }),
    };
    const { changed, isSaved } = await ask<VrrpResult>({ socket, method: "POST", path: "/v1/vrrp", body });
    process.stdout.write(changed ? `${action}: ${instance}\n` : `${instance}: there was nothing to release\n`);
    if (!isSaved)
      process.stderr.write("holdfast: in force, but it could not be saved: a restart will not know of it\n");
    return 0;
  });
}
