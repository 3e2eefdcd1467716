import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { AnnouncePolicy, UnicastPeer, VirtualAddress, VrrpAuthentication, VrrpInstance } from "../model/vrrp.ts";
import { isMulticast, parseAddress } from "./address.ts";
import { buildAddresses } from "./build-addresses.ts";
import type { BuiltGlobals, VrrpDefaults } from "./build-global.ts";
import { buildTrackedInterfaces } from "./build-tracking.ts";
import type { Code } from "./codes.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const SECOND_US = 1_000_000;
const CENTISECOND_US = 10_000;
const OWNER_PRIORITY = 255;
const DEFAULT_PRIORITY = 100;

/** One instance block while it is being built. */
interface Draft {
  readonly entry: Entry;
  readonly name: string;
  readonly settings: Settings;
  readonly context: BuildContext;
  readonly defaults: VrrpDefaults;
  readonly isStrict: boolean;
}

export function buildVrrpInstance(entry: Entry, globals: BuiltGlobals, context: BuildContext): VrrpInstance | null {
  const settings = new Settings(entry.entries, context.reporter);
  const defaults = globals.vrrp;
  const isStrict = settings.boolean("strict_mode") ?? defaults.isStrict;
  const name = entry.statement.words[1] ?? "";
  const draft: Draft = { entry, name, settings, context, defaults, isStrict };
  const virtualAddresses = readAddresses(draft, "virtual_ipaddress");
  const excludedAddresses = readAddresses(draft, "virtual_ipaddress_excluded");
  const sourceAddress = settings.text("unicast_src_ip") ?? settings.text("mcast_src_ip");
  const family = chooseFamily(draft, virtualAddresses, sourceAddress);
  const version = chooseVersion(draft, family);
  const unicastPeers = readUnicastPeers(draft, family);
  const vrid = settings.number("virtual_router_id");
  const interfaceName = readInterface(draft, globals, unicastPeers.length > 0 && sourceAddress !== null);
  if (vrid === null) complain(draft, "no-vrid", "needs a virtual_router_id from 1 to 255");
  checkAddressCount(draft, version, virtualAddresses);
  if (vrid === null || interfaceName === null) return null;
  const election = readElection(draft);
  return {
    name,
    family,
    version,
    interfaceName,
    vrid,
    ...election,
    advertisementIntervalUs: readInterval(draft, version),
    downTimerAdverts: isStrict ? 3 : (settings.number("down_timer_adverts") ?? defaults.downTimerAdverts),
    authentication: readAuthentication(draft, version),
    sourceAddress,
    multicastGroup: readMulticastGroup(draft, family),
    unicastPeers,
    unicastTtl: settings.number("unicast_ttl") ?? 255,
    checkUnicastSource:
      settings.has("check_unicast_src") ||
      defaults.checkUnicastSource ||
      unicastPeers.some((peer) => peer.minTtl !== null || peer.maxTtl !== null),
    // keepalived: any valid word turns the option on, even "off"
    skipCheckAdvertisedAddresses: settings.has("skip_check_adv_addr") || defaults.skipCheckAdvertisedAddresses,
    checksumAsV2: settings.boolean("v3_checksum_as_v2") ?? defaults.checksumAsV2,
    isSilentOnLowerPriority: isStrict || (settings.boolean("lower_prio_no_advert") ?? defaults.lowerPriorityNoAdvert),
    sendsAdvertBeforeYielding:
      !isStrict && (settings.boolean("higher_prio_send_advert") ?? defaults.higherPrioritySendAdvert),
    virtualAddresses,
    excludedAddresses,
    announce: readAnnouncePolicy(draft),
    trackedInterfaces: buildTrackedInterfaces(settings, interfaceName, globals, context),
    ignoresOwnInterface: settings.has("dont_track_primary"),
    place: placeOf(entry.statement),
  };
}

function complain(draft: Draft, code: Code, message: string, name?: string): void {
  const place = (name === undefined ? null : draft.settings.place(name)) ?? placeOf(draft.entry.statement, 1);
  draft.context.reporter.add(code, `vrrp_instance ${draft.name}: ${message}`, place);
}

function readAddresses(draft: Draft, name: string): readonly VirtualAddress[] {
  return draft.settings.all(name).flatMap((block) => buildAddresses(block.lines, draft.context));
}

