import type { CompleteConfiguration } from "../model/complete.ts";
import type { AdvertDropReason } from "../native/contract.ts";
import type { LvsPoolEvent } from "../runtime/lvs-types.ts";
import type { VrrpDrop, VrrpGroupChange, VrrpInstanceSnapshot, VrrpStateChange } from "../runtime/vrrp-types.ts";
import type { Columns } from "../snmp/mib.ts";
import type { Oid } from "../snmp/oid.ts";
import { gauge, inetAddress, integer, ipAddress, type SnmpValue, text, truth, type VarBind } from "../snmp/values.ts";
import type { TransitionCause } from "../vrrp/cause.ts";
import { COUNT_COLUMNS, KEY_COLUMNS, PROTOCOLS, type VirtualServerRow } from "./mib-checkers.ts";
import { addressType, KEEPALIVED, type LinkFacts, STATE_NUMBERS, VRRP_MIB, VRRPV3_MIB } from "./mib-facts.ts";
import { newMasterReason, type RouterRow, v2Index, v3Index } from "./mib-rfc.ts";
import { protocolError } from "./protocol-error.ts";

/** snmpTrapOID.0 */
const TRAP_OID: Oid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

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

export interface NewMasterFacts {
  readonly link: LinkFacts;
  readonly serves: { readonly v2: boolean; readonly v3: boolean };
  readonly cause: TransitionCause;
}

/** vrrpTrapNewMaster of a router of version 2, and vrrpv3NewMaster of any: those whose MIB is served. */
export function newMasterTraps(
  configuration: CompleteConfiguration,
  live: VrrpInstanceSnapshot,
  { link, serves, cause }: NewMasterFacts,
): readonly (readonly VarBind[])[] {
  const instance = configuration.vrrpInstances.find((one) => one.name === live.name);
  if (instance === undefined) return [];
  const address = live.sourceAddress ?? "";
  const v2: Objects = [[[...VRRP_MIB, 1, 3, 1, 7, ...v2Index({ instance, link })], ipAddress(address)]];
  const index = v3Index({ instance, link });
  const v3: Objects = [
    [[...VRRPV3_MIB, 1, 1, 1, 1, 3, ...index], inetAddress(address)],
    [[...VRRPV3_MIB, 1, 2, 5, 1, 2, ...index], newMasterReason(cause)],
  ];
  return [
    ...(serves.v2 && instance.version === 2 ? [trap([...VRRP_MIB, 0, 1], v2)] : []),
    ...(serves.v3 ? [trap([...VRRPV3_MIB, 0, 1], v3)] : []),
  ];
}

/** vrrpTrapAuthErrorType */
const AUTHENTICATION_ERRORS: Readonly<Partial<Record<AdvertDropReason, number>>> = {
  "authentication-type": 1,
  "authentication-mismatch": 2,
  password: 3,
  spi: 3,
  icv: 3,
  "ah-replay": 3,
};

/** vrrpTrapAuthFailure; null for what is no failure of authentication. keepalived: its objects have the router's index. */
export function authenticationTrap(
  { reason, source }: Pick<VrrpDrop, "reason" | "source">,
  router: Pick<RouterRow, "instance" | "link">,
): readonly VarBind[] | null {
  const error = AUTHENTICATION_ERRORS[reason];
  if (error === undefined) return null;
  const index = v2Index(router);
  const objects: Objects = [
    [[...VRRP_MIB, 1, 5, ...index], ipAddress(source)],
    [[...VRRP_MIB, 1, 6, ...index], integer(error)],
  ];
  return trap([...VRRP_MIB, 0, 2], objects);
}

/** vrrpv3ProtoError; null for what is no error of the protocol. */
export function protocolTrap(
  reason: AdvertDropReason,
  router: Pick<RouterRow, "instance" | "link">,
): readonly VarBind[] | null {
  const error = protocolError(reason);
  if (error === 0) return null;
  return trap([...VRRPV3_MIB, 0, 2], [[[...VRRPV3_MIB, 1, 2, 5, 1, 6, ...v3Index(router)], integer(error)]]);
}

function columns(all: Columns<VirtualServerRow>, row: VirtualServerRow, numbers: readonly number[]): Objects {
  return numbers.map((number) => [[...KEEPALIVED, 3, 3, 1, number], all[number]?.(row) ?? null]);
}

/** The columns that tell which virtual server: an address family only where there is an address. */
function keyOf(row: VirtualServerRow): Objects {
  if (row.server.key.kind === "address") return columns(KEY_COLUMNS, row, [2, 5, 6, 7, 8]);
  const named = columns(KEY_COLUMNS, row, [2, 3, 4, 8]);
  // keepalived: here a firewall mark has the protocol that a virtual server has by default.
  return row.server.key.kind === "group" ? named : [...named, [[...KEEPALIVED, 3, 3, 1, 8], integer(PROTOCOLS.udp)]];
}

interface Pool {
  readonly configuration: CompleteConfiguration;
  readonly row: VirtualServerRow;
}

function serverTrap({ configuration, row }: Pool, index: number, isUp: boolean): readonly VarBind[] | null {
  const real = row.server.realServers[index];
  if (real === undefined) return null;
  const entry = [...KEEPALIVED, 3, 4, 1];
  return trap(
    [...KEEPALIVED, 3, 5, 0, 1],
    [
      [[...entry, 3], addressType(real.family)],
      [[...entry, 4], inetAddress(real.address)],
      [[...entry, 5], gauge(real.port)],
      [[...entry, 6], truth(isUp)],
      ...keyOf(row),
      ...columns(COUNT_COLUMNS, row, [21, 20]),
      routerId(configuration),
    ],
  );
}

const QUORUM_STATES = { met: 1, notMet: 2, shutdown: 3 };

function quorumTrap({ configuration, row }: Pool, state: keyof typeof QUORUM_STATES): readonly VarBind[] {
  return trap(
    [...KEEPALIVED, 3, 5, 0, 2],
    [
      ...keyOf(row),
      [[...KEEPALIVED, 3, 3, 1, 23], integer(QUORUM_STATES[state])],
      ...columns(COUNT_COLUMNS, row, [22, 21, 20]),
      routerId(configuration),
    ],
  );
}

/** keepalived: the servers that were up go one after the other, then the quorum is shut down. */
function stopTraps({ configuration, row }: Pool, alive: readonly boolean[]): readonly (readonly VarBind[] | null)[] {
  const went = alive.flatMap((isAlive, index) => (isAlive ? [index] : []));
  const left = (upCount: number): Pool => ({ configuration, row: { ...row, upCount } });
  return [
    ...went.map((index, at) => serverTrap(left(went.length - at - 1), index, false)),
    quorumTrap(left(0), "shutdown"),
  ];
}

/** realServerStateChange and virtualServerQuorumStateChange; none for what has no notification. */
export function poolTraps(
  configuration: CompleteConfiguration,
  { virtualServer, effect, alive }: LvsPoolEvent,
): readonly (readonly VarBind[] | null)[] {
  const server = configuration.virtualServers.find((one) => one === virtualServer);
  if (server === undefined) return [];
  const pool = { configuration, row: { server, upCount: alive.filter(Boolean).length, status: null, traffic: null } };
  switch (effect.kind) {
    case "server-up":
    case "server-down":
    case "server-never-up":
      return [serverTrap(pool, effect.server, effect.kind === "server-up")];
    case "quorum-gained":
      return [quorumTrap(pool, "met")];
    case "quorum-lost":
      return [quorumTrap(pool, "notMet")];
    case "stopped":
      return stopTraps(pool, alive);
    default:
      return [];
  }
}
