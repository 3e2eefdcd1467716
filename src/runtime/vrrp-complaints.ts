import type { Diagnostic } from "../model/diagnostic.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { SpokenRecord } from "./log.ts";
import { type NetworkView, namedInterfaces } from "./vrrp-network.ts";

/**
 * Why these instances cannot be run here.
 * @param view null: missing interfaces are waited for
 */
export function complaintsAbout(configs: readonly VrrpInstance[], view: NetworkView | null): readonly Diagnostic[] {
  return configs.flatMap((config) => missingInterfaces(config, view));
}

/** keepalived's word for interfaces that are waited for. */
export function tellOfAwaited(configs: readonly VrrpInstance[], view: NetworkView): readonly SpokenRecord[] {
  const missing = new Set(configs.flatMap((config) => missingNames(config, view)));
  return [...missing].map((name) => {
    const text = `Configuration specifies interface ${name} which doesn't currently exist - will use if created`;
    return { level: "info", message: "interface awaited", fields: { interface: name }, text };
  });
}

function missingNames(config: VrrpInstance, view: NetworkView): readonly string[] {
  return namedInterfaces(config).filter(
    (name) => view.linkNamed(name) === null && config.ownInterfaces?.includes(name) !== true,
  );
}

function missingInterfaces(config: VrrpInstance, view: NetworkView | null): readonly Diagnostic[] {
  if (view === null) return [];
  return missingNames(config, view).map((name) => {
    const message = `(${config.name}) interface ${name} does not exist: Non-existent interface specified in configuration`;
    return { severity: "error", code: "unknown-interface", message, place: config.place };
  });
}
