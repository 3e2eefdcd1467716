import type { CompleteConfiguration } from "../model/complete.ts";
import type { LvsPoolEvent, VirtualServerStatus } from "../runtime/lvs-types.ts";
import type { VrrpGroupChange, VrrpInstanceSnapshot, VrrpStateChange } from "../runtime/vrrp-types.ts";
import type { Columns } from "../snmp/mib.ts";
import type { Oid } from "../snmp/oid.ts";
import { gauge, inetAddress, integer, ipAddress, type SnmpValue, text, truth, type VarBind } from "../snmp/values.ts";
import { COUNT_COLUMNS, KEY_COLUMNS, type VirtualServerRow } from "./mib-checkers.ts";
import { addressType, KEEPALIVED, type LinkFacts, STATE_NUMBERS, VRRP_MIB, VRRPV3_MIB } from "./mib-facts.ts";
import { v2Index, v3Index } from "./mib-rfc.ts";

/** snmpTrapOID.0 */
const TRAP_OID: Oid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];
const MASTER_NO_RESPONSE = 3;

type Objects = readonly (readonly [oid: Oid, value: SnmpValue | null])[];

/** keepalived: objects of a table go without the index of their row. */
function trap(name: Oid, objects: Objects): readonly VarBind[] {
  return [
    { oid: TRAP_OID, value: { kind: "oid", value: name } },
    ...objects.flatMap(([oid, value]) => (value === null ? [] : [{ oid, value }])),
  ];
}

function routerId({ global }: CompleteConfiguration): Objects[0] {
  return [[...KEEPALIVED, 1, 2, 0], text(global.routerId)];
}

/** vrrpInstanceStateChange */
export function instanceTrap(
  configuration: CompleteConfiguration,
  { instance: name, to }: VrrpStateChange,
): readonly VarBind[] | null {
  const instance = configuration.vrrpInstances.find((one) => one.name === name);
  if (instance === undefined) return null;
  const entry = [...KEEPALIVED, 2, 3, 1];
  return trap(
    [...KEEPALIVED, 2, 10, 0, 2],
    [
      [[...entry, 2], text(name)],
      [[...entry, 4], integer(STATE_NUMBERS[to])],
      [[...entry, 5], integer(instance.saysMaster ? STATE_NUMBERS.active : STATE_NUMBERS.backup)],
      routerId(configuration),
    ],
  );
}

/** vrrpSyncGroupStateChange */
export function groupTrap(configuration: CompleteConfiguration, { group, to }: VrrpGroupChange): readonly VarBind[] {
  const entry = [...KEEPALIVED, 2, 1, 1];
  return trap(
    [...KEEPALIVED, 2, 10, 0, 1],
    [[[...entry, 2], text(group)], [[...entry, 3], integer(STATE_NUMBERS[to])], routerId(configuration)],
  );
}

/** vrrpTrapNewMaster of a router of version 2, and vrrpv3NewMaster of any: those whose MIB is served. */
export function newMasterTraps(
  configuration: CompleteConfiguration,
  live: VrrpInstanceSnapshot,
  { link, serves }: { readonly link: LinkFacts; readonly serves: { readonly v2: boolean; readonly v3: boolean } },
): readonly (readonly VarBind[])[] {
  const instance = configuration.vrrpInstances.find((one) => one.name === live.name);
  if (instance === undefined) return [];
  const address = live.sourceAddress ?? "";
  const v2: Objects = [[[...VRRP_MIB, 1, 3, 1, 7, ...v2Index({ instance, link })], ipAddress(address)]];
  const index = v3Index({ instance, link });
  const v3: Objects = [
    [[...VRRPV3_MIB, 1, 1, 1, 1, 3, ...index], inetAddress(address)],
    [[...VRRPV3_MIB, 1, 2, 5, 1, 2, ...index], integer(MASTER_NO_RESPONSE)],
  ];
  return [
    ...(serves.v2 && instance.version === 2 ? [trap([...VRRP_MIB, 0, 1], v2)] : []),
    ...(serves.v3 ? [trap([...VRRPV3_MIB, 0, 1], v3)] : []),
  ];
}

function columns(all: Columns<VirtualServerRow>, row: VirtualServerRow, numbers: readonly number[]): Objects {
  return numbers.map((number) => [[...KEEPALIVED, 3, 3, 1, number], all[number]?.(row) ?? null]);
}

/** The columns that tell which virtual server: an address family only where there is an address. */
function keyOf(row: VirtualServerRow): Objects {
  const numbers = row.server.key.kind === "address" ? [2, 5, 6, 7, 8] : [2, 3, 4, 8];
  return columns(KEY_COLUMNS, row, numbers);
}

/** realServerStateChange or virtualServerQuorumStateChange; null for what has no notification. */
export function poolTrap(
  configuration: CompleteConfiguration,
  { virtualServer, effect }: LvsPoolEvent,
  status: VirtualServerStatus | null,
): readonly VarBind[] | null {
  const server = configuration.virtualServers.find((one) => one === virtualServer);
  if (server === undefined) return null;
  const row = { server, status, traffic: null };
  switch (effect.kind) {
    case "server-up":
    case "server-down":
    case "server-never-up": {
      const real = server.realServers[effect.server];
      if (real === undefined) return null;
      const entry = [...KEEPALIVED, 3, 4, 1];
      return trap(
        [...KEEPALIVED, 3, 5, 0, 1],
        [
          [[...entry, 3], addressType(real.family)],
          [[...entry, 4], inetAddress(real.address)],
          [[...entry, 5], gauge(real.port)],
          [[...entry, 6], truth(effect.kind === "server-up")],
          ...keyOf(row),
          ...columns(COUNT_COLUMNS, row, [21, 20]),
          routerId(configuration),
        ],
      );
    }
    case "quorum-gained":
    case "quorum-lost":
      return trap(
        [...KEEPALIVED, 3, 5, 0, 2],
        [
          ...keyOf(row),
          [[...KEEPALIVED, 3, 3, 1, 23], truth(effect.kind === "quorum-gained")],
          ...columns(COUNT_COLUMNS, row, [22, 21, 20]),
          routerId(configuration),
        ],
      );
    default:
      return null;
  }
}
