import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { UnicastPeer } from "../model/vrrp.ts";
import type { IpvlanSettings, VmacSettings } from "../model/vrrp-complete.ts";
import { isMulticast, parseAddress, parseHostAddress, parsePrefix } from "./address.ts";
import { complain, complainAtEnd, type InstanceDraft } from "./instance-draft.ts";
import { placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

const LONGEST_NAME = 15;
const MAC = /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){4,5}$/;

/** `use_vmac [MAC] [name] [IFNAME] [group GROUP] [netlink_notify_msg]` */
export function readVmac(draft: InstanceDraft, isUnicast: boolean, vrid: number): VmacSettings | null {
  const words = draft.settings.words("use_vmac");
  if (words === null && draft.settings.has("vmac_xmit_base")) {
    complain(draft, "vrrp-adjusted", "vmac_xmit_base needs use_vmac", "vmac_xmit_base");
  }
  if (words === null) return null;
  let name: string | null = null;
  let macAddress: string | null = null;
  let group: number | null = null;
  let forcesNetlinkMessage = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (MAC.test(word)) macAddress = readMac(draft, completeMac(word, vrid));
    else if (word === "name") name = words[++i] ?? null;
    else if (word === "group") group = readGroup(draft, "use_vmac", words[++i] ?? "");
    else if (word === "netlink_notify_msg") forcesNetlinkMessage = true;
    else if (word.includes(":")) complain(draft, "bad-value", `"${word}" is no MAC, it is left out`, "use_vmac");
    else if (name !== null) complain(draft, "bad-value", `use_vmac takes one name; "${word}" is left out`, "use_vmac");
    else name = word;
  }
  if (name !== null && !isLinkName(name)) {
    const message = `"${name}" cannot be a VMAC's name (1 to 15 characters, no blank and no "/"); one is generated`;
    complain(draft, "value-too-long", message, "use_vmac");
    name = null;
  }
  if (name !== null && draft.context.host.interfaces?.get(name)?.isVmac === false) {
    complain(draft, "bad-value", `there is an interface ${name} already; another name is generated`, "use_vmac");
    name = null;
  }
  const isHeldDown = draft.settings.has("vmac_protodown") && !draft.isStrict;
  let transmitsOnBase = draft.settings.has("vmac_xmit_base") || isHeldDown;
  if (isUnicast && !transmitsOnBase) {
    complainAtEnd(draft, "vrrp-adjusted", "unicast with use_vmac needs vmac_xmit_base, it is switched on");
    transmitsOnBase = true;
  }
  if (draft.isStrict && transmitsOnBase) {
    complain(draft, "vrrp-adjusted", "strict mode has no vmac_xmit_base, it is left out", "vmac_xmit_base");
    transmitsOnBase = false;
  }
  const coversOtherInterfaces = draft.settings.has("use_vmac_addr");
  const place = draft.settings.place("use_vmac") ?? placeOf(draft.entry.statement);
  const vmac = { name, macAddress, transmitsOnBase, coversOtherInterfaces, group, forcesNetlinkMessage, place };
  return isHeldDown ? { ...vmac, isHeldDown } : vmac;
}

/** What the kernel takes for the name of a link. */
function isLinkName(name: string): boolean {
  return /^[^\s/:]+$/.test(name) && name.length <= LONGEST_NAME && name !== "." && name !== "..";
}

/** @returns null for one that cannot be, which is told */
function readMac(draft: InstanceDraft, mac: string): string | null {
  const why = draft.isStrict
    ? "strict mode has no other MAC than the virtual router's"
    : /^00:00:5e:00:0[12]:/.test(mac)
      ? `${mac} is a virtual router's MAC`
      : /^.[13579bdf]/.test(mac)
        ? `${mac} is a multicast address`
        : null;
  if (why === null) return mac;
  complain(draft, "vrrp-adjusted", `${why}, it is left out`, "use_vmac");
  return null;
}

/** A number, or a name of iproute2's `group` file. */
function readGroup(draft: InstanceDraft, keyword: string, word: string): number | null {
  const group = draft.context.names.find("group", word, 0xffffffff);
  if (group === null) complain(draft, "bad-value", `${keyword}: "${word}" is not an interface group`, keyword);
  return group;
}

function completeMac(text: string, vrid: number): string {
  const octets = text.split(":").map((octet) => octet.toLowerCase().padStart(2, "0"));
  if (octets.length === 5) octets.push(vrid.toString(16).padStart(2, "0"));
  return octets.join(":");
}

