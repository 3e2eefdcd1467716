import { enabled, quoted, sixDecimals, yesNo } from "../../../src/api/dump-text.ts";
import type { NotifyScripts } from "../../../src/model/command.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { TrackedObject } from "../../../src/model/tracking.ts";
import type { ConfiguredVrrpInstance, VrrpSyncGroup } from "../../../src/model/vrrp-complete.ts";
import { addressText, routeText, ruleText } from "./dump-addressing.ts";
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
