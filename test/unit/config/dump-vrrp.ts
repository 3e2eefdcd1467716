import { enabled, quoted, sixDecimals, yesNo } from "../../../src/api/dump-text.ts";
import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule, Prefix } from "../../../src/model/addressing.ts";
import type { NotifyScripts } from "../../../src/model/command.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { TrackedObject } from "../../../src/model/tracking.ts";
import type { ConfiguredVrrpInstance, VrrpSyncGroup } from "../../../src/model/vrrp-complete.ts";
import type { DumpObject } from "./dump-object.ts";

const SECOND_US = 1_000_000;

/** What the peer's VRRP process prints about VRRP, from our model. */
export function dumpVrrp(configuration: CompleteConfiguration): readonly DumpObject[] {
  const { global } = configuration;
  const names = nameLinks(configuration);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    [
      "[static addresses]",
      configuration.staticAddresses.map((item) => addressText(item, item.interfaceName ?? global.defaultInterface)),
    ],
    ["[static routes]", configuration.staticRoutes.map(routeText)],
    ["[static rules]", configuration.staticRules.map(ruleText)],
  ];
  return [
    ...lists.filter(([, lines]) => lines.length > 0).map(([heading, lines]) => ({ heading, lines })),
    ...configuration.vrrpInstances.map((instance) => dumpInstance(instance, names.get(instance.name) ?? "")),
    ...configuration.syncGroups.map((group) => dumpSyncGroup(group, configuration)),
    ...configuration.staticTrackGroups.map((group) => ({
      heading: `[static track group ${group.name}]`,
      lines: group.instances.map((name) => `VRRP member instances | ${name}`),
    })),
    ...configuration.garpGroups.map((group, index) => ({
      heading: `[garp delay group ${index}]`,
      lines: [
        ...(group.garpIntervalUs === null ? [] : [`GARP interval = ${group.garpIntervalUs / SECOND_US}`]),
        ...(group.gnaIntervalUs === null ? [] : [`GNA interval = ${group.gnaIntervalUs / SECOND_US}`]),
        "Interfaces",
        ...group.interfaces,
      ],
    })),
    ...dumpTrackers(configuration),
  ];
}

function reverse(object: { readonly isReversed: boolean }): string {
  return object.isReversed ? " reverse" : "";
}

/** Names of VMACs and ipvlans: given ones first, then generated ones that are free. */
function nameLinks(configuration: CompleteConfiguration): ReadonlyMap<string, string> {
  const prefix = configuration.global.vmacPrefix;
  const names = new Map<string, string>();
  for (const instance of configuration.vrrpInstances) {
    const own = instance.vmac?.name ?? instance.ipvlan?.name;
    const taken = new Set(names.values());
    const plain = `${prefix}.${instance.vrid}`;
    const second = instance.family === "inet6" ? `${prefix}6.${instance.vrid}` : `${prefix}4.${instance.vrid}`;
    if (instance.vmac !== null || instance.ipvlan !== null)
      names.set(instance.name, own ?? (taken.has(plain) ? second : plain));
  }
  return names;
}

function linkLines(instance: ConfiguredVrrpInstance, name: string): readonly string[] {
  const { vmac, ipvlan, interfaceName } = instance;
  if (vmac !== null) {
    const onBase = vmac.transmitsOnBase ? ", xmit base i/f" : "";
    return [
      `Use VMAC, i/f name ${name}, xmit_base = ${vmac.transmitsOnBase}`,
      `Interface = ${name}, vmac on ${interfaceName}${onBase}`,
    ];
  }
  if (ipvlan !== null) {
    const address =
      ipvlan.address === null
        ? ""
        : `, i/f address = ${ipvlan.address}${ipvlan.prefixLength === null ? "" : `/${ipvlan.prefixLength}`}`;
    return [
      `Use IPVLAN, i/f ${name}${address}, type ${ipvlan.mode}`,
      `Interface = ${name}, ipvlan on ${interfaceName}`,
    ];
  }
  return [`Interface = ${interfaceName}`];
}

function flagLines(instance: ConfiguredVrrpInstance): readonly string[] {
  if (instance.unicastPeers.length > 0) return ["Flags | Using unicast"];
  if (instance.fallsBackToMulticast) return ["Flags | Unicast config option specified but using multicast"];
  return instance.vmac !== null || instance.ipvlan !== null ? [] : ["Flags: none"];
}

