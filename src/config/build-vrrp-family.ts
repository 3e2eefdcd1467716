import type { AddressFamily, IpAddress } from "../model/units.ts";
import { parseHostAddress } from "./address.ts";
import { complain, type InstanceDraft } from "./instance-draft.ts";
import { type Entry, placeOf } from "./tree.ts";

/** Which family an instance is of, and what follows from where in the text that was said. */
export interface InstanceFamily {
  readonly family: AddressFamily;
  readonly version: 2 | 3;
  /** Of the last usable `unicast_src_ip`, else of `mcast_src_ip`; null without one. */
  readonly source: IpAddress | null;
}

const SOURCES: ReadonlySet<string> = new Set(["mcast_src_ip", "unicast_src_ip"]);

/** keepalived: the first word that tells a family decides; what says otherwise later is left out. */
export function readFamily(draft: InstanceDraft): InstanceFamily {
  let family: AddressFamily | null = null;
  const sources = new Map<string, IpAddress>();
  for (const entry of draft.settings.entries) {
    const { name } = entry.keyword;
    if (name === "version" && family === "inet6") checkVersion(draft, entry);
    const own = familyOf(entry);
    if (own === null) continue;
    if (family === null || family === own) {
      family = own;
      if (SOURCES.has(name)) sources.set(name, parseHostAddress(entry.statement.words[1] ?? "")?.address ?? "");
    } else reportMisfit(draft, entry);
  }
  return {
    family: family ?? "inet",
    version: family === "inet6" ? 3 : chooseVersion(draft),
    source: sources.get("unicast_src_ip") ?? sources.get("mcast_src_ip") ?? null,
  };
}

/** Of the first address that an entry tells; null where it tells none. */
function familyOf({ keyword: { name }, statement, lines }: Entry): AddressFamily | null {
  if (name === "native_ipv6") return "inet6";
  if (SOURCES.has(name)) return parseHostAddress(statement.words[1] ?? "")?.family ?? null;
  if (name !== "virtual_ipaddress" && name !== "unicast_peer") return null;
  const families = lines.map(({ words: [word = ""] }) => parseHostAddress(word)?.family);
  return families.find((family) => family !== undefined) ?? null;
}

function reportMisfit(draft: InstanceDraft, { keyword: { name }, statement }: Entry): void {
  const { reporter } = draft.context;
  if (name === "native_ipv6") {
    complain(draft, "vrrp-adjusted", "native_ipv6 cannot go with IPv4 addresses, it is left out", name);
  } else if (SOURCES.has(name)) {
    const message = `${name} has another address family than the instance, it is left out`;
    reporter.add("mixed-families", message, placeOf(statement, 1));
  }
}

function chooseVersion({ settings, globals }: InstanceDraft): 2 | 3 {
  return (settings.number("version") ?? globals.vrrp.version) === 3 ? 3 : 2;
}

/** keepalived: a version 2 that stands before the IPv6 addresses is passed over without a word. */
function checkVersion(draft: InstanceDraft, { statement }: Entry): void {
  if (statement.words[1] !== "2") return;
  complain(draft, "vrrp-adjusted", "IPv6 needs version 3", "version");
}
