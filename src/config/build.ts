import type { Configuration } from "../model/configuration.ts";
import { buildGlobals } from "./build-global.ts";
import { buildVirtualServer } from "./build-lvs.ts";
import { buildVrrpInstance } from "./build-vrrp.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import type { Entry } from "./tree.ts";

/** Turns the entries of all files into the model. */
export function buildConfiguration(entries: readonly Entry[], context: BuildContext): Configuration {
  const root = new Settings(entries, context.reporter);
  const globals = buildGlobals(root, context);
  const vrrpInstances = root
    .all("vrrp_instance")
    .map((entry) => buildVrrpInstance(entry, globals, context))
    .filter((instance) => instance !== null);
  const virtualServers = root
    .all("virtual_server")
    .map((entry) => buildVirtualServer(entry, context))
    .filter((server) => server !== null);
  return { global: globals.settings, vrrpInstances, virtualServers };
}
