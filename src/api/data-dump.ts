import type { ScriptUser } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import type { TrackedStates } from "../runtime/tracking-runtime.ts";
import type { VrrpInstanceSnapshot, VrrpStateName } from "../runtime/vrrp-types.ts";
import { objectsByInstance } from "../tracking/objects.ts";
import { globalLines } from "./data-globals.ts";
import { type SocketFacts, section, socketSection, staticSections, syncGroupLines } from "./data-groups.ts";
import { type InterfaceFacts, interfaceSection } from "./data-interfaces.ts";
import { trackerSections } from "./data-trackers.ts";
import { type DumpedInstance, instanceLines } from "./data-vrrp.ts";
import { type PlacedConfiguration, placeConfiguration } from "./placed.ts";

export interface DataSources {
  readonly configuration: CompleteConfiguration;
  readonly instances: readonly VrrpInstanceSnapshot[];
  readonly bfdSessions: readonly BfdSessionSnapshot[];
  /** Null without VRRP. */
  readonly tracked: TrackedStates | null;
  readonly interfaces: InterfaceFacts;
  /** Who runs scripts that name nobody. */
  readonly ownUser: ScriptUser;
  /** CLOCK_MONOTONIC */
  readonly nowUs: number;
  /** The same moment by the wall clock, microseconds since 1970. */
  readonly wallUs: number;
}

const NO_STATES: TrackedStates = { scripts: new Map(), files: new Map(), processes: [] };

function dumpedInstances(sources: DataSources, configuration: PlacedConfiguration): readonly DumpedInstance[] {
  const { instances, tracked, interfaces, nowUs, wallUs } = sources;
  const live = new Map(instances.map((one) => [one.name, one]));
  const links = new Map(interfaces.links.map((link) => [link.name, link]));
  const objects = objectsByInstance(configuration);
  return configuration.vrrpInstances.map((config) => {
    const own = live.get(config.name) ?? null;
    const scripts = objects.get(config.name)?.scripts ?? [];
    return {
      config,
      links,
      live: own,
      lastTransitionUs: own === null ? 0 : wallUs - (nowUs - own.sinceUs),
      pendingScripts: scripts.filter(({ name }) => tracked?.scripts.get(name)?.isGood === null).length,
    };
  });
}

function realtimeLines({ global }: CompleteConfiguration): readonly string[] {
  const { realtimePriority, realtimeLimitUs } = global.processes.vrrp;
  if (realtimePriority === 0) return [];
  return [` current realtime priority = ${realtimePriority}`, ` current realtime time limit = ${realtimeLimitUs}`];
}

/**
 * keepalived.data: the global settings, everything of VRRP and how it fares, and the interfaces, in keepalived's keys and
 * layout. Passwords stay hidden; what only its own sockets, threads and interface settings are about is left out.
 */
export function renderData(given: DataSources): string {
  const { bfdSessions, ownUser, interfaces } = given;
  const configuration = placeConfiguration(given.configuration, interfaces.stacked);
  const instances = dumpedInstances(given, configuration);
  const states = new Map(instances.map(({ config, live }) => [config.name, live?.state]));
  const stateOf = (name: string): VrrpStateName => states.get(name) ?? "initialize";
  const sources = new Map(given.instances.map(({ name, sourceAddress }) => [name, sourceAddress]));
  const sourceOf: SocketFacts["sourceOf"] = ({ name, sourceAddress }) => sourceAddress ?? sources.get(name) ?? null;
  const mtus = new Map(interfaces.links.map(({ name, mtu }) => [name, mtu]));
  const lines = [
    ...globalLines(configuration, ownUser),
    ...realtimeLines(configuration),
    ...staticSections(configuration),
    ...section(
      "VRRP Topology",
      instances.flatMap((instance) => instanceLines(instance, ownUser)),
    ),
    ...socketSection(configuration.vrrpInstances, { mtuOf: (name) => mtus.get(name) ?? 0, sourceOf }),
    ...section(
      "VRRP Sync groups",
      configuration.syncGroups.flatMap((group) => syncGroupLines(group, stateOf, ownUser)),
    ),
    ...trackerSections({
      configuration,
      ownUser,
      tracked: given.tracked ?? NO_STATES,
      sessionsUp: new Set(bfdSessions.filter(({ isUp }) => isUp).map(({ name }) => name)),
    }),
    ...interfaceSection(configuration, interfaces),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
