import type { Microseconds } from "../model/units.ts";
import type { IpvsCommand } from "../native/contract.ts";
import { destinationId, type ServiceId, serviceId } from "./keys.ts";
import type { Table } from "./table.ts";

/** Deletions that may follow at once, and how long it takes until as many are allowed again. */
const LARGEST_BURST = 512;
const REFILL_US = 120_000_000;

/** To these a destination of weight 0 is as good as none; the hashing ones would still hit it. */
const SKIPS_WEIGHT_ZERO: ReadonlySet<string> = new Set(["rr", "wrr", "lc", "wlc", "sed", "nq", "lblc", "lblcr", "mh"]);

/** Deletions that are allowed, as of a time; whole and fractional. */
export interface DeletionBudget {
  readonly deletions: number;
  readonly atUs: Microseconds;
}

export interface PacedCommands {
  readonly commands: readonly IpvsCommand[];
  /** Services that still have destinations to be deleted later. */
  readonly postponed: ReadonlySet<ServiceId>;
  readonly budget: DeletionBudget;
}

export function fullBudget(nowUs: Microseconds): DeletionBudget {
  return { deletions: LARGEST_BURST, atUs: nowUs };
}

/**
 * A deleted destination stays in the kernel's trash for two minutes, and each addition walks all that is in there:
 * thousands of servers that fail and return would take minutes to come back. So beyond a burst destinations are given
 * weight 0 where that comes to the same and deleted bit by bit; one that returns meanwhile only gets its weight back.
 * @param actual what the commands are to be applied to
 * @param desired services that stay; with one that goes its destinations go at once
 */
export function paceDeletions(
  commands: readonly IpvsCommand[],
  { desired, actual }: { readonly desired: Table; readonly actual: Table },
  budget: DeletionBudget,
  nowUs: Microseconds,
): PacedCommands {
  const postponed = new Set<ServiceId>();
  let deletions = Math.min(LARGEST_BURST, budget.deletions + ((nowUs - budget.atUs) / REFILL_US) * LARGEST_BURST);
  const paced: IpvsCommand[] = [];
  for (const command of commands) {
    const isFree = command.kind !== "destination-delete" || !canWait(command, desired);
    if (isFree || deletions >= 1) {
      if (!isFree) deletions -= 1;
      paced.push(command);
      continue;
    }
    const id = serviceId(command.service);
    postponed.add(id);
    const found = actual.get(id)?.destinations.get(destinationId(command.destination));
    if (found === undefined || found.weight === 0) continue;
    paced.push({ kind: "destination-edit", service: command.service, destination: { ...found, weight: 0 } });
  }
  return { commands: paced, postponed, budget: { deletions, atUs: nowUs } };
}

/** With persistence, a client's template would still lead it to the destination. */
function canWait({ service }: Extract<IpvsCommand, { kind: "destination-delete" }>, desired: Table): boolean {
  const wanted = desired.get(serviceId(service))?.service;
  return wanted !== undefined && wanted.persistenceTimeoutSec === 0 && SKIPS_WEIGHT_ZERO.has(wanted.scheduler);
}
