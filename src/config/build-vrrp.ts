import type { ConfiguredAddress } from "../model/addressing.ts";
import type { AddressFamily } from "../model/units.ts";
import type { VrrpAuthentication } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import { isLinkLocal } from "./address.ts";
import { buildAddresses } from "./build-addresses.ts";
import { readNotifyScripts } from "./build-command.ts";
import type { BuiltGlobals } from "./build-global.ts";
import { buildRoutes } from "./build-routes.ts";
import type { RuleBuilder } from "./build-rules.ts";
import { buildTracked, buildTrackedInterfaces, type Trackables } from "./build-tracking.ts";
import { readAuthentication, readHmac } from "./build-vrrp-authentication.ts";
import { readAccepting, readAnnouncePolicy, readElection, readInterval } from "./build-vrrp-election.ts";
import { type InstanceFamily, readFamily } from "./build-vrrp-family.ts";
import { placeAddresses, readInterface, readVrf } from "./build-vrrp-interface.ts";
import { readIpvlan, readMulticastGroup, readUnicastPeers, readVmac } from "./build-vrrp-links.ts";
import { reportOverruled } from "./build-vrrp-strict.ts";
import type { BuildContext } from "./context.ts";
import { complain, complainAtEnd, type InstanceDraft } from "./instance-draft.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const SECOND_US = 1_000_000;
/** What fits into the count field of an advert. */
const MOST_ADDRESSES = 255;
/** Octets of an advert that are no addresses, as keepalived reckons: IP header, advert, and room for authentication. */
const OVERHEAD_BYTES = { inet: 44, inet6: 64 };
const PASSWORD_BYTES = 8;
const ADDRESS_BYTES = { inet: 4, inet6: 16 };

/** What an instance block may refer to. */
export interface InstanceSurroundings {
  readonly globals: BuiltGlobals;
  readonly trackables: Trackables;
  readonly rules: RuleBuilder;
}

/** An instance before its sync group is known. */
export type UngroupedInstance = Omit<ConfiguredVrrpInstance, "saysMaster"> & {
  readonly ownPriorityChanges: boolean | null;
};

/** @returns null for an instance that cannot exist; the reason is then a diagnostic that refuses the start */
export function buildVrrpInstance(
  entry: Entry,
  surroundings: InstanceSurroundings,
  context: BuildContext,
): UngroupedInstance | null {
  const { globals } = surroundings;
  const settings = new Settings(entry.entries, context.reporter);
  const isStrict = settings.boolean("strict_mode") ?? globals.vrrp.isStrict;
  const name = entry.statement.words[1] ?? "";
  const draft: InstanceDraft = { entry, name, settings, context, globals, isStrict };
  const { family, version, source: sourceAddress } = readFamily(draft);
  const addresses = readAllAddresses(draft, { family, version });
  const unicast = readUnicast(draft, family);
  const isUnicast = unicast.unicastPeers.length > 0;
  const vrid = settings.number("virtual_router_id");
  const interfaceName = readInterface(draft, { family, source: sourceAddress, peers: unicast.unicastPeers });
  if (vrid === null) complain(draft, "no-vrid", "needs a virtual_router_id from 1 to 255", "virtual_router_id");
  checkAddressCount(draft, version, addresses.virtualAddresses);
  const place = (all: readonly ConfiguredAddress[]): readonly ConfiguredAddress[] =>
    interfaceName === "" ? placeAddresses(draft, all) : all;
  const advertisementIntervalUs = readInterval(draft, version);
  reportOverruled(draft);
  const election = readElection(draft);
  const authentication = readAuthentication(draft, version);
  const hmac = readHmac(draft, advertisementIntervalUs);
  const shared = { ...readInherited(draft), ...readLists(draft, surroundings, interfaceName) };
  const ipvlan = readIpvlan(draft, family);
  if (vrid === null || interfaceName === null) return null;
  const vmac = readVmac(draft, isUnicast || unicast.fallsBackToMulticast, vrid);
  // keepalived: without use_vmac it holds for the addresses on other interfaces all the same.
  const isForAddresses = vmac === null && settings.has("use_vmac_addr");
  const onLinks = (all: readonly ConfiguredAddress[]): readonly ConfiguredAddress[] =>
    isForAddresses ? place(all).map((address) => onOwnVmac(address, interfaceName)) : place(all);
  return {
    name,
    family,
    version,
    interfaceName,
    vrid,
    ...election,
    wantsActive: election.wantsActive && !clearsActive(draft, authentication, election.wantsActive),
    advertisementIntervalUs,
    authentication: hmac === null ? authentication : { kind: "hmac" },
    hmac,
    sourceAddress: sourceAddress ?? ipvlan?.address ?? null,
    multicastGroup: readMulticastGroup(draft, family, isUnicast),
    ...unicast,
    ...shared,
    virtualAddresses: onLinks(addresses.virtualAddresses),
    excludedAddresses: onLinks(addresses.excludedAddresses),
    announce: readAnnouncePolicy(draft),
    ...readAccepting(draft, version, election),
    vmac,
    ipvlan,
    place: placeOf(entry.statement),
  };
}