function chooseFamily(draft: Draft, addresses: readonly VirtualAddress[], source: IpAddress | null): AddressFamily {
  if (draft.settings.has("native_ipv6")) return "inet6";
  const sourceFamily = source === null ? undefined : parseAddress(source)?.family;
  const family = addresses[0]?.family ?? sourceFamily ?? "inet";
  for (const address of addresses) {
    if (address.family === family) continue;
    const message = `${address.address} has another address family than the instance; use virtual_ipaddress_excluded`;
    draft.context.reporter.add("mixed-families", message, address.place);
  }
  return family;
}

function chooseVersion(draft: Draft, family: AddressFamily): 2 | 3 {
  const given = draft.settings.number("version") ?? draft.defaults.version;
  if (family === "inet6") {
    if (draft.settings.number("version") === 2) complain(draft, "vrrp-adjusted", "IPv6 needs version 3", "version");
    return 3;
  }
  return given === 3 ? 3 : 2;
}

function readInterface(draft: Draft, globals: BuiltGlobals, canDoWithout: boolean): string | null {
  const name = draft.settings.text("interface");
  if (name === null) {
    if (canDoWithout) return "";
    complain(draft, "no-interface", "needs an interface");
    return null;
  }
  const { interfaces } = draft.context.host;
  if (interfaces !== null && !interfaces.has(name) && !globals.allowsMissingInterfaces) {
    complain(draft, "missing-interface", `there is no interface ${name}`, "interface");
  }
  return name;
}

function checkAddressCount(draft: Draft, version: 2 | 3, addresses: readonly VirtualAddress[]): void {
  if (addresses.length > 0 || draft.settings.has("no_virtual_ipaddress")) return;
  if (version === 3 || draft.isStrict) complain(draft, "no-vip", "needs a virtual_ipaddress");
  else complain(draft, "no-vip-v2", "has no virtual_ipaddress");
}

type Election = Pick<VrrpInstance, "priority" | "wantsActive" | "preemptMode" | "preemptDelayUs">;

function readElection(draft: Draft): Election {
  const { settings } = draft;
  const state = readState(draft);
  const given = settings.number("priority");
  const priority = given ?? (state === "MASTER" && !settings.has("priority") ? OWNER_PRIORITY : DEFAULT_PRIORITY);
  const wantsActive = state === "MASTER" || (state === null && priority === OWNER_PRIORITY);
  const preemptEntries = settings.entries.filter(({ keyword }) => /^(no)?preempt$/.test(keyword.name));
  let preemptMode = preemptEntries.at(-1)?.keyword.name !== "nopreempt";
  let preemptDelayUs = settings.number("preempt_delay") ?? 0;
  if (!preemptMode && (wantsActive || priority === OWNER_PRIORITY)) {
    complain(
      draft,
      "vrrp-adjusted",
      "nopreempt cannot go with state MASTER or priority 255, it is left out",
      "nopreempt",
    );
    preemptMode = true;
  }
  if (preemptDelayUs > 0 && (wantsActive || draft.isStrict)) {
    complain(
      draft,
      "vrrp-adjusted",
      "preempt_delay cannot go with state MASTER or strict mode, it is left out",
      "preempt_delay",
    );
    preemptDelayUs = 0;
  }
  return { priority, wantsActive, preemptMode, preemptDelayUs };
}

function readState(draft: Draft): "MASTER" | "BACKUP" | null {
  let state: "MASTER" | "BACKUP" | null = null;
  for (const { statement } of draft.settings.all("state")) {
    const word = statement.words[1];
    if (word === "MASTER") state = word;
    else if (word === "BACKUP" && state !== "MASTER") state = word;
    else complain(draft, "bad-value", `state is MASTER or BACKUP, not "${word ?? ""}"`, "state");
  }
  return state;
}

function readInterval(draft: Draft, version: 2 | 3): number {
  const given = draft.settings.number("advert_int") ?? SECOND_US;
  const unit = version === 2 ? SECOND_US : CENTISECOND_US;
  const most = version === 2 ? 255 * SECOND_US : 4095 * CENTISECOND_US;
  const rounded = Math.round(given / unit) * unit;
  const intervalUs = Math.min(most, Math.max(unit, rounded));
  if (intervalUs !== given) {
    const message = `advert_int is ${intervalUs / SECOND_US} s: VRRP version ${version} cannot send it as written`;
    complain(draft, "vrrp-adjusted", message, "advert_int");
  }
  return intervalUs;
}

const PASSWORD_OCTETS = 8;