/** `use_ipvlan [name] [IFNAME] [IP[/PREFIX]] [bridge|private|vepa] [group GROUP]` */
export function readIpvlan(draft: InstanceDraft, family: AddressFamily): IpvlanSettings | null {
  const words = draft.settings.words("use_ipvlan");
  if (words === null) return null;
  const result: { -readonly [K in keyof IpvlanSettings]: IpvlanSettings[K] } = {
    name: null,
    mode: "bridge",
    address: null,
    prefixLength: null,
    group: null,
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const prefix = parsePrefix(word);
    if (word === "bridge" || word === "private" || word === "vepa") result.mode = word;
    else if (word === "name") result.name = words[++i] ?? null;
    else if (word === "group") result.group = readGroup(draft, "use_ipvlan", words[++i] ?? "");
    else if (prefix !== null) Object.assign(result, { address: prefix.address, prefixLength: prefix.prefixLength });
    else result.name = word;
  }
  if (result.name !== null && result.name.length > LONGEST_NAME) {
    complain(draft, "value-too-long", "an ipvlan name has at most 15 characters; one is generated", "use_ipvlan");
    result.name = null;
  }
  const given = result.address === null ? null : parseAddress(result.address)?.family;
  if (family === "inet" ? given !== "inet" : given === "inet") {
    const message = `use_ipvlan needs an ${family === "inet" ? "IPv4" : "IPv6"} address; without it the instance is at fault`;
    complain(draft, "bad-value", message, "use_ipvlan");
    Object.assign(result, { address: null, prefixLength: null });
  }
  return result;
}

/** Lines of `unicast_peer`. */
export function readUnicastPeers(draft: InstanceDraft, family: AddressFamily): readonly UnicastPeer[] {
  const peers = new Map<string, UnicastPeer>();
  for (const line of draft.settings.all("unicast_peer").flatMap((block) => block.lines)) {
    const word = line.words[0] ?? "";
    const parsed = parseHostAddress(word);
    const { reporter } = draft.context;
    if (parsed === null) reporter.add("bad-address", `"${word}" is not an IP address`, placeOf(line));
    else if (parsed.family !== family) {
      reporter.add("mixed-families", `${word} has another address family than the instance`, placeOf(line));
    } else if (peers.has(parsed.address)) {
      // keepalived says nothing and sends to it twice
      reporter.add("advice", `${word} is a unicast peer already`, placeOf(line));
    } else {
      peers.set(parsed.address, readPeer(draft, line, parsed.address));
    }
  }
  return [...peers.values()];
}

function readPeer(draft: InstanceDraft, line: Statement, address: IpAddress): UnicastPeer {
  const { reporter } = draft.context;
  const unknown = line.words.findIndex((word, index) => index % 2 === 1 && word !== "min_ttl" && word !== "max_ttl");
  if (unknown > 0) {
    reporter.add("bad-option", `"${line.words[unknown]}" is not an option of a unicast peer`, placeOf(line, unknown));
  }
  const minTtl = readTtl(draft, line, "min_ttl");
  const maxTtl = readTtl(draft, line, "max_ttl");
  if (minTtl !== null && maxTtl !== null && minTtl > maxTtl) {
    const message = `min_ttl ${minTtl} is above max_ttl ${maxTtl}: every advert of ${address} is dropped`;
    reporter.add("bad-value", message, placeOf(line));
  }
  return { address, minTtl, maxTtl };
}

function readTtl(draft: InstanceDraft, line: Statement, name: string): number | null {
  const index = line.words.indexOf(name, 1);
  if (index < 0) return null;
  const { value, problem } = readInteger(line.words[index + 1] ?? "");
  if (value !== null && problem === "none" && value >= 0 && value <= 255) return value;
  draft.context.reporter.add("number-out-of-range", `${name} is a number from 0 to 255`, placeOf(line, index));
  return null;
}

export function readMulticastGroup(draft: InstanceDraft, family: AddressFamily, isUnicast: boolean): IpAddress {
  const defaults = draft.globals.vrrp;
  const fallback = family === "inet" ? defaults.multicastGroup4 : defaults.multicastGroup6;
  const word = draft.settings.words("mcast_dst_ip")?.[0];
  if (word === undefined) return fallback;
  if (isUnicast) {
    complain(draft, "vrrp-adjusted", "mcast_dst_ip cannot go with unicast peers, it is left out", "mcast_dst_ip");
    return fallback;
  }
  const parsed = parseAddress(word);
  if (parsed !== null && parsed.family === family && isMulticast(parsed)) return parsed.address;
  complain(draft, "bad-address", `"${word}" is not a multicast address of the instance's family`, "mcast_dst_ip");
  return fallback;
}
