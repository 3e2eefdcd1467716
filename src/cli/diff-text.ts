import { boundInterface } from "../model/bound-interface.ts";
import type { ConfigurationDiff, InstanceChange, RealServerChange, VirtualServerChange } from "../model/diff.ts";
import type { RealServer, VirtualServerKey } from "../model/lvs.ts";
import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";
import type { KeywordChange, KeywordChanges } from "./diff-keywords.ts";

/** They have sentences of their own. */
const SAID_KEYWORDS: ReadonlySet<string> = new Set(["priority", "virtual_ipaddress", "virtual_ipaddress_excluded"]);

/** Fields, and their keywords, on which both ends must agree: until the peers are reloaded too, adverts are dropped. */
const AGREED_KEYWORDS: ReadonlySet<string> = new Set([
  "version",
  "advert_int",
  "auth_type",
  "auth_pass",
  "authentication",
  "auth_hmac",
  "key",
  "active_key",
  "mode",
  "v3_checksum_as_v2",
  "old_unicast_checksum",
]);
const AGREED_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "authentication",
  "advertisementIntervalUs",
  "checksumAsV2",
  "oldUnicastChecksum",
]);

/** What goes beyond the model's own fields; without it those are named. */
export interface DiffDetails {
  /** What `describeParts` says. */
  readonly others?: readonly string[];
  /** What `describeGlobalChanges` says. */
  readonly globals?: readonly string[];
  readonly keywordsOf?: KeywordChanges;
}

/**
 * A reload in plain words: one sentence a line, nothing for what stays as it is.
 */
export function describeDiff(
  diff: ConfigurationDiff,
  { others = [], globals = [], keywordsOf = () => [] }: DiffDetails = {},
): readonly string[] {
  // A setting that no keyword shows is named as the program calls it.
  const settings = globals.length > 0 ? globals : diff.globalFields.map((field) => `${words(field)} changes`);
  const lines = [
    ...settings.map((setting) => `global_defs: ${setting}`),
    ...diff.instances.flatMap((change) => describeInstance(change, keywordsOf)),
    ...diff.virtualServers.flatMap((change) => describeVirtualServer(change, keywordsOf)),
    ...others,
  ];
  return lines.length > 0 ? lines : ["nothing changes"];
}

function describeInstance(change: InstanceChange, keywordsOf: KeywordChanges): readonly string[] {
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
      return describeKeptInstance(change, keywordsOf);
  }
}

function describeKeptInstance(
  change: InstanceChange & { readonly kind: "kept" },
  keywordsOf: KeywordChanges,
): readonly string[] {
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
  const fields = change.fields.filter((field) => !said.has(field));
  if (fields.length === 0) return lines;
  const rest = namedChanges(fields, keywordsOf(before, after), SAID_KEYWORDS);
  return [
    ...lines,
    ...rest.map(({ keyword, text }) => {
      const isAgreed = AGREED_FIELDS.has(keyword) || AGREED_KEYWORDS.has(keyword);
      const warning = isAgreed ? "; adverts are dropped until every peer has the same" : "";
      return `${name}: ${text}, the election is not restarted${warning}`;
    }),
  ];
}

/** By the keywords that changed; by the model's fields where no keyword shows it. */
function namedChanges(
  fields: readonly string[],
  keywords: readonly KeywordChange[],
  said: ReadonlySet<string> = new Set(),
): readonly KeywordChange[] {
  const shown = keywords.filter(({ keyword }) => !said.has(keyword));
  return shown.length > 0 ? shown : fields.map((field) => ({ keyword: field, text: `${words(field)} changes` }));
}

function describeVirtualServer(change: VirtualServerChange, keywordsOf: KeywordChanges): readonly string[] {
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
        ...namedChanges(change.fields, change.fields.length === 0 ? [] : keywordsOf(change.before, change.after)).map(
          ({ text }) => `${name}: ${text} in place; connections stay`,
        ),
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
  const words = [boundInterface(instance), `VRID ${instance.vrid}`].filter((word) => word !== null);
  return `${instance.name} (${words.join(", ")})`;
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