function dumpInstance(instance: ConfiguredVrrpInstance, link: string): DumpObject {
  const isUnicast = instance.unicastPeers.length > 0;
  const device = instance.vmac === null ? instance.interfaceName : `${link}@${instance.interfaceName}`;
  const { announce } = instance;
  const intervalMs = instance.advertisementIntervalUs / 1000;
  const lines = [
    `VRRP Version = ${instance.version}`,
    ...(instance.syncGroup === null ? [] : [`Sync group = ${instance.syncGroup}`]),
    ...flagLines(instance),
    `Wantstate = ${instance.wantsActive ? "MASTER" : "BACKUP"}`,
    ...linkLines(instance, link),
    ...(instance.ignoresOwnInterface ? ["VRRP interface tracking disabled"] : []),
    ...(instance.skipCheckAdvertisedAddresses ? ["Skip checking advert IP addresses"] : []),
    ...(instance.isStrict ? ["Enforcing strict VRRP compliance"] : []),
    ...(instance.sourceAddress === null ? [] : [`Using src_ip = ${instance.sourceAddress} (from configuration)`]),
    ...(isUnicast ? [] : [`Multicast address ${instance.multicastGroup}`]),
    `Gratuitous ARP delay = ${announce.delayUs / SECOND_US}`,
    `Gratuitous ARP repeat = ${announce.repeat}`,
    `Gratuitous ARP refresh = ${announce.refreshUs / SECOND_US}`,
    `Gratuitous ARP refresh repeat = ${announce.refreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${announce.lowerPriorityDelayUs / SECOND_US}`,
    `Gratuitous ARP lower priority repeat = ${announce.lowerPriorityRepeat}`,
    `Down timer adverts = ${instance.downTimerAdverts}`,
    `Send advert after receive lower priority advert = ${!instance.isSilentOnLowerPriority}`,
    `Send advert after receive higher priority advert = ${instance.sendsAdvertBeforeYielding}`,
    `Virtual Router ID = ${instance.vrid}`,
    `Priority = ${instance.priority}`,
    `Advert interval = ${instance.version === 2 ? `${intervalMs / 1000} sec` : `${intervalMs} milli-sec`}`,
    `Accept = ${enabled(instance.acceptMode)}`,
    `Preempt = ${enabled(instance.preemptMode)}`,
    ...(instance.preemptDelayUs === 0 ? [] : [`Preempt delay = ${instance.preemptDelayUs / SECOND_US} secs`]),
    `Promote_secondaries = ${enabled(instance.promotesSecondaries)}`,
    ...authenticationLines(instance),
    ...(instance.kernelReceiveBufferBytes === null
      ? []
      : [`Kernel rx buffer size = ${instance.kernelReceiveBufferBytes}`]),
    ...instance.virtualAddresses.map((item) => `Virtual IP | ${addressText(item, item.interfaceName ?? device)}`),
    ...instance.excludedAddresses.map(
      (item) => `Virtual IP Excluded | ${addressText(item, item.interfaceName ?? device)}`,
    ),
    ...(instance.family === "inet6" ? ["Using Native IPv6"] : []),
    ...(isUnicast ? unicastLines(instance) : []),
    ...instance.virtualRoutes.map((route) => `Virtual Routes | ${routeText(route)}`),
    ...instance.virtualRules.map((rule) => `Virtual Rules | ${ruleText(rule)}`),
    ...trackedLines(instance.trackedInterfaces, instance.tracked),
    ...notifyLines(instance.notify),
    `Using smtp notification = ${yesNo(instance.sendsMail)}`,
    `Notify deleted = ${instance.reportsDeletion ? "Deleted" : "Fault"}`,
    `Notify priority changes = ${instance.notifiesPriorityChanges}`,
  ];
  return { heading: `[vrrp instance ${instance.name}]`, lines };
}

function authenticationLines({ authentication, version }: ConfiguredVrrpInstance): readonly string[] {
  if (version === 3) return [];
  switch (authentication.kind) {
    case "none":
    case "hmac":
      return ["Authentication type = none"];
    case "pass":
      return ["Authentication type = SIMPLE_PASSWORD", `Password = ${authentication.password}`];
    case "ah":
      return ["Authentication type = IPSEC_AH"];
  }
}

