import type { ConfigurationDiff, InstanceChange, RealServerChange, VirtualServerChange } from "../model/diff.ts";
import type { RealServer, VirtualServerKey } from "../model/lvs.ts";
import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";

/** Fields on which both ends must agree: until the peers are reloaded too, adverts are dropped. */
const AGREED_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "authentication",
  "advertisementIntervalUs",
  "checksumAsV2",
  "oldUnicastChecksum",
]);

/**
 * A reload in plain words: one sentence a line, nothing for what stays as it is.
 * @param others what `describeParts` says
 * @param globals what `describeGlobalChanges` says
 */
export function describeDiff(
  diff: ConfigurationDiff,
  others: readonly string[] = [],
  globals: readonly string[] = [],
): readonly string[] {
  // A setting that no keyword shows is named as the program calls it.
  const settings = globals.length > 0 ? globals : diff.globalFields.map((field) => `${words(field)} changes`);
  const lines = [
    ...settings.map((setting) => `global_defs: ${setting}`),
    ...diff.instances.flatMap(describeInstance),
    ...diff.virtualServers.flatMap(describeVirtualServer),
    ...others,
  ];
  return lines.length > 0 ? lines : ["nothing changes"];
}

function describeInstance(change: InstanceChange): readonly string[] {
  switch (change.kind) {
    case "added":
      return [
        `${instanceName(change.instance)}: is added, starts as BACKUP with ${addressList(change.instance.virtualAddresses)}`,
      ];
    case "removed":
      return [
        `${instanceName(change.instance)}: is removed; if it is MASTER it sends priority 0 and drops ${addressList(change.instance.virtualAddresses)}`,
      ];
    case "kept":
      return describeKeptInstance(change);
  }
}

function describeKeptInstance(change: InstanceChange & { readonly kind: "kept" }): readonly string[] {
  const name = instanceName(change.after);
  const { before, after } = change;
  const said = new Set(["virtualAddresses", "excludedAddresses", "priority", "name"]);
  const lines: string[] = [];
  if (before.name !== after.name) lines.push(`${name}: was called ${before.name}; its state stays`);
  if (change.addedAddresses.length > 0) {
    lines.push(`${name}: ${addressList(change.addedAddresses)} is added and announced at once if it is MASTER`);
  }
  if (change.removedAddresses.length > 0) {
    lines.push(`${name}: ${addressList(change.removedAddresses)} is dropped; connections to it end`);
  }
  if (before.priority !== after.priority) {
    lines.push(
      `${name}: priority ${before.priority} becomes ${after.priority}; the state stays, the next adverts decide`,
    );
  }
  for (const field of change.fields.filter((candidate) => !said.has(candidate))) {
    const warning = AGREED_FIELDS.has(field) ? "; adverts are dropped until every peer has the same" : "";
    lines.push(`${name}: ${words(field)} changes, the election is not restarted${warning}`);
  }
  return lines;
}

function describeVirtualServer(change: VirtualServerChange): readonly string[] {
  switch (change.kind) {
    case "added":
      return [
        `virtual server ${keyText(change.server.key)}: is added with ${count(change.server.realServers.length, "real server")}`,
      ];
    case "removed":
      return [`virtual server ${keyText(change.server.key)}: is removed; its connections end`];
    case "kept": {
      const name = `virtual server ${keyText(change.after.key)}`;
      return [
        ...change.fields.map((field) => `${name}: ${words(field)} changes in place; connections stay`),
        ...change.realServers.flatMap((server) => describeRealServer(name, server)),
      ];
    }
  }
}

function describeRealServer(virtualServer: string, change: RealServerChange): readonly string[] {
  switch (change.kind) {
    case "added":
      return [`${virtualServer}: ${serverName(change.server)} is added with weight ${change.server.weight}`];
    case "removed":
      return [`${virtualServer}: ${serverName(change.server)} is removed; its connections end`];
    case "kept":
      return change.fields.map((field) => describeRealServerField(virtualServer, change, field));
  }
}

function describeRealServerField(
  virtualServer: string,
  change: RealServerChange & { readonly kind: "kept" },
  field: string,
): string {
  const server = serverName(change.after);
  if (field === "weight") {
    return `${virtualServer}: ${server} changes weight from ${change.before.weight} to ${change.after.weight}; connections stay`;
  }
  if (field === "checkers") return `${virtualServer}: ${server} is checked differently; connections stay`;
  return `${virtualServer}: ${server}, ${words(field)} changes in place; connections stay`;
}

function instanceName(instance: VrrpInstance): string {
  return `${instance.name} (${instance.interfaceName}, VRID ${instance.vrid})`;
}

function serverName(server: RealServer): string {
  return `real server [${server.address}]:${server.port}`;
}

function keyText(key: VirtualServerKey): string {
  switch (key.kind) {
    case "address":
      return `[${key.address}]:${key.protocol}:${key.port}`;
    case "fwmark":
      return `FWM ${key.fwmark}`;
    case "group":
      return `[${key.group}]`;
  }
}

function addressList(addresses: readonly VirtualAddress[]): string {
  const SHOWN = 4;
  const shown = addresses.slice(0, SHOWN).map((address) => `${address.address}/${address.prefixLength}`);
  if (shown.length === 0) return "no address";
  const rest = addresses.length - shown.length;
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `persistenceTimeoutSec` reads "persistence timeout". */
function words(field: string): string {
  return field.replace(/(Us|Sec|Ms)$/, "").replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
}
