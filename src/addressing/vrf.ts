import type { ConfiguredRoute } from "../model/addressing.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { LinkFacts } from "./link-message.ts";

type Routed = Pick<CompleteConfiguration, "staticRoutes" | "vrrpInstances">;

/** Whether any route names a VRF, so that the links have to be looked at. */
export function hasVrfRoutes({ staticRoutes, vrrpInstances }: Routed): boolean {
  const all = [...staticRoutes, ...vrrpInstances.flatMap(({ virtualRoutes }) => virtualRoutes)];
  return all.some(({ vrf }) => vrf !== null);
}

/**
 * Puts each route with a `vrf` into the table of that device. One whose device is not there is left out: in another table it
 * would lead traffic that is not meant.
 */
export function withVrfTables<Configuration extends Routed>(
  configuration: Configuration,
  links: readonly LinkFacts[],
): Configuration {
  const tables = new Map(links.flatMap(({ name, vrfTable }) => (vrfTable === null ? [] : [[name, vrfTable] as const])));
  const place = (routes: readonly ConfiguredRoute[]): readonly ConfiguredRoute[] =>
    routes.flatMap((route) => {
      if (route.vrf === null) return [route];
      const table = tables.get(route.vrf);
      return table === undefined ? [] : [{ ...route, table }];
    });
  return {
    ...configuration,
    staticRoutes: place(configuration.staticRoutes),
    vrrpInstances: configuration.vrrpInstances.map((instance) => ({
      ...instance,
      virtualRoutes: place(instance.virtualRoutes),
    })),
  };
}