function unicastLines(instance: ConfiguredVrrpInstance): readonly string[] {
  return [
    ...(instance.unicastTtl === null ? [] : [`Unicast TTL = ${instance.unicastTtl}`]),
    `Check unicast src : ${yesNo(instance.checkUnicastSource)}`,
    ...instance.unicastPeers.map(
      ({ address, minTtl, maxTtl }) => `Unicast Peer | ${address} min_ttl ${minTtl ?? 0} max_ttl ${maxTtl ?? 255}`,
    ),
    `Unicast checksum compatibility = ${{ detect: "no", never: "never", always: "yes" }[instance.oldUnicastChecksum]}`,
  ];
}

function trackedLines(
  interfaces: readonly { name: string; weight: number; isReversed: boolean }[],
  tracked: ConfiguredVrrpInstance["tracked"],
): readonly string[] {
  const list = (label: string, objects: readonly TrackedObject[], separator: string): readonly string[] =>
    objects.map((object) => `${label} | ${object.name}${separator} weight ${object.weight}${reverse(object)}`);
  return [
    ...interfaces.map((item) => `Tracked interfaces | ${item.name} weight ${item.weight}${reverse(item)}`),
    ...list("Tracked scripts", tracked.scripts, ""),
    ...list("Tracked files", tracked.files, ","),
    ...list("Tracked processes", tracked.processes, ","),
    ...list("Tracked BFDs", tracked.bfds, ":"),
  ];
}

function notifyLines(notify: NotifyScripts): readonly string[] {
  const labels = [
    ["Backup state transition script", notify.backup],
    ["Master state transition script", notify.active],
    ["Fault state transition script", notify.fault],
    ["Stop state transition script", notify.stop],
    ["Generic state transition script", notify.any],
    ["Master rx lower pri script", notify.lowerPriorityHeard],
  ] as const;
  return labels.flatMap(([label, command]) => (command === null ? [] : [`${label} = ${quoted(command.argv)}`]));
}

function dumpSyncGroup(group: VrrpSyncGroup, configuration: CompleteConfiguration): DumpObject {
  const members = configuration.vrrpInstances.filter(({ name }) => group.members.includes(name));
  const state = members.every((member) => member.wantsActive && member.priority === 255) ? "MASTER" : "BACKUP";
  const lines = [
    ...group.members.map((name) => `VRRP member instances | ${name}`),
    `Using smtp notification = ${yesNo(group.sendsMail)}`,
    ...trackedLines(group.trackedInterfaces, group.tracked).map((line) =>
      line.replace("processes", "process").replace("Tracked BFDs", "Tracked BFD"),
    ),
    ...notifyLines(group.notify),
  ];
  return { heading: `[vrrp sync group ${group.name}, ${state}]`, lines };
}

const SCOPES: ReadonlyMap<number, string> = new Map([
  [0, "global"],
  [200, "site"],
  [253, "link"],
  [254, "host"],
]);

export function addressText(item: ConfiguredAddress, device: string): string {
  const bits = item.family === "inet" ? 32 : 128;
  const isHost = item.prefixLength === bits;
  const lifetime = item.family === "inet" ? null : item.preferredLifetime;
  const isDeprecated = item.family === "inet6" && (lifetime === 0 || (isHost && lifetime === null));
  const { flags } = item;
  return [
    item.address + (isHost || item.peer !== null ? "" : `/${item.prefixLength}`),
    ...(item.broadcast === null ? [] : [`brd ${item.broadcast}`]),
    `dev ${device}${item.usesVmac ? " use_vmac" : ""}`,
    `scope ${SCOPES.get(item.scope) ?? item.scope}`,
    ...(item.label === null ? [] : [`label ${item.label}`]),
    ...(item.peer === null ? [] : [`peer ${item.peer}/${item.prefixLength}`]),
    ...(flags.isHome ? ["home"] : []),
    ...(flags.detectsDuplicates ? ["-nodad"] : []),
    ...(flags.managesTemporary ? ["mngtmpaddr"] : []),
    ...(flags.hasNoPrefixRoute ? ["noprefixroute"] : []),
    ...(flags.joinsMulticast ? ["autojoin"] : []),
    ...(isDeprecated ? ["deprecated"] : []),
    ...(lifetime === null || lifetime === 0
      ? item.family === "inet6" && !isHost
        ? ["preferred_lft forever"]
        : []
      : [`preferred_lft ${lifetime}`]),
    ...(item.isTracked ? [] : ["no_track"]),
    ...(item.trackGroup === null ? [] : [`track_group ${item.trackGroup}`]),
  ].join(" ");
}