function onOwnVmac(address: ConfiguredAddress, ownInterface: string): ConfiguredAddress {
  const isElsewhere = address.interfaceName !== null && address.interfaceName !== ownInterface;
  return isElsewhere ? { ...address, usesVmac: true } : address;
}

/** AH numbers its packets, so nobody can begin as active. */
function clearsActive(draft: InstanceDraft, authentication: VrrpAuthentication, wantsActive: boolean): boolean {
  if (authentication.kind !== "ah" || !wantsActive) return false;
  complain(draft, "vrrp-adjusted", "state MASTER cannot go with auth_type AH, it is left out", "state");
  return true;
}

/** Settings that come from the block or else from `global_defs`. */
function readInherited(draft: InstanceDraft): InheritedSettings {
  const { settings, globals, isStrict } = draft;
  const { vrrp } = globals;
  return {
    isStrict,
    syncGroup: null,
    vrf: readVrf(draft),
    downTimerAdverts: isStrict ? 3 : (settings.number("down_timer_adverts") ?? vrrp.downTimerAdverts),
    // keepalived: any valid word turns the option on, even "off"
    skipCheckAdvertisedAddresses: settings.has("skip_check_adv_addr") || vrrp.skipCheckAdvertisedAddresses,
    checksumAsV2: settings.boolean("v3_checksum_as_v2") ?? vrrp.checksumAsV2,
    isSilentOnLowerPriority: isStrict || (settings.boolean("lower_prio_no_advert") ?? vrrp.lowerPriorityNoAdvert),
    sendsAdvertBeforeYielding:
      !isStrict && (settings.boolean("higher_prio_send_advert") ?? vrrp.higherPrioritySendAdvert),
    promotesSecondaries: readPromotion(draft),
    pollsLinkbeat: settings.has("linkbeat_use_polling"),
    tracksSourceAddress: settings.has("track_src_ip"),
    kernelReceiveBufferBytes: settings.number("kernel_rx_buf_size"),
    receiveBuffer: vrrp.receiveBuffer,
    extraInterfaceGarp: readExtraGarp(draft),
    lvsSyncInterface: settings.text("lvs_sync_daemon_interface"),
    sendsMail: settings.boolean("smtp_alert") ?? globals.mail.alertsForVrrp ?? globals.mail.alertsByDefault ?? false,
    ownPriorityChanges: settings.boolean("notify_priority_changes"),
    notifiesPriorityChanges: settings.boolean("notify_priority_changes") ?? vrrp.notifiesPriorityChanges,
    reportsDeletion: settings.has("notify_deleted"),
    notify: readNotifyScripts(settings, draft.context),
    ignoresOwnInterface: settings.has("dont_track_primary"),
  };
}

