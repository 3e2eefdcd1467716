import { ERRORS } from "../snmp/answer.ts";
import { isBelow, type Oid } from "../snmp/oid.ts";
import type { Absence, SnmpValue } from "../snmp/values.ts";
import type { FindWritable, Writable } from "../snmp/write.ts";
import { KEEPALIVED, type MibFacts } from "./mib-facts.ts";

const BASE_PRIORITY: Oid = [...KEEPALIVED, 2, 3, 1, 7];
const PREEMPT: Oid = [...KEEPALIVED, 2, 3, 1, 13];
const WEIGHT: Oid = [...KEEPALIVED, 3, 4, 1, 7];
const OWNER_PRIORITY = 255;
const LARGEST_WEIGHT = 65_535;

/** What carries out a set, each as an operator's word that `holdfast` shows and takes back. */
export interface MibSetter {
  /** @returns what takes it back; null when it could not be set */
  readonly setPriority: (instance: string, priority: number) => () => void;
  /** Until the next reload. */
  readonly setPreempt: (instance: string, preempts: boolean) => () => void;
  readonly setWeight: (virtualServer: string, realServer: string, weight: number) => () => void;
}

/** An INTEGER between two bounds. */
function integerBetween(least: number, most: number, write: (value: number) => () => void): Writable {
  return {
    test: (value) => {
      if (value.kind !== "integer") return ERRORS.wrongType;
      return value.value < least || value.value > most ? ERRORS.wrongValue : ERRORS.none;
    },
    write: (value: SnmpValue | Absence) => (value.kind === "integer" ? write(value.value) : null),
  };
}

function priorityAt(facts: MibFacts, [at = 0, ...rest]: Oid, setter: MibSetter): Writable | null {
  const instance = facts.snapshot.configuration.vrrpInstances[at - 1];
  if (instance === undefined || rest.length > 0) return null;
  // The owner of the addresses has no other priority, and no other router has its.
  const [least, most] =
    instance.priority === OWNER_PRIORITY ? [OWNER_PRIORITY, OWNER_PRIORITY] : [1, OWNER_PRIORITY - 1];
  return integerBetween(least, most, (priority) => setter.setPriority(instance.name, priority));
}

/** preempt(1), noPreempt(2) */
function preemptAt(facts: MibFacts, [at = 0, ...rest]: Oid, setter: MibSetter): Writable | null {
  const instance = facts.snapshot.configuration.vrrpInstances[at - 1];
  if (instance === undefined || rest.length > 0) return null;
  return integerBetween(1, 2, (value) => setter.setPreempt(instance.name, value === 1));
}

function weightAt(facts: MibFacts, [at = 0, number = 0, ...rest]: Oid, setter: MibSetter): Writable | null {
  const { configuration, lvs } = facts.snapshot;
  const status = lvs?.virtualServers[at - 1];
  const sorryServers = configuration.virtualServers[at - 1]?.sorryServer === null ? 0 : 1;
  const server = status?.realServers[number - sorryServers - 1];
  if (status === undefined || server === undefined || rest.length > 0) return null;
  return integerBetween(0, LARGEST_WEIGHT, (weight) => setter.setWeight(status.name, server.name, weight));
}

/**
 * The objects that keepalived lets be set.
 * @param serves parts of the tree that are served
 */
export function writablesOf(
  facts: MibFacts,
  serves: { readonly vrrp: boolean; readonly checkers: boolean },
  setter: MibSetter,
): FindWritable {
  return (oid) => {
    if (serves.vrrp && isBelow(oid, BASE_PRIORITY)) return priorityAt(facts, oid.slice(BASE_PRIORITY.length), setter);
    if (serves.vrrp && isBelow(oid, PREEMPT)) return preemptAt(facts, oid.slice(PREEMPT.length), setter);
    if (serves.checkers && isBelow(oid, WEIGHT)) return weightAt(facts, oid.slice(WEIGHT.length), setter);
    return null;
  };
}
