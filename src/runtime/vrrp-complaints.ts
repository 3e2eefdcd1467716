import type { Diagnostic } from "../model/diagnostic.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import { type NetworkView, namedInterfaces } from "./vrrp-network.ts";

/**
 * Why these instances cannot be run here.
 * @param view null: missing interfaces are waited for
 */
export function complaintsAbout(configs: readonly VrrpInstance[], view: NetworkView | null): readonly Diagnostic[] {
  return configs.flatMap((config) => missingInterfaces(config, view));
}

function missingInterfaces(config: VrrpInstance, view: NetworkView | null): readonly Diagnostic[] {
  if (view === null) return [];
  return namedInterfaces(config)
    .filter((name) => view.linkNamed(name) === null && config.ownInterfaces?.includes(name) !== true)
    .map((name) => {
      const message = `(${config.name}) interface ${name} does not exist: Non-existent interface specified in configuration`;
      return { severity: "error", code: "unknown-interface", message, place: config.place };
    });
}
