import type { LvsSyncDaemon } from "../model/global-complete.ts";
import type { IpvsCommand, IpvsSyncDaemon, IpvsSyncRole } from "../native/contract.ts";

/** What the kernel takes for what it is not told. @see net/netfilter/ipvs/ip_vs_sync.c */
export const KERNEL_SYNC_DEFAULTS = { port: 8848, ttl: 1, group: "224.0.0.81" } as const;

/** Whom `lvs_sync_daemon` follows. */
export interface SyncSource {
  /** VRID of the instance it is tied to; null when it is tied to none. */
  readonly vrid: number | null;
  /** Of that instance. */
  readonly isActive: boolean;
}

/**
 * The threads that shall run: both when no instance decides, else master while that instance is
 * active and backup at all other times.
 */
export function expandSyncDaemons(settings: LvsSyncDaemon, { vrid, isActive }: SyncSource): readonly IpvsSyncDaemon[] {
  const { interfaceName, maxLengthBytes, port, ttl, group } = settings;
  const syncId = settings.syncId ?? vrid ?? 0;
  const own: IpvsSyncRole = isActive ? "master" : "backup";
  const roles: readonly IpvsSyncRole[] = vrid === null ? ["master", "backup"] : [own];
  return roles.map((role) => ({ role, interfaceName, syncId, maxLengthBytes, port, ttl, group }));
}

/**
 * Stops first: what shall not run or runs otherwise; then what is missing. Those that are right go on.
 * @param isRestart something has changed that `found` does not show: none goes on
 */
export function diffSyncDaemons(
  wanted: readonly IpvsSyncDaemon[],
  found: readonly IpvsSyncDaemon[],
  isRestart = false,
): readonly IpvsCommand[] {
  const kept = isRestart ? [] : found.filter((daemon) => wanted.some((one) => isSame(one, daemon)));
  const stops = found.filter((daemon) => !kept.includes(daemon));
  const starts = wanted.filter((daemon) => !kept.some((one) => isSame(daemon, one)));
  return [
    ...stops.map(({ role }): IpvsCommand => ({ kind: "sync-daemon-stop", role })),
    ...starts.map((daemon): IpvsCommand => ({ kind: "sync-daemon-start", daemon })),
  ];
}

/** The length is not compared: the kernel cuts it to what the interface carries. */
function isSame(wanted: IpvsSyncDaemon, found: IpvsSyncDaemon): boolean {
  return (
    wanted.role === found.role &&
    wanted.interfaceName === found.interfaceName &&
    wanted.syncId === found.syncId &&
    (wanted.port ?? KERNEL_SYNC_DEFAULTS.port) === (found.port ?? KERNEL_SYNC_DEFAULTS.port) &&
    (wanted.ttl ?? KERNEL_SYNC_DEFAULTS.ttl) === (found.ttl ?? KERNEL_SYNC_DEFAULTS.ttl) &&
    (wanted.group ?? KERNEL_SYNC_DEFAULTS.group) === (found.group ?? KERNEL_SYNC_DEFAULTS.group)
  );
}