function readAuthentication(draft: Draft, version: 2 | 3): VrrpAuthentication {
  const block = draft.settings.all("authentication").at(-1);
  if (block === undefined) return { kind: "none" };
  const settings = new Settings(block.entries, draft.context.reporter);
  const type = settings.words("auth_type")?.[0];
  const word = settings.words("auth_pass")?.[0];
  if (version === 3 || draft.isStrict) {
    complain(
      draft,
      "vrrp-adjusted",
      "version 3 and strict mode have no authentication, it is left out",
      "authentication",
    );
    return { kind: "none" };
  }
  if (type !== "PASS" && type !== "AH") {
    const place = settings.place("auth_type") ?? placeOf(block.statement);
    if (type !== undefined) draft.context.reporter.add("bad-value", `auth_type is PASS or AH, not "${type}"`, place);
    return { kind: "none" };
  }
  if (word === undefined) {
    draft.context.reporter.add(
      "vrrp-adjusted",
      "authentication without auth_pass is left out",
      placeOf(block.statement),
    );
    return { kind: "none" };
  }
  const password = cutOctets(word, PASSWORD_OCTETS);
  if (password !== word) {
    const message = `the password is cut to ${PASSWORD_OCTETS} octets`;
    draft.context.reporter.add("value-too-long", message, settings.place("auth_pass"));
  }
  return { kind: type === "PASS" ? "pass" : "ah", password };
}

/** The longest beginning that fits into so many octets of UTF-8. */
function cutOctets(text: string, octets: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= octets) return text;
  return new TextDecoder().decode(encoded.subarray(0, octets)).replace(/\uFFFD+$/, "");
}

function readMulticastGroup(draft: Draft, family: AddressFamily): IpAddress {
  const fallback = family === "inet" ? draft.defaults.multicastGroup4 : draft.defaults.multicastGroup6;
  const word = draft.settings.words("mcast_dst_ip")?.[0];
  if (word === undefined) return fallback;
  const parsed = parseAddress(word);
  if (parsed !== null && parsed.family === family && isMulticast(parsed)) return parsed.address;
  complain(draft, "bad-address", `"${word}" is not a multicast address of the instance's family`, "mcast_dst_ip");
  return fallback;
}

function readUnicastPeers(draft: Draft, family: AddressFamily): readonly UnicastPeer[] {
  const peers: UnicastPeer[] = [];
  for (const line of draft.settings.all("unicast_peer").flatMap((block) => block.lines)) {
    const word = line.words[0] ?? "";
    const parsed = parseAddress(word);
    if (parsed === null || parsed.family !== family) {
      const message = `"${word}" is not an IP address of the instance's family`;
      draft.context.reporter.add("bad-address", message, placeOf(line));
      continue;
    }
    const minTtl = readTtl(draft, line.words, "min_ttl");
    const maxTtl = readTtl(draft, line.words, "max_ttl");
    peers.push({ address: parsed.address, minTtl, maxTtl });
  }
  return peers;
}

function readTtl(draft: Draft, words: readonly string[], name: string): number | null {
  const index = words.indexOf(name, 1);
  if (index < 0) return null;
  const { value, problem } = readInteger(words[index + 1] ?? "");
  if (value !== null && problem === "none" && value >= 0 && value <= 255) return value;
  complain(draft, "number-out-of-range", `${name} is a number from 0 to 255`, "unicast_peer");
  return null;
}

function readAnnouncePolicy(draft: Draft): AnnouncePolicy {
  const { settings, defaults, isStrict } = draft;
  const seconds = (name: string): number | null => {
    const value = settings.number(name);
    return value === null ? null : value * SECOND_US;
  };
  return {
    repeat: Math.max(1, settings.number("garp_master_repeat") ?? defaults.garpRepeat),
    delayUs: seconds("garp_master_delay") ?? defaults.garpDelayUs,
    refreshUs: seconds("garp_master_refresh") ?? defaults.garpRefreshUs,
    refreshRepeat: Math.max(1, settings.number("garp_master_refresh_repeat") ?? defaults.garpRefreshRepeat),
    lowerPriorityRepeat: isStrict ? 0 : (settings.number("garp_lower_prio_repeat") ?? defaults.garpLowerPriorityRepeat),
    lowerPriorityDelayUs: isStrict ? 0 : (seconds("garp_lower_prio_delay") ?? defaults.garpLowerPriorityDelayUs),
    garpIntervalUs: defaults.garpIntervalUs,
    gnaIntervalUs: defaults.gnaIntervalUs,
  };
}
