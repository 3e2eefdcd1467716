import type { VrrpRuntime, VrrpRuntimeDependencies, VrrpRuntimeOptions } from "./vrrp-types.ts";

/** The VRRP half of the daemon: owns the instances and the vrrp loop. */
export function createVrrpRuntime(options: VrrpRuntimeOptions, dependencies: VrrpRuntimeDependencies): VrrpRuntime {
  throw new Error(`vrrp runtime: not wired (${options.instances.length} instances, ${typeof dependencies.log})`);
}
