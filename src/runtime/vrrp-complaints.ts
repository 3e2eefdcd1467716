import type { Diagnostic } from "../model/diagnostic.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import { type NetworkView, namedInterfaces } from "./vrrp-network.ts";

/**
 * Why these instances cannot be run here.
 * @param view null: missing interfaces are waited for
 */
export function complaintsAbout(configs: readonly VrrpInstance[], view: NetworkView | null): readonly Diagnostic[] {
  return configs.flatMap((config) => [...unknownAuthentication(config), ...missingInterfaces(config, view)]);
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

/** Adverts without the header or trailer that the peers expect would make two active routers. */
function unknownAuthentication(config: VrrpInstance): readonly Diagnostic[] {
  const { kind } = config.authentication;
  if (kind !== "ah" && kind !== "hmac") return [];
  const words = kind === "ah" ? "auth_type AH" : "auth_hmac";
  const message = `(${config.name}) ${words} is not supported yet; use PASS or none on all routers`;
  return [{ severity: "error", code: "unsupported-authentication", message, place: config.place }];
}
