import type { LinkFacts } from "../addressing/link-message.ts";
import { objectInterfaces } from "../addressing/object-interfaces.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { InterfaceAddress, Link } from "../native/contract.ts";
import { section } from "./data-groups.ts";
import { listLines, weightText } from "./data-vrrp.ts";
import { garpGroupsOf } from "./garp-groups.ts";
import { ownInterface, type PlacedConfiguration } from "./placed.ts";

const MILLISECOND_US = 1000;
const LINK_SCOPE = 253;

/** What the kernel says of interfaces. */
export interface InterfaceFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** The links once more, as VMACs are told apart by. */
  readonly stacked: readonly LinkFacts[];
}

function stateText({ isUp, isRunning, isLoopback, hasArp }: Link): string {
  const loopback = isLoopback ? ", no broadcast, loopback, no multicast" : "";
  return `${isUp ? "" : "not "}UP, ${isRunning ? "" : "not "}RUNNING${loopback}${hasArp || isLoopback ? "" : ", no arp"}`;
}

/** Ours on the machine. */
interface OwnAddresses {
  readonly virtual: ReadonlySet<string>;
  readonly static: ReadonlySet<string>;
}

function addressLines(link: Link, facts: InterfaceFacts, ours: OwnAddresses): readonly string[] {
  const own = facts.addresses.filter(({ ifindex, address }) => ifindex === link.ifindex && !ours.virtual.has(address));
  const ofIpv4 = own.filter(({ family }) => family === "inet");
  // keepalived: what was there before a static address was added.
  const first = ofIpv4.find(({ address }) => !ours.static.has(address)) ?? ofIpv4[0];
  // keepalived: adverts of IPv6 come from the link-local one.
  const local = own.find(({ family, scope }) => family === "inet6" && scope === LINK_SCOPE);
  return [`IPv4 address = ${first?.address ?? "(none)"}`, `IPv6 address = ${local?.address ?? "(none)"}`];
}

function delayLines(configuration: PlacedConfiguration, name: string): readonly string[] {
  const delay = configuration.interfaceDelays.find((one) => one.name === name);
  const group = garpGroupsOf(configuration).find(({ interfaces }) => interfaces.includes(name));
  const interval = (what: string, us: number | null): readonly string[] =>
    us === null ? [] : [`Gratuitous ${what} interval ${us / MILLISECOND_US}ms`];
  return [
    `Up debounce timer = ${delay?.upDelayUs ?? 0}us`,
    `Down debounce timer = ${delay?.downDelayUs ?? 0}us`,
    ...(group === undefined
      ? []
      : [
          ...interval("ARP", group.garpIntervalUs),
          ...interval("NA", group.gnaIntervalUs),
          ...(group.number === 0 ? [] : [`Gratuitous ARP aggregation group ${group.number}`]),
        ]),
  ];
}

/** Interfaces whose loss is a fault of the instance: its own, and those of its addresses, routes and rules. */
function isOwn(config: ConfiguredVrrpInstance, name: string): boolean {
  const { interfaceName, virtualAddresses, excludedAddresses } = config;
  const isBelow =
    [...virtualAddresses, ...excludedAddresses].some((one) => one.isTracked && one.interfaceName === name) ||
    objectInterfaces(config).includes(name);
  return isBelow || (!config.ignoresOwnInterface && [interfaceName, ownInterface(config)].includes(name));
}

/** Instances that follow an interface: as their own or by `track_interface`, then those whose sync group does. */
function followerLines({ vrrpInstances, syncGroups }: CompleteConfiguration, name: string): readonly string[] {
  const followers = new Map<string, string>();
  for (const config of vrrpInstances) {
    const tracked = config.trackedInterfaces.find((one) => one.name === name);
    if (tracked !== undefined) followers.set(config.name, weightText(tracked));
    else if (isOwn(config, name)) followers.set(config.name, "0");
  }
  for (const { members, trackedInterfaces } of syncGroups) {
    const tracked = trackedInterfaces.find((one) => one.name === name);
    if (tracked === undefined) continue;
    for (const member of members) if (!followers.has(member)) followers.set(member, weightText(tracked));
  }
  const lines = [...followers].map(([instance, weight]) => `${instance}, weight ${weight}`);
  return listLines("Tracking VRRP instances :", lines);
}

