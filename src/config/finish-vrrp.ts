import type { ConfiguredGlobals } from "../model/global-complete.ts";
import type { TrackedObject, TrackedObjects } from "../model/tracking.ts";
import type { ConfiguredVrrpInstance, VrrpSyncGroup } from "../model/vrrp-complete.ts";
import type { BuiltGlobals } from "./build-global.ts";
import type { UnresolvedSyncGroup } from "./build-groups.ts";
import type { UngroupedInstance } from "./build-vrrp.ts";
import { OWNER_PRIORITY } from "./build-vrrp-election.ts";
import type { BuildContext } from "./context.ts";

export interface UnfinishedVrrp {
  readonly instances: readonly UngroupedInstance[];
  readonly syncGroups: readonly UnresolvedSyncGroup[];
  readonly globals: BuiltGlobals;
}

/**
 * Settings that instances bring about: nftables for VMACs and no_accept when no firewall is named, and the IPVS
 * sync daemon that an instance asks for.
 */
export function finishGlobals(
  globals: ConfiguredGlobals,
  instances: readonly ConfiguredVrrpInstance[],
): ConfiguredGlobals {
  const needsFirewall = instances.some((instance) => instance.vmac !== null || !instance.acceptMode);
  const firewall =
    needsFirewall && globals.firewall.table === null
      ? { ...globals.firewall, table: "keepalived", isTableImplied: true }
      : globals.firewall;
  const syncing = instances.find(({ lvsSyncInterface }) => lvsSyncInterface !== null);
  const fromInstance =
    syncing === undefined || syncing.lvsSyncInterface === null
      ? null
      : // keepalived: the id is the instance's only where global_defs names it; both sides of a pair have to have the same
        { ...NO_SYNC_OPTIONS, interfaceName: syncing.lvsSyncInterface, instance: syncing.name, syncId: 0 };
  return { ...globals, firewall, lvsSyncDaemon: globals.lvsSyncDaemon ?? fromInstance };
}

const NO_SYNC_OPTIONS = { syncId: null, maxLengthBytes: null, port: null, ttl: null, group: null };

export interface FinishedVrrp {
  readonly instances: readonly ConfiguredVrrpInstance[];
  readonly syncGroups: readonly VrrpSyncGroup[];
}

/** Joins instances and sync groups, and makes the adjustments that need both. */
export function finishVrrp(vrrp: UnfinishedVrrp, context: BuildContext): FinishedVrrp {
  reportDuplicateVrids(vrrp.instances, context);
  const instances = separateVmacs(vrrp.instances, context);
  const names = new Set(vrrp.instances.map(({ name }) => name));
  const groupOf = new Map<string, UnresolvedSyncGroup>();
  const kept = vrrp.syncGroups
    .map((group) => resolveMembers(group, names, groupOf, context))
    .filter((group) => group.members.length > 0);
  const isOwner = new Map(
    vrrp.instances.map((item) => [item.name, item.wantsActive && item.priority === OWNER_PRIORITY]),
  );
  const owned = kept.filter(({ members }) => members.every((name) => isOwner.get(name) === true));
  const owners = new Set(owned.map(({ name }) => name));
  return {
    instances: instances.map((item) => finishInstance(item, groupOf.get(item.name), owners, context)),
    syncGroups: kept.map(({ ownPriorityChanges: _own, ...group }) => group),
  };
}

function reportDuplicateVrids(instances: readonly UngroupedInstance[], context: BuildContext): void {
  const seen = new Map<string, string>();
  for (const instance of instances) {
    const { name, vrid, family, place } = instance;
    const keys = placesOf(instance).map((where) => `${family} ${vrid} ${where}`);
    const other = keys.map((key) => seen.get(key)).find((found) => found !== undefined);
    for (const key of keys) if (!seen.has(key)) seen.set(key, name);
    if (other === undefined) continue;
    const message = `vrrp_instance ${name} has the VRID of ${other} on the same interface`;
    context.reporter.add("duplicate-vrid", message, place);
  }
}

/**
 * Where an instance must be alone with its VRID. keepalived: those that only their VMACs tell apart get in each other's
 * way by multicast; unicast ones where they have one peer in common and no VMAC does.
 */
function placesOf(instance: UngroupedInstance): readonly string[] {
  const { name, interfaceName, unicastPeers, sourceAddress, multicastGroup, vrf, vmac } = instance;
  if (unicastPeers.length === 0) return [`${interfaceName} ${multicastGroup}`];
  const from = `${vrf ?? ""} ${sourceAddress ?? interfaceName} ${vmac === null ? "" : (vmac.name ?? name)}`;
  return unicastPeers.map(({ address }) => `${from} ${address}`);
}