type InheritedSettings = Pick<
  UngroupedInstance,
  | "isStrict"
  | "syncGroup"
  | "vrf"
  | "downTimerAdverts"
  | "skipCheckAdvertisedAddresses"
  | "checksumAsV2"
  | "isSilentOnLowerPriority"
  | "sendsAdvertBeforeYielding"
  | "promotesSecondaries"
  | "pollsLinkbeat"
  | "tracksSourceAddress"
  | "kernelReceiveBufferBytes"
  | "receiveBuffer"
  | "extraInterfaceGarp"
  | "lvsSyncInterface"
  | "sendsMail"
  | "ownPriorityChanges"
  | "notifiesPriorityChanges"
  | "reportsDeletion"
  | "notify"
  | "ignoresOwnInterface"
>;

function readPromotion(draft: InstanceDraft): boolean {
  if (!draft.settings.has("promote_secondaries")) return false;
  if (!draft.settings.has("use_vmac") && !draft.settings.has("use_ipvlan")) return true;
  complain(draft, "vrrp-adjusted", "a VMAC has promote_secondaries anyway", "promote_secondaries");
  return false;
}

function readExtraGarp(draft: InstanceDraft): ConfiguredVrrpInstance["extraInterfaceGarp"] {
  const name = draft.settings.has("garp_extra_if") ? "garp_extra_if" : "vmac_garp_intvl";
  const words = draft.settings.words(name);
  if (words === null) return draft.globals.vrrp.extraInterfaceGarp;
  const coversAll = words[0] === "all";
  const { value: seconds, problem } = readInteger(words[coversAll ? 1 : 0] ?? "");
  const isUsable = seconds !== null && problem === "none" && seconds >= 0 && seconds <= 86_400;
  if (!isUsable) complain(draft, "bad-value", `${name} needs a number of seconds from 0 to 86400`, name);
  return isUsable && seconds > 0 ? { intervalUs: seconds * SECOND_US, coversAll } : null;
}

type Lists = Pick<ConfiguredVrrpInstance, "trackedInterfaces" | "tracked" | "virtualRoutes" | "virtualRules">;

function readLists(draft: InstanceDraft, surroundings: InstanceSurroundings, ownInterface: string | null): Lists {
  const { settings, context } = draft;
  const allowsMissing = surroundings.globals.allowsMissingInterfaces;
  const routing = { isStatic: false, allowsMissingInterfaces: allowsMissing };
  const lines = (name: string): Entry["lines"] => settings.all(name).flatMap((block) => block.lines);
  return {
    trackedInterfaces: buildTrackedInterfaces(settings, { ownInterface, allowsMissing }, context),
    tracked: buildTracked(settings, surroundings.trackables, context),
    virtualRoutes: buildRoutes(lines("virtual_routes"), routing, context),
    virtualRules: surroundings.rules.build(lines("virtual_rules"), routing),
  };
}

interface InstanceAddresses {
  readonly virtualAddresses: readonly ConfiguredAddress[];
  readonly excludedAddresses: readonly ConfiguredAddress[];
}

function readAllAddresses(
  draft: InstanceDraft,
  { family, version }: Pick<InstanceFamily, "family" | "version">,
): InstanceAddresses {
  const rules = { isStatic: false, allowsMissingInterfaces: draft.globals.allowsMissingInterfaces };
  const read = (name: string): readonly ConfiguredAddress[] =>
    draft.settings.all(name).flatMap((block) => buildAddresses(block.lines, rules, draft.context));
  const all = read("virtual_ipaddress");
  const fitting = all.filter((address) => address.family === family);
  for (const { address, family: other, place } of all) {
    if (other === family) continue;
    const message = `${address} has another address family than the instance; write it in virtual_ipaddress_excluded`;
    draft.context.reporter.add("mixed-families", message, place);
  }
  const most = mostAddresses(draft, { family, version });
  const surplus = fitting.slice(most);
  if (surplus.length > 0) {
    complain(draft, "vrrp-adjusted", `an advert holds ${most} addresses here; the others are excluded from it`);
  }
  const first = fitting[0];
  if (first?.family === "inet6" && !isLinkLocal(first)) {
    const code = draft.isStrict ? "vrrp-adjusted" : "advice";
    const word = draft.isStrict ? "must" : "should";
    complain(draft, code, `the first IPv6 VIP address ${word} be link local`, "virtual_ipaddress");
  }
  return {
    virtualAddresses: fitting.slice(0, most),
    excludedAddresses: [...surplus, ...read("virtual_ipaddress_excluded")],
  };
}

