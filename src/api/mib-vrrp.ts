import type { TrackedObject, TrackedObjects, VrrpScript } from "../model/tracking.ts";
import type { VrrpSyncGroup } from "../model/vrrp-complete.ts";
import type { VrrpStateName } from "../runtime/vrrp-types.ts";
import { type Columns, type IndexedRow, joined, type MibNode, table } from "../snmp/mib.ts";
import { gauge, inetAddress, integer, text, truth } from "../snmp/values.ts";
import type { ScriptState } from "../tracking/script.ts";
import { addressTable, routeTables, ruleTable } from "./mib-addressing.ts";
import {
  addressType,
  command,
  type InstanceRow,
  instanceRows,
  KEEPALIVED,
  type MibFacts,
  optional,
  preempts,
  STATE_NUMBERS,
} from "./mib-facts.ts";
import { ownInterface } from "./placed.ts";

const VRRP = [...KEEPALIVED, 2];
const SECOND_US = 1_000_000;
const CENTISECOND_US = 10_000;

const AUTHENTICATION = { none: 0, pass: 1, ah: 2, hmac: 0 };

function stateOf({ live }: InstanceRow): VrrpStateName {
  return live?.state ?? "initialize";
}

function hasScripts(notify: InstanceRow["instance"]["notify"]): boolean {
  return Object.values(notify).some((script) => script !== null);
}

const INSTANCE_COLUMNS: Columns<InstanceRow> = {
  2: ({ instance }) => text(instance.name),
  3: ({ instance }) => gauge(instance.vrid),
  4: (row) => integer(STATE_NUMBERS[stateOf(row)]),
  5: ({ instance }) => integer(instance.saysMaster ? STATE_NUMBERS.active : STATE_NUMBERS.backup),
  6: (row) => integer(STATE_NUMBERS[stateOf(row)]),
  7: ({ basePriority }) => integer(basePriority),
  8: ({ basePriority, live }) => integer(live?.effectivePriority ?? basePriority),
  9: (row) => truth(stateOf(row) === "active"),
  10: ({ instance }) => text(ownInterface(instance)),
  11: ({ instance }) => truth(!instance.ignoresOwnInterface),
  12: ({ instance: { version, advertisementIntervalUs } }) =>
    gauge(advertisementIntervalUs / (version === 2 ? SECOND_US : CENTISECOND_US)),
  13: (row) => truth(preempts(row)),
  14: ({ instance }) => gauge(instance.preemptDelayUs / SECOND_US),
  15: ({ instance }) => integer(AUTHENTICATION[instance.authentication.kind]),
  16: ({ instance }) => truth(instance.lvsSyncInterface !== null),
  17: ({ instance }) => optional(instance.lvsSyncInterface, text),
  18: ({ instance }) => optional(instance.syncGroup, text),
  19: ({ instance }) => gauge(instance.announce.delayUs / SECOND_US),
  20: ({ instance }) => truth(instance.sendsMail),
  21: ({ instance }) => truth(hasScripts(instance.notify)),
  22: ({ instance }) => command(instance.notify.active),
  23: ({ instance }) => command(instance.notify.backup),
  24: ({ instance }) => command(instance.notify.fault),
  25: ({ instance }) => command(instance.notify.stop),
  26: ({ instance }) => command(instance.notify.any),
  // keepalived: 0 for version 2, which has no such mode.
  27: ({ instance }) => (instance.version === 2 ? integer(0) : truth(instance.acceptMode)),
  28: ({ instance }) => truth(instance.promotesSecondaries),
  29: ({ instance }) => truth(instance.pollsLinkbeat),
  30: ({ instance }) => integer(instance.version),
  31: ({ instance }) => command(instance.notify.lowerPriorityHeard),
  32: ({ instance }) => command(instance.notify.deleted),
  33: ({ instance }) => truth(instance.reportsDeletion),
  34: ({ instance }) => (instance.unicastPeers.length > 0 ? null : addressType(instance.family)),
  35: ({ instance }) => (instance.unicastPeers.length > 0 ? null : inetAddress(instance.multicastGroup)),
};

