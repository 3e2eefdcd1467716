import { addressLine, routeLine, ruleLine } from "../config/explain/spelling.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { isSameModel } from "../model/equality.ts";

/** What a configuration has beside instances and virtual servers, under the name that the text gives it. */
type Parts = ReadonlyMap<string, unknown>;

function named(
  keyword: string,
  objects: readonly { readonly name: string }[],
): readonly (readonly [string, unknown])[] {
  return objects.map((one) => [`${keyword} ${one.name}`, one]);
}

/** Without a name of its own it is told by what it says. */
function spelled<Item>(
  what: string,
  items: readonly Item[],
  spell: (item: Item) => string,
): readonly (readonly [string, unknown])[] {
  return items.map((one) => [`${what} ${spell(one)}`, one]);
}

function partsOf(configuration: CompleteConfiguration): Parts {
  const { tls } = configuration;
  return new Map([
    ...named("vrrp_sync_group", configuration.syncGroups),
    ...named("vrrp_script", configuration.scripts),
    ...named("track_file", configuration.trackFiles),
    ...named("track_process", configuration.trackProcesses),
    ...named("bfd_instance", configuration.bfdInstances),
    ...named("virtual_server_group", configuration.virtualServerGroups),
    ...named("track_group", configuration.staticTrackGroups),
    ...named("interface_up_down_delays of", configuration.interfaceDelays),
    ...spelled("garp_group of", configuration.garpGroups, ({ interfaces }) => interfaces.join(" ")),
    ...spelled("static address", configuration.staticAddresses, addressLine),
    ...spelled("static route", configuration.staticRoutes, routeLine),
    ...spelled("static rule", configuration.staticRules, ruleLine),
    ...(tls === null ? [] : [["SSL", tls] as const]),
  ]);
}

/** What a reload does to all but globals, instances and virtual servers: one sentence a line. */
export function describeParts(before: CompleteConfiguration, after: CompleteConfiguration): readonly string[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  const added = [...now.keys()].filter((name) => !old.has(name));
  const changed = [...now].filter(([name, part]) => old.has(name) && !isSameModel(old.get(name), part));
  return [
    ...[...old.keys()].filter((name) => !now.has(name)).map((name) => `${name}: is removed`),
    ...changed.map(([name]) => `${name}: changes`),
    ...added.map((name) => `${name}: is added`),
  ];
}