/** Two instances cannot have one VMAC: the later one gets a generated name. */
function separateVmacs(instances: readonly UngroupedInstance[], context: BuildContext): readonly UngroupedInstance[] {
  const taken = new Set<string>();
  return instances.map((instance) => {
    const { vmac } = instance;
    if (vmac === null || vmac.name === null) return instance;
    if (!taken.has(vmac.name)) {
      taken.add(vmac.name);
      return instance;
    }
    const message = `another instance has a VMAC ${vmac.name} already; another name is generated`;
    context.reporter.add("duplicate", `vrrp_instance ${instance.name}: ${message}`, vmac.place);
    return { ...instance, vmac: { ...vmac, name: null } };
  });
}

function resolveMembers(
  group: UnresolvedSyncGroup,
  names: ReadonlySet<string>,
  groupOf: Map<string, UnresolvedSyncGroup>,
  context: BuildContext,
): UnresolvedSyncGroup {
  const { reporter } = context;
  const members: string[] = [];
  for (const name of group.members) {
    const other = groupOf.get(name);
    if (!names.has(name)) {
      reporter.add(
        "undefined-reference",
        `vrrp_sync_group ${group.name}: there is no vrrp_instance ${name}`,
        group.place,
      );
    } else if (other !== undefined) {
      reporter.add("duplicate", `vrrp_sync_group ${group.name}: ${name} is in ${other.name} already`, group.place);
    } else {
      members.push(name);
      groupOf.set(name, group);
    }
  }
  if (members.length === 0) reporter.add("sync-group", `vrrp_sync_group ${group.name} has no member`, group.place);
  if (members.length === 1)
    reporter.add("sync-group", `vrrp_sync_group ${group.name} has one member only`, group.place);
  return { ...group, members };
}

function finishInstance(
  instance: UngroupedInstance,
  group: UnresolvedSyncGroup | undefined,
  owners: ReadonlySet<string>,
  context: BuildContext,
): ConfiguredVrrpInstance {
  const { ownPriorityChanges, ...rest } = instance;
  const adjusted = dropWeights({ ...rest, saysMaster: rest.wantsActive }, group, context);
  if (group === undefined) return adjusted;
  return {
    ...adjusted,
    // Without owners only, a group starts as backup
    wantsActive: adjusted.wantsActive && owners.has(group.name),
    syncGroup: group.name,
    notifiesPriorityChanges: ownPriorityChanges ?? group.notifiesPriorityChanges,
  };
}

/** An address owner has a fixed priority, and members of a sync group move by faults alone. */
function dropWeights(
  instance: ConfiguredVrrpInstance,
  group: UnresolvedSyncGroup | undefined,
  context: BuildContext,
): ConfiguredVrrpInstance {
  const isOwner = instance.priority === OWNER_PRIORITY;
  const isBound = group !== undefined && !group.keepsTrackingWeights;
  if (!isOwner && !isBound) return instance;
  const why = isOwner
    ? "its priority is fixed at 255 (address owner; also state MASTER without a priority)"
    : "members of a sync group move by faults alone";
  const report = (object: TrackedObject, what: string, because = why): void => {
    const message = `vrrp_instance ${instance.name}: ${what} ${object.name} has a weight, but ${because}`;
    context.reporter.add("vrrp-adjusted", message, object.place);
  };
  const unweighted = (objects: readonly TrackedObject[], what: string): readonly TrackedObject[] =>
    objects.filter((object) => {
      if (object.weight !== 0) report(object, what);
      return object.weight === 0;
    });
  const withoutWeight = (objects: readonly TrackedObject[]): readonly TrackedObject[] =>
    objects.map((object) => (object.weight === 1 ? { ...object, weight: 0 } : object));
  const tracked: TrackedObjects = {
    scripts: unweighted(instance.tracked.scripts, "script"),
    files: unweighted(withoutWeight(instance.tracked.files), "file"),
    processes: unweighted(instance.tracked.processes, "process"),
    bfds: unweighted(instance.tracked.bfds, "BFD"),
  };
  // keepalived: of a member it says the same, and lowers the priority all the same.
  const trackedInterfaces = instance.trackedInterfaces.filter((item) => {
    if (item.weight !== 0)
      report(item, "interface", isOwner ? why : `${why}; it counts, add sync_group_tracking_weight`);
    return item.weight === 0 || !isOwner;
  });
  return { ...instance, trackedInterfaces, tracked };
}