/** Name, weight and reversal: the columns of everything that is tracked by number. */
const TRACKED_COLUMNS: Columns<TrackedObject> = {
  2: ({ name }) => text(name),
  3: ({ weight }) => integer(weight),
  4: ({ isReversed }) => truth(isReversed),
};

const TRACKED_INTERFACE_COLUMNS: Columns<Pick<TrackedObject, "name" | "weight" | "isReversed">> = {
  1: ({ name }) => text(name),
  2: ({ weight }) => integer(weight),
  3: ({ isReversed }) => truth(isReversed),
};

interface Owner {
  readonly at: number;
  readonly tracked: TrackedObjects;
  readonly trackedInterfaces: readonly Pick<TrackedObject, "name" | "weight" | "isReversed">[];
}

/** @param numbers of the tables: interfaces, scripts, files, BFD sessions, processes */
function trackedTables(
  owners: readonly Owner[],
  links: MibFacts["links"],
  numbers: readonly [number, number, number, number, number],
): readonly MibNode[] {
  const rowsOf = (kind: keyof TrackedObjects): readonly IndexedRow<TrackedObject>[] =>
    owners.flatMap(({ at, tracked }) => tracked[kind].map((row, number) => ({ index: [at, number + 1], row })));
  const interfaces = owners.flatMap(({ at, trackedInterfaces }) =>
    trackedInterfaces.flatMap((row) => {
      const link = links.get(row.name);
      return link === undefined ? [] : [{ index: [at, link.ifindex], row }];
    }),
  );
  return [
    table([...VRRP, numbers[0], 1], TRACKED_INTERFACE_COLUMNS, interfaces),
    table([...VRRP, numbers[1], 1], TRACKED_COLUMNS, rowsOf("scripts")),
    table([...VRRP, numbers[2], 1], TRACKED_COLUMNS, rowsOf("files")),
    table([...VRRP, numbers[3], 1], TRACKED_COLUMNS, rowsOf("bfds")),
    table([...VRRP, numbers[4], 1], TRACKED_COLUMNS, rowsOf("processes")),
  ];
}

interface GroupRow {
  readonly group: VrrpSyncGroup;
  readonly state: VrrpStateName;
}

/** The worst state among its members: that is where the group stands. */
function groupState(group: VrrpSyncGroup, rows: readonly InstanceRow[]): VrrpStateName {
  const states = rows.filter(({ instance }) => group.members.includes(instance.name)).map(stateOf);
  const order = ["fault", "initialize", "backup"] as const;
  return order.find((state) => states.includes(state)) ?? (states.length === 0 ? "initialize" : "active");
}

const GROUP_COLUMNS: Columns<GroupRow> = {
  2: ({ group }) => text(group.name),
  3: ({ state }) => integer(STATE_NUMBERS[state]),
  4: ({ group }) => truth(group.sendsMail),
  5: ({ group }) => truth(hasScripts(group.notify)),
  6: ({ group }) => command(group.notify.active),
  7: ({ group }) => command(group.notify.backup),
  8: ({ group }) => command(group.notify.fault),
  9: ({ group }) => command(group.notify.any),
  10: ({ group }) => truth(group.keepsTrackingWeights),
  11: ({ group }) => command(group.notify.stop),
};

function groupTables(facts: MibFacts, instances: readonly InstanceRow[]): readonly MibNode[] {
  const { syncGroups } = facts.snapshot.configuration;
  const owners = syncGroups.map(({ tracked, trackedInterfaces }, at) => ({ at: at + 1, tracked, trackedInterfaces }));
  return [
    table(
      [...VRRP, 1, 1],
      GROUP_COLUMNS,
      syncGroups.map((group, at) => ({ index: [at + 1], row: { group, state: groupState(group, instances) } })),
    ),
    table(
      [...VRRP, 2, 1],
      { 2: (name: string) => text(name) },
      syncGroups.flatMap(({ members }, at) => members.map((row, number) => ({ index: [at + 1, number + 1], row }))),
    ),
    ...trackedTables(owners, facts.links, [14, 15, 16, 19, 22]),
  ];
}

const MATCHES = { none: 0, exact: 1, partial: 2, initial: 3 };

function numbered<Row>(rows: readonly Row[]): readonly IndexedRow<Row>[] {
  return rows.map((row, at) => ({ index: [at + 1], row }));
}

