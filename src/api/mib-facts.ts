import type { ScriptCommand } from "../model/command.ts";
import type { AddressFamily } from "../model/units.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import type { LvsUsage } from "../runtime/lvs-types.ts";
import type { TrackedStates } from "../runtime/tracking-runtime.ts";
import type { VrrpInstanceSnapshot, VrrpStateChange } from "../runtime/vrrp-types.ts";
import type { Oid } from "../snmp/oid.ts";
import { integer, type SnmpValue, text } from "../snmp/values.ts";
import type { Snapshot } from "./views.ts";

/** KEEPALIVED-MIB: enterprises.debian.project.5 */
export const KEEPALIVED: Oid = [1, 3, 6, 1, 4, 1, 9586, 100, 5];
/** VRRP-MIB. @see RFC 2787 */
export const VRRP_MIB: Oid = [1, 3, 6, 1, 2, 1, 68];
/** VRRPV3-MIB. @see RFC 6527 */
export const VRRPV3_MIB: Oid = [1, 3, 6, 1, 2, 1, 207];

export interface LinkFacts {
  readonly ifindex: number;
  /** Six octets as `aa:bb:...`; null when it has none. */
  readonly mac: string | null;
}

/** What all tables are made of. */
export interface MibFacts {
  readonly snapshot: Pick<Snapshot, "configuration" | "instances" | "lvs"> & Partial<Pick<Snapshot, "vrrpHealth">>;
  /** What the kernel counts; null without load balancing, and when it can't be asked. */
  readonly usage: LvsUsage | null;
  /** By name. */
  readonly links: ReadonlyMap<string, LinkFacts>;
  /** How what is tracked fares; null without VRRP. */
  readonly tracked: TrackedStates | null;
  readonly bfdSessions: readonly Pick<BfdSessionSnapshot, "name" | "isUp">[];
  readonly version: string;
  readonly networkNamespace: string | null;
  /** CLOCK_MONOTONIC */
  readonly nowUs: number;
  /** By instance: the priority that an operator has given it. */
  readonly priorities: ReadonlyMap<string, number>;
  /** By instance: the last protocol error, as `ProtocolError` numbers it. */
  readonly protocolErrors: ReadonlyMap<string, number>;
  /** By instance: when it last left its initial state or a fault. */
  readonly upSinceUs: ReadonlyMap<string, number>;
}

/** An instance with its place in the configuration, from 1, and how it fares. */
export interface InstanceRow {
  readonly at: number;
  readonly instance: ConfiguredVrrpInstance;
  /** Null before it has started. */
  readonly live: VrrpInstanceSnapshot | null;
  /** An operator's, else the configured one. */
  readonly basePriority: number;
}

/** As configured, or set since. */
export function preempts({ instance, live }: Pick<InstanceRow, "instance" | "live">): boolean {
  return live?.preemptMode ?? instance.preemptMode;
}

export function instanceRows({
  snapshot: { configuration, instances },
  priorities,
}: Pick<MibFacts, "snapshot" | "priorities">): readonly InstanceRow[] {
  const byName = new Map(instances.map((one) => [one.name, one]));
  return configuration.vrrpInstances.map((instance, at) => ({
    at: at + 1,
    instance,
    live: byName.get(instance.name) ?? null,
    basePriority: priorities.get(instance.name) ?? instance.priority,
  }));
}

/** VrrpState of KEEPALIVED-MIB. */
export const STATE_NUMBERS: Readonly<Record<VrrpStateChange["to"], number>> = {
  initialize: 0,
  backup: 1,
  active: 2,
  fault: 3,
  stop: 5,
  deleted: 6,
};

/** InetAddressType */
export function addressType(family: AddressFamily): SnmpValue {
  return integer(family === "inet" ? 1 : 2);
}

/** Words in quotes, as keepalived shows commands; null for none. */
export function command(script: ScriptCommand | null): SnmpValue | null {
  return script === null ? null : text(script.argv.map((word) => `'${word}'`).join(" "));
}

export function optional<Value>(value: Value | null, make: (value: Value) => SnmpValue | null): SnmpValue | null {
  return value === null ? null : make(value);
}

/** InetScopeType of an rtnetlink scope. @see RFC 4007 §5 */
export function inetScope(scope: number): SnmpValue {
  const types: Readonly<Record<number, number>> = { 0: 14, 200: 5, 253: 2, 254: 1 };
  return integer(types[scope] ?? 0);
}