function prefixText(prefix: Prefix | null, family: "inet" | "inet6", isBareHost: boolean): string {
  if (prefix === null) return family === "inet" ? "0.0.0.0/0" : "::/0";
  const bits = prefix.family === "inet" ? 32 : 128;
  return isBareHost && prefix.prefixLength === bits ? prefix.address : `${prefix.address}/${prefix.prefixLength}`;
}

const METRIC_ORDER =
  "rtt rttvar rto_min features mtu window ssthresh cwnd advmss reordering hoplimit initcwnd initrwnd quickack congctl fastopen_no_cookie".split(
    " ",
  );

function metricTexts(route: ConfiguredRoute): readonly string[] {
  return METRIC_ORDER.flatMap((name) => {
    const metric = route.metrics.find((candidate) => candidate.name === name);
    if (metric === undefined) return [];
    const isDuration = name === "rtt" || name === "rttvar" || name === "rto_min";
    const ms = Number(metric.value);
    const value = isDuration ? (ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`) : metric.value;
    return [`${name} ${metric.isLocked ? "lock " : ""}${value}`];
  });
}

export function routeText(route: ConfiguredRoute): string {
  const { gateway } = route;
  return [
    route.insertion,
    ...(route.type === "unicast" ? [] : [route.type]),
    prefixText(route.destination, route.family, true),
    ...(route.sourcePrefix === null ? [] : [`from ${prefixText(route.sourcePrefix, route.family, true)}`]),
    ...(route.preferredSource === null ? [] : [`src ${route.preferredSource}`]),
    ...(gateway === null ? [] : [`via ${gateway.family} ${gateway.address}`]),
    ...(route.tos === 0 ? [] : [`tos ${route.tos}`]),
    ...(route.interfaceName === null ? [] : [`dev ${route.interfaceName}`]),
    ...(route.table === 254 ? [] : [`table ${route.table}`]),
    `proto ${route.protocol}`,
    ...(route.scope === null ? [] : [`scope ${route.scope}`]),
    ...(route.metric === null ? [] : [`metric ${route.metric}`]),
    ...(route.isOnLink ? ["onlink"] : []),
    ...(route.realms === null ? [] : [`realm ${route.realms}`]),
    ...metricTexts(route),
    ...(route.propagatesTtl === null ? [] : [`ttl-propagate ${route.propagatesTtl ? "enabled" : "disabled"}`]),
    ...route.nextHops.map((hop) =>
      [
        "nexthop",
        ...(hop.gateway === null ? [] : [`via ${hop.gateway.family} ${hop.gateway.address}`]),
        ...(hop.interfaceName === null ? [] : [`dev ${hop.interfaceName}`]),
        `weight ${hop.weight}`,
        ...(hop.isOnLink ? ["onlink"] : []),
      ].join(" "),
    ),
    ...(route.isTracked ? [] : ["no_track"]),
  ].join(" ");
}

export function ruleText(rule: ConfiguredRule): string {
  const { fwmark, realms, action } = rule;
  const table =
    action.kind === "table"
      ? `lookup ${action.table}`
      : action.kind === "goto"
        ? `goto ${action.priority}`
        : action.kind;
  const isFromShown = rule.source !== null || rule.destination !== null;
  return [
    ...(isFromShown ? [`from ${prefixText(rule.source, rule.family, true)}`] : []),
    ...(rule.destination === null ? [] : [`to ${prefixText(rule.destination, rule.family, true)}`]),
    `priority ${rule.priority}`,
    `tos 0x${rule.tos.toString(16)}`,
    ...(fwmark === null
      ? []
      : [`fwmark 0x${fwmark.mark.toString(16)}${fwmark.mask === null ? "" : `/0x${fwmark.mask.toString(16)}`}`]),
    ...(rule.inputInterface === null ? [] : [`iif ${rule.inputInterface}`]),
    ...(rule.outputInterface === null ? [] : [`oif ${rule.outputInterface}`]),
    ...(rule.suppressPrefixLength === null ? [] : [`suppress_prefixlen ${rule.suppressPrefixLength}`]),
    ...(rule.tunnelId === null ? [] : [`tunnel-id ${rule.tunnelId}`]),
    ...(rule.uidRange === null ? [] : [`uidrange ${rule.uidRange.join("-")}`]),
    ...(rule.usesL3mdev ? ["l3mdev"] : []),
    `protocol ${rule.protocol}`,
    ...(realms === null ? [] : [`realms ${Math.floor(realms / 65536)}/${realms % 65536}`]),
    table,
    ...(rule.isTracked ? [] : ["no_track"]),
  ].join(" ");
}

/** Objects followed by instances, with who follows them. */
function dumpTrackers(configuration: CompleteConfiguration): readonly DumpObject[] {
  const followers = (kind: "scripts" | "files" | "processes" | "bfds", name: string): readonly string[] =>
    configuration.vrrpInstances
      .flatMap((instance) =>
        instance.tracked[kind]
          .filter((object) => object.name === name)
          .map((object) => `Tracking instances | ${instance.name}, weight ${object.weight}${reverse(object)}`),
      )
      .concat(
        configuration.syncGroups.flatMap((group) =>
          group.tracked[kind]
            .filter((object) => object.name === name)
            .flatMap((object) =>
              group.members.map(
                (member) => `Tracking instances | ${member}, weight ${object.weight}${reverse(object)}`,
              ),
            ),
        ),
      );
  const weight = (object: { readonly weight: number; readonly isReversed: boolean }): string =>
    `Weight = ${object.weight}${reverse(object)}`;
  return [
    ...configuration.scripts.map((script) => ({
      heading: `[vrrp script ${script.name}]`,
      lines: [
        `Command = ${quoted(script.command.argv)}`,
        `Interval = ${script.intervalUs / SECOND_US} sec`,
        `Timeout = ${script.hasOwnTimeout ? script.timeoutUs / SECOND_US : 0} sec`,
        weight(script),
        `Rise = ${script.rise}`,
        `Fall = ${script.fall}`,
        ...followers("scripts", script.name),
      ],
    })),
    ...configuration.trackFiles.map((file) => ({
      heading: `[track file ${file.name}]`,
      lines: [`File = ${file.path}`, weight(file), ...followers("files", file.name)],
    })),
    ...configuration.trackProcesses.map((process) => ({
      heading: `[vrrp track process ${process.name}]`,
      lines: [
        `Process = ${process.command[0]}`,
        ...(process.command.length > 1 ? [`Parameters = ${process.command.slice(1).join(" ")}`] : []),
        ...(process.parameterMatch === "none"
          ? []
          : [process.parameterMatch === "exact" ? "Param match" : `Param match = ${process.parameterMatch}`]),
        `Min processes = ${process.quorum}`,
        ...(process.quorumMaximum === null ? [] : [`Max processes = ${process.quorumMaximum}`]),
        weight(process),
        `Terminate delay = ${sixDecimals(process.terminateDelayUs)}s`,
        `Fork delay = ${sixDecimals(process.forkDelayUs)}s`,
        `Full command = ${process.matchesFullCommand}`,
        ...followers("processes", process.name),
      ],
    })),
    ...configuration.bfdInstances.map((bfd) => ({
      heading: `[vrrp track bfd ${bfd.name}]`,
      lines: [weight(bfd), ...followers("bfds", bfd.name)],
    })),
  ];
}

/** What the peer's BFD process prints. */
export function dumpBfd(configuration: CompleteConfiguration): readonly DumpObject[] {
  return configuration.bfdInstances
    .filter(({ neighborAddress }) => neighborAddress !== null)
    .map((bfd) => ({
      heading: `[bfd instance ${bfd.name}]`,
      lines: [
        `Neighbor IP = ${bfd.neighborAddress}`,
        ...(bfd.sourceAddress === null ? [] : [`Source IP = ${bfd.sourceAddress}`]),
        `Required min RX interval = ${bfd.minRxUs} us`,
        `Desired min TX interval = ${bfd.minTxUs} us`,
        `Desired idle TX interval = ${bfd.idleTxUs} us`,
        `Detection multiplier = ${bfd.multiplier}`,
        `TTL = ${bfd.ttl}`,
        `max_hops = ${bfd.maxHops}`,
        `passive = ${bfd.isPassive}`,
        `send event to VRRP process = ${bfd.tellsVrrp ? "Yes" : "No"}`,
        `send event to checker process = ${bfd.tellsCheckers ? "Yes" : "No"}`,
      ],
    }));
}