/** Of one that was made for an instance. */
function vmacLines({ vrrpInstances }: PlacedConfiguration, name: string, links: readonly Link[]): readonly string[] {
  const below = vrrpInstances[0]?.bases.get(name);
  const base = links.find((link) => link.name === below);
  if (base === undefined) return [];
  const state = `${base.isUp ? "" : "not "}UP, ${base.isRunning ? "" : "not "}RUNNING`;
  return [`VMAC type private, underlying interface = ${base.name}, state = ${state}`, "I/f created by keepalived"];
}

/** Interfaces that instances and groups name and the machine does not have, in the order of their first mention. */
function absentNames(configuration: PlacedConfiguration, links: readonly Link[]): readonly string[] {
  const { vrrpInstances, syncGroups } = configuration;
  const named = vrrpInstances.flatMap((config) => [
    config.interfaceName,
    ...config.trackedInterfaces.map(({ name }) => name),
    ...[...config.virtualAddresses, ...config.excludedAddresses].map(({ interfaceName }) => interfaceName ?? ""),
    ...objectInterfaces(config),
  ]);
  const ofGroups = syncGroups.flatMap(({ trackedInterfaces }) => trackedInterfaces.map(({ name }) => name));
  const known = new Set(["", ...links.map(({ name }) => name), ...(vrrpInstances[0]?.bases.keys() ?? [])]);
  return [...new Set([...named, ...ofGroups])].filter((name) => !known.has(name));
}

/** keepalived: of one that is not there it knows nothing. */
function absentLines(configuration: PlacedConfiguration, name: string): readonly string[] {
  const [up = "", down = "", ...group] = delayLines(configuration, name);
  const own = [
    "index = 0 (deleted)",
    "IPv4 address = (none)",
    "IPv6 address = (none)",
    "State = not UP, not RUNNING, no broadcast, no multicast",
    ...[up, down, "MTU = 0", "HW Type = UNKNOWN (0)"],
    ...group,
    ...followerLines(configuration, name),
  ];
  return [` Name = ${name}`, ...own.map((line) => `   ${line}`)];
}

type LinkLines = (link: Link) => readonly string[];

/** Of those that are there. */
function linkLinesIn(configuration: PlacedConfiguration, facts: InterfaceFacts): LinkLines {
  const { vrrpInstances, staticAddresses } = configuration;
  const virtual = vrrpInstances.flatMap((config) => [...config.virtualAddresses, ...config.excludedAddresses]);
  const ours = {
    virtual: new Set(virtual.map(({ address }) => address)),
    static: new Set(staticAddresses.map(({ address }) => address)),
  };
  return (link) => {
    const [up = "", down = "", ...group] = delayLines(configuration, link.name);
    const own = [
      `index = ${link.ifindex}`,
      ...addressLines(link, facts, ours),
      ...(link.mac === null || link.isLoopback ? [] : [`MAC = ${link.mac}`, "MAC broadcast = ff:ff:ff:ff:ff:ff"]),
      `State = ${stateText(link)}`,
      up,
      down,
      ...vmacLines(configuration, link.name, facts.links),
      `MTU = ${link.mtu}`,
      `HW Type = ${link.isLoopback ? "LOOPBACK" : "ETHERNET"}`,
      ...group,
      ...followerLines(configuration, link.name),
    ];
    return [` Name = ${link.name}`, ...own.map((line) => `   ${line}`)];
  };
}

/** All interfaces of the machine, those that it lacks, and VMACs, which keepalived makes after it has read of the others. */
export function interfaceSection(configuration: PlacedConfiguration, facts: InterfaceFacts): readonly string[] {
  const { links } = facts;
  const linesOf = linkLinesIn(configuration, facts);
  const isMade = ({ name }: Link): boolean => configuration.vrrpInstances[0]?.bases.has(name) === true;
  return section("Interfaces", [
    ...links.filter((link) => !isMade(link)).flatMap(linesOf),
    ...absentNames(configuration, links).flatMap((name) => absentLines(configuration, name)),
    ...links.filter(isMade).flatMap(linesOf),
  ]);
}
