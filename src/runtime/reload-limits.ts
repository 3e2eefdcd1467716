import type { CompleteConfiguration } from "../model/complete.ts";

type Globals = CompleteConfiguration["global"];

/** Words of `global_defs` that a reload takes without effect: what they shape is made once. */
export function restartOnly(before: Globals, after: Globals): readonly string[] {
  return [
    ...(before.leaseUs !== after.leaseUs ? ["vrrp_lease_time"] : []),
    ...(before.largestProbeCount !== after.largestProbeCount ? ["checker_max_in_flight"] : []),
    ...(before.umask !== after.umask ? ["umask"] : []),
  ];
}

/**
 * Words that differ and for which a reload is refused.
 * @param before null when nothing is in force
 * @param isNamespaceGiven by the command line, so that the text has no say
 */
export function unchangeables(before: Globals | null, after: Globals, isNamespaceGiven: boolean): readonly string[] {
  return [
    ...(!isNamespaceGiven && before?.networkNamespace !== after.networkNamespace ? ["net_namespace"] : []),
    ...(before?.instanceName !== after.instanceName ? ["instance"] : []),
    ...(before?.ipvsNamespace !== after.ipvsNamespace ? ["net_namespace_ipvs"] : []),
  ];
}

export function unchangeableText(settings: readonly string[]): string {
  return `${settings.join(" and ")} cannot change in a reload, a restart is needed`;
}