const SCRIPT_RESULTS = { init: 1, bad: 2, good: 3, initFailed: 5 };

/** With `init_fail` a script counts as failed before its first run. */
function scriptResult(state: ScriptState | undefined, { startsFailed }: VrrpScript): number {
  if (state === undefined || state.isGood === null)
    return startsFailed ? SCRIPT_RESULTS.initFailed : SCRIPT_RESULTS.init;
  return state.isGood ? SCRIPT_RESULTS.good : SCRIPT_RESULTS.bad;
}

/** What can be tracked, and how it fares. */
function trackerTables({ snapshot: { configuration }, tracked, bfdSessions }: MibFacts): readonly MibNode[] {
  const { scripts, trackFiles, trackProcesses, bfdInstances } = configuration;
  const processes = new Map(tracked?.processes.map(({ process, state }) => [process.name, state]));
  const isUp = (name: string): boolean => bfdSessions.some((session) => session.name === name && session.isUp);
  return [
    table(
      [...VRRP, 9, 1],
      {
        2: ({ name }) => text(name),
        3: (script) => command(script.command),
        4: ({ intervalUs }) => integer(Math.trunc(intervalUs / SECOND_US)),
        5: ({ weight }) => integer(weight),
        6: (script) => integer(scriptResult(tracked?.scripts.get(script.name), script)),
        7: ({ rise }) => gauge(rise),
        8: ({ fall }) => gauge(fall),
        9: ({ isReversed }) => truth(isReversed),
      },
      // keepalived: what nobody tracks is not there.
      numbered(scripts.filter(({ name }) => tracked?.scripts.has(name) === true)),
    ),
    table(
      [...VRRP, 13, 1],
      {
        2: ({ name }) => text(name),
        3: ({ path }) => text(path),
        4: ({ name }) => integer(tracked?.files.get(name) ?? 0),
        5: ({ weight }) => integer(weight),
        6: ({ isReversed }) => truth(isReversed),
      },
      numbered(trackFiles.filter(({ name }) => tracked?.files.has(name) === true)),
    ),
    table(
      [...VRRP, 18, 1],
      {
        2: ({ name }) => text(name),
        3: ({ name }) => integer(isUp(name) ? 1 : 0),
        4: ({ weight }) => integer(weight),
        5: ({ isReversed }) => truth(isReversed),
      },
      numbered(bfdInstances),
    ),
    table(
      [...VRRP, 21, 1],
      {
        2: ({ name }) => text(name),
        3: ({ command: [path = ""] }) => text(path),
        4: ({ command: [, ...words] }) => text(words.map((word) => `'${word}'`).join(" ")),
        5: ({ parameterMatch }) => integer(MATCHES[parameterMatch]),
        6: ({ weight }) => integer(weight),
        7: ({ isReversed }) => truth(isReversed),
        8: ({ quorum }) => gauge(quorum),
        9: ({ quorumMaximum }) => integer(quorumMaximum ?? -1),
        10: ({ forkDelayUs }) => gauge(forkDelayUs),
        11: ({ terminateDelayUs }) => gauge(terminateDelayUs),
        12: ({ matchesFullCommand }) => truth(matchesFullCommand),
        13: ({ name }) => integer(processes.get(name)?.count ?? 0),
        14: ({ name }) => truth(processes.get(name)?.hasQuorum === true),
      },
      numbered(trackProcesses.filter(({ name }) => processes.has(name))),
    ),
  ];
}

/** The VRRP part of KEEPALIVED-MIB. */
export function vrrpTables(facts: MibFacts): MibNode {
  const instances = instanceRows(facts);
  const owners = instances.map(({ at, instance: { tracked, trackedInterfaces } }) => ({
    at,
    tracked,
    trackedInterfaces,
  }));
  return joined([
    ...groupTables(facts, instances),
    table(
      [...VRRP, 3, 1],
      INSTANCE_COLUMNS,
      instances.map((row) => ({ index: [row.at], row })),
    ),
    ...trackedTables(owners, facts.links, [4, 5, 12, 17, 20]),
    ...trackerTables(facts),
    addressTable(facts, instances),
    ...routeTables(facts, instances),
    ruleTable(facts, instances),
  ]);
}
