import type { ConfiguredRoute, ConfiguredRule } from "../model/addressing.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";

type Input = Pick<
  CompleteConfiguration,
  "vrrpInstances" | "staticAddresses" | "staticRoutes" | "staticRules" | "staticTrackGroups"
> & { readonly global: Pick<CompleteConfiguration["global"], "defaultInterface"> };

/**
 * `track_group`: the instances of a group follow the interfaces of the static addresses, routes and rules that name it,
 * as if they tracked them without a weight.
 */
export function withStaticInterfaces(configuration: Input): readonly ConfiguredVrrpInstance[] {
  const { vrrpInstances, staticTrackGroups } = configuration;
  if (staticTrackGroups.length === 0) return vrrpInstances;
  const followed = followedInterfaces(configuration);
  return vrrpInstances.map((instance) => {
    const groups = staticTrackGroups.filter(({ instances }) => instances.includes(instance.name));
    const names = new Set(groups.flatMap(({ name }) => followed.get(name) ?? []));
    for (const { name } of instance.trackedInterfaces) names.delete(name);
    if (names.size === 0) return instance;
    const { place } = instance;
    const added = [...names].map((name) => ({ name, weight: 0, isReversed: false, place }));
    return { ...instance, trackedInterfaces: [...instance.trackedInterfaces, ...added] };
  });
}

function followedInterfaces(configuration: Input): ReadonlyMap<string, readonly string[]> {
  const { staticAddresses, staticRoutes, staticRules, global } = configuration;
  const followed = new Map<string, readonly string[]>();
  const add = (group: string | null, names: readonly (string | null)[]): void => {
    if (group === null) return;
    followed.set(group, [...(followed.get(group) ?? []), ...names.filter((name) => name !== null)]);
  };
  for (const { trackGroup, interfaceName } of staticAddresses)
    add(trackGroup, [interfaceName ?? global.defaultInterface]);
  for (const route of staticRoutes) add(route.trackGroup, routeInterfaces(route));
  for (const rule of staticRules) add(rule.trackGroup, ruleInterfaces(rule));
  return followed;
}

function routeInterfaces({ interfaceName, nextHops }: ConfiguredRoute): readonly (string | null)[] {
  return [interfaceName, ...nextHops.map((hop) => hop.interfaceName)];
}

function ruleInterfaces({ inputInterface, outputInterface }: ConfiguredRule): readonly (string | null)[] {
  return [inputInterface, outputInterface];
}
