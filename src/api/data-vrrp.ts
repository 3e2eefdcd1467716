import type { NotifyScripts, ScriptUser } from "../model/command.ts";
import type { TrackedObject, TrackedObjects } from "../model/tracking.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { VrrpInstanceSnapshot, VrrpStateName } from "../runtime/vrrp-types.ts";
import { instanceAddress, routeText, ruleText } from "./dump-network.ts";
import { enabled, gNumber, momentText, quoted, trueFalse, userText, yesNo } from "./dump-text.ts";
import { ownInterface, type PlacedInstance } from "./placed.ts";

const SECOND_US = 1_000_000;
const MILLISECOND_US = 1000;
const V2_SKEW_US = SECOND_US;
const PRIORITIES = 256;
const OWNER_PRIORITY = 255;
const HIDDEN = "********";

export const STATES: Readonly<Record<VrrpStateName, string>> = {
  initialize: "INIT",
  backup: "BACKUP",
  active: "MASTER",
  fault: "FAULT",
};

/** An instance as it is dumped. */
export interface DumpedInstance {
  readonly config: PlacedInstance;
  /** Null before it has started. */
  readonly live: VrrpInstanceSnapshot | null;
  /** Of the last change of state: wall clock, microseconds since 1970. */
  readonly lastTransitionUs: number;
  /** Tracked scripts that decide about a fault and have not ended yet. */
  readonly pendingScripts: number;
  /** By name of links that are there. */
  readonly links: ReadonlyMap<string, { readonly ifindex: number; readonly isUp: boolean }>;
}

function stateOf({ live }: DumpedInstance): VrrpStateName {
  return live?.state ?? "initialize";
}

/** Master_Down_Interval. @see RFC 9568 §6.1, RFC 3768 §6.1 */
function masterDownUs({ config, live }: DumpedInstance): number {
  const { advertisementIntervalUs: intervalUs, version, downTimerAdverts, priority } = config;
  const skewUs = version === 2 ? V2_SKEW_US : intervalUs;
  // keepalived: an owner does not wait.
  if (priority === OWNER_PRIORITY) return 1;
  const share = (PRIORITIES - (live?.effectivePriority ?? priority)) / PRIORITIES;
  return Math.floor(downTimerAdverts * intervalUs + share * skewUs);
}

function masterLines(instance: DumpedInstance): readonly string[] {
  const { activeRouter = null } = instance.live ?? {};
  if (stateOf(instance) !== "backup" || activeRouter === null) return [];
  return [`Master router = ${activeRouter.address}`, `Master priority = ${activeRouter.priority}`];
}

function flagLines({
  unicastPeers,
  fallsBackToMulticast,
  faultsWithoutPeer,
}: ConfiguredVrrpInstance): readonly string[] {
  return [
    "Flags:",
    ...(unicastPeers.length > 0 ? ["  Using unicast"] : []),
    ...(fallsBackToMulticast ? ["  Unicast config option specified but using multicast"] : []),
    ...(faultsWithoutPeer ? ["  If unicast go to fault state if no peers"] : []),
  ];
}

function stateLines(instance: DumpedInstance): readonly string[] {
  const { config, live } = instance;
  const state = STATES[stateOf(instance)];
  return [
    `VRRP Version = ${config.version}`,
    ...(config.syncGroup === null ? [] : [`Sync group = ${config.syncGroup}`]),
    ...(config.family === "inet6" ? ["Using Native IPv6"] : []),
    `State = ${state}`,
    ...masterLines(instance),
    ...flagLines(config),
    `Wantstate = ${state}`,
    "Number of config faults = 0",
    `Number of interface and track script faults = ${live?.faultReasons.length ?? 0}`,
    `Number of track scripts init = ${instance.pendingScripts}`,
    `Last transition = ${momentText(instance.lastTransitionUs)}`,
    ...(stateOf(instance) === "fault" ? ["Read timeout = DISABLED"] : []),
    `Master down timer = ${masterDownUs(instance)} usecs`,
  ];
}

