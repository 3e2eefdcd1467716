import type { VrrpInstance } from "../model/vrrp.ts";

/** Interfaces that an instance's tracked routes and rules name; keepalived: those of next hops don't count. */
export function objectInterfaces({
  virtualRoutes = [],
  virtualRules = [],
}: Pick<VrrpInstance, "virtualRoutes" | "virtualRules">): readonly string[] {
  const names = [
    ...virtualRoutes.filter(({ isTracked }) => isTracked).map(({ interfaceName }) => interfaceName),
    ...virtualRules
      .filter(({ isTracked }) => isTracked)
      .flatMap(({ inputInterface, outputInterface }) => [inputInterface, outputInterface]),
  ];
  return [...new Set(names.filter((name) => name !== null))];
}
