import { boundInterface } from "./bound-interface.ts";
import type { Configuration } from "./configuration.ts";
import { changedFields, isSameModel } from "./equality.ts";
import type { RealServer, VirtualServer, VirtualServerKey } from "./lvs.ts";
import type { VirtualAddress, VrrpInstance } from "./vrrp.ts";

/** What a reload does to one VRRP instance. */
export type InstanceChange =
  | { readonly kind: "added"; readonly instance: VrrpInstance }
  /** An active one sends priority 0 and gives its addresses up. */
  | { readonly kind: "removed"; readonly instance: VrrpInstance }
  /** State, timers and addresses that stay are not touched. */
  | {
      readonly kind: "kept";
      readonly before: VrrpInstance;
      readonly after: VrrpInstance;
      readonly addedAddresses: readonly VirtualAddress[];
      readonly removedAddresses: readonly VirtualAddress[];
      /** Field names of `VrrpInstance` that differ. */
      readonly fields: readonly string[];
    };

/** What a reload does to one real server of a virtual server that stays. */
export type RealServerChange =
  | { readonly kind: "added"; readonly server: RealServer }
  | { readonly kind: "removed"; readonly server: RealServer }
  | {
      readonly kind: "kept";
      readonly before: RealServer;
      readonly after: RealServer;
      readonly fields: readonly string[];
    };

export type VirtualServerChange =
  | { readonly kind: "added"; readonly server: VirtualServer }
  | { readonly kind: "removed"; readonly server: VirtualServer }
  | {
      readonly kind: "kept";
      readonly before: VirtualServer;
      readonly after: VirtualServer;
      /** Field names of `VirtualServer` that differ, without `realServers`. */
      readonly fields: readonly string[];
      readonly realServers: readonly RealServerChange[];
    };

/** What a reload from one configuration to another does. */
export interface ConfigurationDiff {
  /** Field names of `GlobalSettings` that differ. */
  readonly globalFields: readonly string[];
  readonly instances: readonly InstanceChange[];
  readonly virtualServers: readonly VirtualServerChange[];
}

/**
 * What makes two instances the same one across a reload. The name is not part of it.
 * @see keepalived's reload: VRID, family, interface, and source (unicast) or group (multicast)
 */
export function instanceKey(instance: VrrpInstance): string {
  const isUnicast = instance.unicastPeers.length > 0;
  const end = isUnicast ? (instance.sourceAddress ?? "") : instance.multicastGroup;
  return [
    instance.vrid,
    instance.family,
    boundInterface(instance) ?? "",
    isUnicast ? "unicast" : "multicast",
    end,
  ].join(" ");
}

/**
 * Which running instance goes on as which one of a new configuration. Unicast instances may have one key if their peers
 * differ: then the name decides, else the peers, else the order.
 * @returns for each of `after` the one of `before`, or null; none twice
 */
export function pairInstances<Item>(
  before: readonly Item[],
  after: readonly VrrpInstance[],
  configOf: (item: Item) => VrrpInstance,
): readonly (Item | null)[] {
  const left = new Map<string, Item[]>();
  for (const item of before) {
    const key = instanceKey(configOf(item));
    left.set(key, [...(left.get(key) ?? []), item]);
  }
  const pairs: (Item | null)[] = after.map(() => null);
  const isNamedSo = (old: VrrpInstance, now: VrrpInstance): boolean => old.name === now.name;
  const hasPeers = (old: VrrpInstance, now: VrrpInstance): boolean => isSameModel(old.unicastPeers, now.unicastPeers);
  for (const isMeant of [isNamedSo, hasPeers, (): boolean => true]) {
    for (const [at, now] of after.entries()) {
      if (pairs[at] !== null) continue;
      const candidates = left.get(instanceKey(now)) ?? [];
      const found = candidates.findIndex((item) => isMeant(configOf(item), now));
      if (found >= 0) pairs[at] = candidates.splice(found, 1)[0] ?? null;
    }
  }
  return pairs;
}

export function virtualServerKey(key: VirtualServerKey): string {
  const known = KNOWN_KEYS.get(key);
  if (known !== undefined) return known;
  const text = keyText(key);
  KNOWN_KEYS.set(key, text);
  return text;
}

/** A reload asks for them several times, and most of the objects stay. */
const KNOWN_KEYS = new WeakMap<VirtualServerKey, string>();

function keyText(key: VirtualServerKey): string {
  switch (key.kind) {
    case "address":
      return [key.protocol, key.address, key.port].join(" ");
    case "fwmark":
      return `fwmark ${key.fwmark} ${key.family}`;
    case "group":
      return `group ${key.group} ${key.protocol ?? "none"}`;
  }
}

/**
 * The key of each virtual server of a configuration: equal before and after a reload, and for no two of one
 * configuration, since several on one group (or written twice) are told apart by their order.
 */
export function virtualServerKeys(servers: readonly VirtualServer[]): readonly string[] {
  const counts = new Map<string, number>();
  return servers.map(({ key }) => {
    const text = virtualServerKey(key);
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return count === 0 ? text : `${text} #${count}`;
  });
}