function interfaceLines({ config, live, links }: DumpedInstance): readonly string[] {
  const { vmac, ipvlan, interfaceName: base, unicastPeers, multicastGroup, family } = config;
  const name = ownInterface(config);
  const isUp = trueFalse(links.get(name)?.isUp === true);
  const sending = vmac?.transmitsOnBase === true ? base : name;
  const group = family === "inet" ? "" : `, ifindex ${links.get(sending)?.ifindex ?? 0}`;
  const suffix = vmac?.transmitsOnBase === true ? ", xmit base i/f" : "";
  return [
    ...(vmac === null
      ? []
      : [`Use VMAC, i/f name ${name}, is_up = ${isUp}, xmit_base = ${trueFalse(vmac.transmitsOnBase)}`]),
    ...(ipvlan === null ? [] : [`Use IPVLAN, i/f ${name}, is_up = ${isUp}, type ${ipvlan.mode}`]),
    // keepalived: what is not there is on nothing.
    (vmac === null && ipvlan === null) || !links.has(name)
      ? `Interface = ${name}`
      : `Interface = ${name}, ${vmac === null ? "ipvlan" : "vmac"} on ${base}${suffix}`,
    ...(config.vrf === null ? [] : [`VRF = ${config.vrf}`]),
    ...(config.ignoresOwnInterface ? ["VRRP interface tracking disabled"] : []),
    ...(config.skipCheckAdvertisedAddresses ? ["Skip checking advert IP addresses"] : []),
    ...(config.isStrict ? ["Enforcing strict VRRP compliance"] : []),
    `Using src_ip = ${live?.sourceAddress ?? config.sourceAddress ?? "(none)"}${config.sourceAddress === null ? "" : " (from configuration)"}`,
    ...(unicastPeers.length > 0 ? [] : [`Multicast address ${multicastGroup}${group}`]),
  ];
}

function announcementLines({
  announce,
  extraInterfaceGarp: extra,
  ...config
}: ConfiguredVrrpInstance): readonly string[] {
  return [
    `Gratuitous ARP delay = ${announce.delayUs / SECOND_US}`,
    `Gratuitous ARP repeat = ${announce.repeat}`,
    `Gratuitous ARP refresh = ${announce.refreshUs / SECOND_US}`,
    `Gratuitous ARP refresh repeat = ${announce.refreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${announce.lowerPriorityDelayUs / SECOND_US}`,
    `Gratuitous ARP lower priority repeat = ${announce.lowerPriorityRepeat}`,
    `Down timer adverts = ${config.downTimerAdverts}`,
    ...(extra === null
      ? []
      : [`Gratuitous ARP for each secondary ${extra.coversAll ? "i/f" : "VMAC"} = ${extra.intervalUs / SECOND_US}`]),
    `Send advert after receive lower priority advert = ${trueFalse(!config.isSilentOnLowerPriority)}`,
    `Send advert after receive higher priority advert = ${trueFalse(config.sendsAdvertBeforeYielding)}`,
  ];
}

function authenticationLines({ version, authentication: { kind } }: ConfiguredVrrpInstance): readonly string[] {
  if (version === 3) return [];
  if (kind === "ah") return ["Authentication type = IPSEC_AH"];
  return kind === "pass"
    ? ["Authentication type = SIMPLE_PASSWORD", `Password = ${HIDDEN}`]
    : ["Authentication type = none"];
}

function electionLines({ config, live }: DumpedInstance): readonly string[] {
  const { advertisementIntervalUs: intervalUs, version, preemptDelayUs, kernelReceiveBufferBytes } = config;
  const interval = version === 2 ? `${intervalUs / SECOND_US} sec` : `${intervalUs / MILLISECOND_US} milli-sec`;
  const priority = live?.effectivePriority ?? config.priority;
  return [
    `Virtual Router ID = ${config.vrid}`,
    `Priority = ${live?.basePriority ?? config.priority}`,
    `Effective priority = ${priority}`,
    `Total priority = ${priority}`,
    `Advert interval = ${interval}`,
    `Accept = ${enabled(config.acceptMode)}`,
    `Preempt = ${enabled(live?.preemptMode ?? config.preemptMode)}`,
    ...(preemptDelayUs === 0 ? [] : [`Preempt delay = ${gNumber(preemptDelayUs / SECOND_US)} secs`]),
    `Promote_secondaries = ${enabled(config.promotesSecondaries)}`,
    ...authenticationLines(config),
    ...(kernelReceiveBufferBytes === null ? [] : [`Kernel rx buffer size = ${kernelReceiveBufferBytes}`]),
  ];
}

