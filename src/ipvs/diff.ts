import type { IpvsCommand, IpvsDestination, IpvsService } from "../native/contract.ts";
import { type ServiceId, serviceKey } from "./keys.ts";
import type { Table, TableService } from "./table.ts";

/**
 * The commands that make `actual` into `desired`, in a safe order: what is to go first (destinations
 * before their service), then service by service edits, additions (a destination after its service)
 * and removals, so that a service that changes its servers is never left without any in between.
 * Applying the result and comparing again gives nothing.
 * @param owned services that may be deleted; others that are not desired are a stranger's and stay
 */
export function diffTables(desired: Table, actual: Table, owned: ReadonlySet<ServiceId>): IpvsCommand[] {
  const commands: IpvsCommand[] = [];
  for (const [id, found] of actual) {
    if (owned.has(id) && !desired.has(id)) pushRemoval(commands, found);
  }
  for (const [id, wanted] of desired) pushChanges(commands, wanted, actual.get(id));
  return commands;
}

/** The same for one service; null where there is none. */
export function diffService(desired: TableService | null, actual: TableService | null): IpvsCommand[] {
  const commands: IpvsCommand[] = [];
  if (desired !== null) pushChanges(commands, desired, actual ?? undefined);
  else if (actual !== null) pushRemoval(commands, actual);
  return commands;
}

function pushRemoval(commands: IpvsCommand[], found: TableService): void {
  const service = serviceKey(found.service);
  for (const destination of found.destinations.values()) {
    commands.push({ kind: "destination-delete", service, destination });
  }
  commands.push({ kind: "service-delete", service });
}

function pushChanges(commands: IpvsCommand[], wanted: TableService, found: TableService | undefined): void {
  const service = serviceKey(wanted.service);
  if (found === undefined) commands.push({ kind: "service-add", service: wanted.service });
  else if (!isSameService(wanted.service, found.service)) {
    commands.push({ kind: "service-edit", service: wanted.service });
  }
  for (const [id, destination] of wanted.destinations) {
    const before = found?.destinations.get(id);
    if (before === undefined) commands.push({ kind: "destination-add", service, destination });
    else if (!isSameDestination(destination, before)) commands.push({ kind: "destination-edit", service, destination });
  }
  if (found === undefined) return;
  for (const [id, destination] of found.destinations) {
    if (!wanted.destinations.has(id)) commands.push({ kind: "destination-delete", service, destination });
  }
}

/** Whether an edit would change nothing. */
export function isSameService(a: IpvsService, b: IpvsService): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.persistenceTimeoutSec === b.persistenceTimeoutSec &&
    a.persistenceGranularity === b.persistenceGranularity &&
    a.persistenceEngine === b.persistenceEngine &&
    a.flags.length === b.flags.length &&
    a.flags.every((flag) => b.flags.includes(flag))
  );
}

/** Whether an edit would change nothing. @param found as the kernel tells it */
export function isSameDestination(wanted: IpvsDestination, found: IpvsDestination): boolean {
  return (
    wanted.weight === found.weight &&
    isSameForwarding(wanted, found) &&
    wanted.upperThreshold === found.upperThreshold &&
    wanted.lowerThreshold === found.lowerThreshold
  );
}

/** Kernels may tell `localnode` for a destination that is one of their own addresses, whatever was asked. */
function isSameForwarding(wanted: IpvsDestination, found: IpvsDestination): boolean {
  if (found.fwdMethod === "localnode") return true;
  if (wanted.fwdMethod !== found.fwdMethod) return false;
  if (wanted.fwdMethod !== "tunnel") return true;
  return (
    wanted.tunnelType === found.tunnelType &&
    wanted.tunnelPort === found.tunnelPort &&
    wanted.tunnelFlags === found.tunnelFlags
  );
}