/** How many fit into one packet of the interface. */
function mostAddresses(
  { settings, context }: InstanceDraft,
  { family, version }: Pick<InstanceFamily, "family" | "version">,
): number {
  const facts = context.host.interfaces?.get(settings.text("interface") ?? "");
  if (facts === undefined) return MOST_ADDRESSES;
  const roomBytes = facts.mtuBytes - OVERHEAD_BYTES[family] - (version === 2 ? PASSWORD_BYTES : 0);
  return Math.max(0, Math.min(MOST_ADDRESSES, Math.floor(roomBytes / ADDRESS_BYTES[family])));
}

type Unicast = Pick<
  ConfiguredVrrpInstance,
  | "unicastPeers"
  | "unicastTtl"
  | "checkUnicastSource"
  | "faultsWithoutPeer"
  | "fallsBackToMulticast"
  | "oldUnicastChecksum"
>;

function readUnicast(draft: InstanceDraft, family: AddressFamily): Unicast {
  const { settings } = draft;
  const unicastPeers = readUnicastPeers(draft, family);
  const isUnicast = unicastPeers.length > 0;
  const words = ["unicast_peer", "unicast_src_ip", "check_unicast_src", "old_unicast_checksum"];
  const faultsWithoutPeer = settings.has("unicast_fault_no_peer");
  const hasWords = faultsWithoutPeer || words.some((name) => settings.has(name));
  if (!isUnicast && hasWords && !faultsWithoutPeer) {
    complain(draft, "deprecated", "unicast words without unicast peers: adverts go to the multicast group");
  }
  if (!isUnicast && settings.has("unicast_ttl")) {
    complainAtEnd(draft, "vrrp-adjusted", "unicast_ttl without unicast peers has no effect");
  }
  if (isUnicast && draft.isStrict && settings.has("interface")) {
    // keepalived 2.4.3 refuses the start, 2.2.7 says nothing.
    complain(draft, "vrrp-adjusted", "strict mode does not allow unicast", "unicast_peer");
  }
  const hasTtlRange = unicastPeers.some((peer) => peer.minTtl !== null || peer.maxTtl !== null);
  return {
    unicastPeers,
    unicastTtl: settings.number("unicast_ttl") ?? (family === "inet" ? 255 : null),
    checkUnicastSource: settings.has("check_unicast_src") || draft.globals.vrrp.checkUnicastSource || hasTtlRange,
    faultsWithoutPeer,
    fallsBackToMulticast: !isUnicast && hasWords,
    oldUnicastChecksum: readOldChecksum(draft),
  };
}

function readOldChecksum(draft: InstanceDraft): ConfiguredVrrpInstance["oldUnicastChecksum"] {
  const words = draft.settings.words("old_unicast_checksum");
  if (words === null) return "detect";
  const [mode] = words;
  if (mode === undefined || mode === "never") return mode ?? "always";
  const message = `old_unicast_checksum takes "never" or nothing, not "${mode}"; it is left out`;
  complain(draft, "bad-value", message, "old_unicast_checksum");
  return "detect";
}

function checkAddressCount(draft: InstanceDraft, version: 2 | 3, addresses: readonly ConfiguredAddress[]): void {
  if (addresses.length > 0 || draft.settings.has("no_virtual_ipaddress")) return;
  if (version === 3 || draft.isStrict) complain(draft, "no-vip", "needs a virtual_ipaddress");
  else complain(draft, "no-vip-v2", "has no virtual_ipaddress");
}