export function listLines(title: string, entries: readonly string[]): readonly string[] {
  return entries.length === 0 ? [] : [title, ...entries.map((entry) => `  ${entry}`)];
}

function addressLines(instance: DumpedInstance): readonly string[] {
  const { config } = instance;
  const isSet = stateOf(instance) === "active";
  const texts = (addresses: typeof config.virtualAddresses): readonly string[] =>
    addresses.map((address) => instanceAddress(address, config, isSet));
  return [
    ...listLines(`Virtual IP (${config.virtualAddresses.length}):`, texts(config.virtualAddresses)),
    ...listLines("Virtual IP Excluded :", texts(config.excludedAddresses)),
  ];
}

function unicastLines(config: ConfiguredVrrpInstance): readonly string[] {
  const { unicastPeers: peers, unicastTtl, checkUnicastSource, oldUnicastChecksum } = config;
  if (peers.length === 0) return [];
  const compatibility = { detect: "no", never: "never", always: "config" }[oldUnicastChecksum];
  return [
    ...(unicastTtl === null ? [] : [`Unicast TTL = ${unicastTtl}`]),
    `Check unicast src : ${yesNo(checkUnicastSource)}`,
    ...listLines(
      "Unicast Peer :",
      peers.map(({ address, minTtl, maxTtl }) => `${address} min_ttl ${minTtl ?? 0} max_ttl ${maxTtl ?? 255}`),
    ),
    `Unicast checksum compatibility = ${compatibility}`,
  ];
}

type Weighted = Pick<TrackedObject, "name" | "weight" | "isReversed">;

export function weightText({ weight, isReversed }: Pick<Weighted, "weight" | "isReversed">): string {
  return `${weight}${isReversed ? " reverse" : ""}`;
}

/** @param processTitle of an instance and of a group differ */
export function trackedLines(
  interfaces: readonly Weighted[],
  tracked: TrackedObjects,
  processTitle: string,
): readonly string[] {
  const spelled = (objects: readonly Weighted[], mark: string): readonly string[] =>
    objects.map((object) => `${object.name}${mark} weight ${weightText(object)}`);
  return [
    ...listLines("Tracked interfaces :", spelled(interfaces, "")),
    ...listLines("Tracked scripts :", spelled(tracked.scripts, "")),
    ...listLines("Tracked files :", spelled(tracked.files, ",")),
    ...listLines(processTitle, spelled(tracked.processes, ",")),
    ...listLines("Tracked BFDs :", spelled(tracked.bfds, ":")),
  ];
}

const SCRIPTS: readonly (readonly [keyof NotifyScripts, string])[] = [
  ["backup", "Backup"],
  ["active", "Master"],
  ["fault", "Fault"],
  ["stop", "Stop"],
  ["deleted", "Deleted"],
  ["any", "Generic"],
  ["lowerPriorityHeard", "Master rx lower pri"],
];

export function scriptLines(notify: NotifyScripts, own: ScriptUser): readonly string[] {
  return SCRIPTS.flatMap(([name, title]) => {
    const script = notify[name];
    if (script === null) return [];
    return [`${title} state transition script = ${quoted(script.argv)}, uid:gid ${userText(script.user ?? own)}`];
  });
}

/** One instance, in keepalived's keys and order; the numbers of its sockets and its next timer are the loop's own. */
export function instanceLines(instance: DumpedInstance, own: ScriptUser): readonly string[] {
  const { config } = instance;
  const lines = [
    ...stateLines(instance),
    ...interfaceLines(instance),
    ...announcementLines(config),
    ...electionLines(instance),
    ...addressLines(instance),
    ...unicastLines(config),
    ...listLines("Virtual Routes :", config.virtualRoutes.map(routeText)),
    ...listLines("Virtual Rules :", config.virtualRules.map(ruleText)),
    ...trackedLines(config.trackedInterfaces, config.tracked, "Tracked processes :"),
    `Using smtp notification = ${yesNo(config.sendsMail)}`,
    `Notify deleted = ${config.reportsDeletion ? "Deleted" : "Fault"}`,
    ...scriptLines(config.notify, own),
    `Notify priority changes = ${trueFalse(config.notifiesPriorityChanges)}`,
  ];
  return [` VRRP Instance = ${config.name}`, ...lines.map((line) => `   ${line}`)];
}
