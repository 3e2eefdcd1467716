import type { LinkFacts } from "../addressing/link-message.ts";
import { planVmacs, type Vmac } from "../addressing/vmac.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";

/** An instance as it runs: its addresses are on its VMACs, and those have the names that the kernel knows them by. */
export interface PlacedInstance extends ConfiguredVrrpInstance {
  /** The interface below each VMAC or ipvlan of any instance, by name. */
  readonly bases: ReadonlyMap<string, string>;
}

export interface PlacedConfiguration extends CompleteConfiguration {
  readonly vrrpInstances: readonly PlacedInstance[];
}

function named(instance: ConfiguredVrrpInstance, vmacs: readonly Vmac[]): ConfiguredVrrpInstance {
  const { name: owner, interfaceName, vmac, ipvlan } = instance;
  const own = vmacs.find(({ instance: name, base }) => name === owner && base === interfaceName);
  if (own === undefined) return instance;
  return {
    ...instance,
    vmac: vmac === null ? null : { ...vmac, name: own.name },
    ipvlan: ipvlan === null ? null : { ...ipvlan, name: own.name },
  };
}

/** @param links of the kernel: VMACs that are there are found by what they are, as the daemon finds its own again */
export function placeConfiguration(
  configuration: CompleteConfiguration,
  links: readonly LinkFacts[],
): PlacedConfiguration {
  const { vmacPrefix: prefix, vmacAddressPrefix: addressPrefix } = configuration.global;
  const { instances, vmacs } = planVmacs(configuration.vrrpInstances, { prefix, addressPrefix }, links);
  const bases = new Map(vmacs.map(({ name, base }) => [name, base]));
  return { ...configuration, vrrpInstances: instances.map((instance) => ({ ...named(instance, vmacs), bases })) };
}

/** What an instance runs on: its VMAC, its ipvlan, or the interface itself. */
export function ownInterface({ vmac, ipvlan, interfaceName }: ConfiguredVrrpInstance): string {
  return vmac?.name ?? ipvlan?.name ?? interfaceName;
}
