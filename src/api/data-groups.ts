import type { ScriptUser } from "../model/command.ts";
import type { ConfiguredVrrpInstance, StaticTrackGroup, VrrpSyncGroup } from "../model/vrrp-complete.ts";
import type { VrrpStateName } from "../runtime/vrrp-types.ts";
import { receiveBufferBytes } from "../vrrp/receive-buffer.ts";
import { listLines, STATES, scriptLines, trackedLines } from "./data-vrrp.ts";
import { addressText, routeText, ruleText } from "./dump-network.ts";
import { gNumber, yesNo } from "./dump-text.ts";
import { garpGroupsOf, type NumberedGarpGroup } from "./garp-groups.ts";
import { ownInterface, type PlacedConfiguration } from "./placed.ts";

const SECOND_US = 1_000_000;
/** The sockets are the native loop's. */
const NO_SOCKET = -1;

/** A section with its title; nothing without entries. */
export function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`------< ${title} >------`, ...lines];
}

function garpGroupLines({ interfaces, garpIntervalUs, gnaIntervalUs, number }: NumberedGarpGroup): readonly string[] {
  const interval = (name: string, us: number | null): readonly string[] =>
    us === null ? [] : [` ${name} interval = ${gNumber(us / SECOND_US)}`];
  return [
    `------< GARP delay group ${number} >------`,
    ...interval("GARP", garpIntervalUs),
    ...interval("GNA", gnaIntervalUs),
    " Interfaces",
    ...interfaces.map((name) => `  ${name}`),
  ];
}

function trackGroupLines({ name, instances }: StaticTrackGroup): readonly string[] {
  return [
    ` Static Track Group = ${name}`,
    ...listLines(
      "   VRRP member instances :",
      instances.map((one) => `   ${one}`),
    ),
  ];
}

/** What stands before the instances. */
export function staticSections(configuration: PlacedConfiguration): readonly string[] {
  const { staticAddresses, staticRoutes, staticRules, staticTrackGroups, global } = configuration;
  const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `     ${line}`);
  const addresses = staticAddresses.map((address) => {
    const device = address.interfaceName ?? global.defaultInterface;
    return addressText(address, { device, isSet: true, isGuarded: false });
  });
  return [
    ...section("Gratuitous ARP delays", garpGroupsOf(configuration).flatMap(garpGroupLines)),
    ...section("Static Addresses", indented(addresses)),
    ...section("Static Routes", indented(staticRoutes.map(routeText))),
    ...section("Static Rules", indented(staticRules.map(ruleText))),
    ...section("Static Track groups", staticTrackGroups.flatMap(trackGroupLines)),
  ];
}

interface Pool {
  readonly title: readonly string[];
  readonly members: ConfiguredVrrpInstance[];
}

/** The address that adverts come from; null while there is none. */
type SourceOf = (config: ConfiguredVrrpInstance) => string | null;

/** Instances that share a socket. keepalived: adverts of several kinds come in by sockets of their own. */
function poolsOf(instances: readonly ConfiguredVrrpInstance[], sourceOf: SourceOf): readonly Pool[] {
  const pools = new Map<string, Pool>();
  for (const config of instances) {
    const { vmac, interfaceName, family, authentication, unicastPeers } = config;
    const source = sourceOf(config);
    const isUnicast = unicastPeers.length > 0;
    const title = [
      // Adverts go by the interface below where the VMAC leaves them to it.
      `Interface = ${vmac?.transmitsOnBase === true ? interfaceName : ownInterface(config)}`,
      `Family = ${family === "inet" ? "IPv4" : "IPv6"}`,
      `Protocol = ${authentication.kind === "ah" ? "AH" : "VRRP"}`,
      `Type = ${isUnicast ? "Un" : "Mult"}icast`,
      ...(isUnicast && source !== null ? [`Address = ${source}`] : []),
    ];
    const key = title.join("\n");
    const pool = pools.get(key) ?? { title, members: [] };
    pool.members.push(config);
    pools.set(key, pool);
  }
  return [...pools.values()];
}

export interface SocketFacts {
  /** Of an interface, in octets. */
  readonly mtuOf: (interfaceName: string) => number;
  readonly sourceOf: SourceOf;
}

export function socketSection(
  instances: readonly ConfiguredVrrpInstance[],
  { mtuOf, sourceOf }: SocketFacts,
): readonly string[] {
  const lines = poolsOf(instances, sourceOf).flatMap(({ title, members }) => {
    const bytes = members.reduce((sum, one) => sum + receiveBufferBytes(one, mtuOf(one.interfaceName)), 0);
    return [
      ` fd_in ${NO_SOCKET} fd_out = ${NO_SOCKET}`,
      ...title.map((line) => `   ${line}`),
      `   Rx buf size = ${bytes}`,
      "   VRRP instances",
      ...members.toSorted((one, other) => one.vrid - other.vrid).map(({ name, vrid }) => `     ${name} vrid ${vrid}`),
    ];
  });
  return section("VRRP Sockpool", lines);
}

/** The worst state among its members: that is where the group stands. */
function groupState(states: readonly VrrpStateName[]): VrrpStateName {
  const order = ["fault", "initialize", "backup"] as const;
  return order.find((state) => states.includes(state)) ?? (states.length === 0 ? "initialize" : "active");
}

export function syncGroupLines(
  group: VrrpSyncGroup,
  stateOf: (instance: string) => VrrpStateName,
  own: ScriptUser,
): readonly string[] {
  const states = group.members.map(stateOf);
  const count = (state: VrrpStateName): number => states.filter((one) => one === state).length;
  const lines = [
    `Num member fault ${count("fault")}, num member init ${count("initialize")}`,
    ...listLines("VRRP member instances :", group.members),
    ...(group.keepsTrackingWeights ? ["sync group tracking weight set"] : []),
    `Using smtp notification = ${yesNo(group.sendsMail)}`,
    ...(group.notifiesPriorityChanges ? ["Notify priority changes = yes"] : []),
    ...trackedLines(group.trackedInterfaces, group.tracked, "Tracked process :"),
    ...scriptLines(group.notify, own),
  ];
  return [` VRRP Sync Group = ${group.name}, ${STATES[groupState(states)]}`, ...lines.map((line) => `   ${line}`)];
}
