import type { CompleteConfiguration } from "../model/complete.ts";
import type { InterfaceAddress, Link } from "../native/contract.ts";
import { section } from "./data-groups.ts";
import { listLines, weightText } from "./data-vrrp.ts";
import { vmacName } from "./dump-network.ts";

const MILLISECOND_US = 1000;
const LINK_SCOPE = 253;

/** What the kernel says of interfaces. */
export interface InterfaceFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
}

function stateText({ isUp, isRunning, isLoopback, hasArp }: Link): string {
  const loopback = isLoopback ? ", no broadcast, loopback, no multicast" : "";
  return `${isUp ? "" : "not "}UP, ${isRunning ? "" : "not "}RUNNING${loopback}${hasArp || isLoopback ? "" : ", no arp"}`;
}

function addressLines(link: Link, facts: InterfaceFacts, isVirtual: (address: string) => boolean): readonly string[] {
  const own = facts.addresses.filter(({ ifindex, address }) => ifindex === link.ifindex && !isVirtual(address));
  const first = own.find(({ family }) => family === "inet");
  // keepalived: adverts of IPv6 come from the link-local one.
  const local = own.find(({ family, scope }) => family === "inet6" && scope === LINK_SCOPE);
  return [`IPv4 address = ${first?.address ?? "(none)"}`, `IPv6 address = ${local?.address ?? "(none)"}`];
}

function delayLines({ interfaceDelays, garpGroups }: CompleteConfiguration, name: string): readonly string[] {
  const delay = interfaceDelays.find((one) => one.name === name);
  const at = garpGroups.findIndex(({ interfaces }) => interfaces.includes(name));
  const group = garpGroups[at];
  const milliseconds = (us: number | null | undefined): string => `${(us ?? 0) / MILLISECOND_US}ms`;
  return [
    `Up debounce timer = ${delay?.upDelayUs ?? 0}us`,
    `Down debounce timer = ${delay?.downDelayUs ?? 0}us`,
    ...(group === undefined
      ? []
      : [
          `Gratuitous ARP interval ${milliseconds(group.garpIntervalUs)}`,
          `Gratuitous NA interval ${milliseconds(group.gnaIntervalUs)}`,
          `Gratuitous ARP aggregation group ${at + 1}`,
        ]),
  ];
}

/** Instances that follow an interface: as their own, or by `track_interface`. */
function followerLines({ vrrpInstances }: CompleteConfiguration, name: string): readonly string[] {
  const followers = vrrpInstances.flatMap((config) => {
    const tracked = config.trackedInterfaces.find((one) => one.name === name);
    if (tracked !== undefined) return [`${config.name}, weight ${weightText(tracked)}`];
    const isOwn = !config.ignoresOwnInterface && (config.interfaceName === name || vmacName(config) === name);
    return isOwn ? [`${config.name}, weight 0`] : [];
  });
  return listLines("Tracking VRRP instances :", followers);
}

/** All interfaces of the machine. */
export function interfaceSection(configuration: CompleteConfiguration, facts: InterfaceFacts): readonly string[] {
  const virtual = new Set(
    configuration.vrrpInstances.flatMap(({ virtualAddresses, excludedAddresses }) =>
      [...virtualAddresses, ...excludedAddresses].map(({ address }) => address),
    ),
  );
  const lines = facts.links.flatMap((link) => {
    const [up = "", down = "", ...group] = delayLines(configuration, link.name);
    const own = [
      `index = ${link.ifindex}`,
      ...addressLines(link, facts, (address) => virtual.has(address)),
      ...(link.mac === null || link.isLoopback ? [] : [`MAC = ${link.mac}`]),
      `State = ${stateText(link)}`,
      up,
      down,
      `MTU = ${link.mtu}`,
      `HW Type = ${link.isLoopback ? "LOOPBACK" : "ETHERNET"}`,
      ...group,
      ...followerLines(configuration, link.name),
    ];
    return [` Name = ${link.name}`, ...own.map((line) => `   ${line}`)];
  });
  return section("Interfaces", lines);
}