export function realServerKey(server: RealServer): string {
  return `${server.address} ${server.port}`;
}

export function virtualAddressKey(address: VirtualAddress): string {
  return `${address.address}/${address.prefixLength} ${address.interfaceName ?? ""}`;
}

export function diffConfigurations(before: Configuration, after: Configuration): ConfigurationDiff {
  return {
    globalFields: changedFields(before.global, after.global),
    instances: diffInstances(before.vrrpInstances, after.vrrpInstances),
    virtualServers: diffVirtualServers(before.virtualServers, after.virtualServers),
  };
}

export function diffInstances(
  before: readonly VrrpInstance[],
  after: readonly VrrpInstance[],
): readonly InstanceChange[] {
  const pairs = pairInstances(before, after, (instance) => instance);
  const kept = new Set(pairs);
  const entries = after.map((now, at) => ({ now, old: pairs[at] ?? null }));
  return [
    ...before.flatMap((instance): InstanceChange[] => (kept.has(instance) ? [] : [{ kind: "removed", instance }])),
    ...entries.flatMap(({ now, old }) => (old === null ? [] : [keptInstance(old, now)])),
    ...entries.flatMap(({ now, old }): InstanceChange[] => (old === null ? [{ kind: "added", instance: now }] : [])),
  ];
}

export function diffVirtualServers(
  before: readonly VirtualServer[],
  after: readonly VirtualServer[],
): readonly VirtualServerChange[] {
  const { removed, added, kept } = matchByKeys(before, after, virtualServerKeys);
  return [
    ...removed.map((server): VirtualServerChange => ({ kind: "removed", server })),
    ...kept.map(
      ([old, now]): VirtualServerChange => ({
        kind: "kept",
        before: old,
        after: now,
        fields: changedFields(old, now).filter((field) => field !== "realServers"),
        realServers: diffRealServers(old.realServers, now.realServers),
      }),
    ),
    ...added.map((server): VirtualServerChange => ({ kind: "added", server })),
  ];
}

function diffRealServers(before: readonly RealServer[], after: readonly RealServer[]): readonly RealServerChange[] {
  const { removed, added, kept } = match(before, after, realServerKey);
  return [
    ...removed.map((server): RealServerChange => ({ kind: "removed", server })),
    ...kept.map(
      ([old, now]): RealServerChange => ({ kind: "kept", before: old, after: now, fields: changedFields(old, now) }),
    ),
    ...added.map((server): RealServerChange => ({ kind: "added", server })),
  ];
}

function keptInstance(before: VrrpInstance, after: VrrpInstance): InstanceChange {
  const { removed, added } = match(allAddresses(before), allAddresses(after), virtualAddressKey);
  return {
    kind: "kept",
    before,
    after,
    addedAddresses: added,
    removedAddresses: removed,
    fields: changedFields(before, after),
  };
}

function allAddresses(instance: VrrpInstance): readonly VirtualAddress[] {
  return [...instance.virtualAddresses, ...instance.excludedAddresses];
}

interface Matched<Item> {
  readonly removed: readonly Item[];
  readonly added: readonly Item[];
  readonly kept: readonly (readonly [Item, Item])[];
}

/** Pairs items by key; of several with one key only the first counts. */
function match<Item>(before: readonly Item[], after: readonly Item[], keyOf: (item: Item) => string): Matched<Item> {
  return matchByKeys(before, after, (items) => items.map(keyOf));
}

/** @param keysOf one key for each item */
function matchByKeys<Item>(
  before: readonly Item[],
  after: readonly Item[],
  keysOf: (items: readonly Item[]) => readonly string[],
): Matched<Item> {
  const old = firstByKey(before, keysOf(before));
  const now = firstByKey(after, keysOf(after));
  const kept: (readonly [Item, Item])[] = [];
  const added: Item[] = [];
  for (const [key, item] of now) {
    const previous = old.get(key);
    if (previous === undefined) added.push(item);
    else kept.push([previous, item]);
  }
  return { removed: [...old].filter(([key]) => !now.has(key)).map(([, item]) => item), added, kept };
}

function firstByKey<Item>(items: readonly Item[], keys: readonly string[]): ReadonlyMap<string, Item> {
  const byKey = new Map<string, Item>();
  items.forEach((item, index) => {
    const key = keys[index] ?? "";
    if (!byKey.has(key)) byKey.set(key, item);
  });
  return byKey;
}

/** True when a reload would change nothing at all. */
export function isEmptyDiff(diff: ConfigurationDiff): boolean {
  return (
    diff.globalFields.length === 0 &&
    diff.instances.every((change) => change.kind === "kept" && change.fields.length === 0) &&
    diff.virtualServers.every(
      (change) =>
        change.kind === "kept" &&
        change.fields.length === 0 &&
        change.realServers.every((server) => server.kind === "kept" && server.fields.length === 0),
    )
  );
}
