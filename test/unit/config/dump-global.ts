import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import type { DumpObject } from "./dump-object.ts";

/** Of the host that the corpus is loaded on; the peer then prints no identity. */
const HOST_NAME = "corpus";
const SECOND_US = 1_000_000;

/** The global lines that differ from the peer's defaults. */
export function dumpGlobals(
  configuration: CompleteConfiguration,
  kind: "vrrp" | "check",
  defaults: readonly string[],
): DumpObject {
  const known = new Set(defaults);
  const lines = [
    ...generalLines(configuration, kind),
    ...vrrpLines(configuration, kind),
    ...lvsLines(configuration, kind),
    ...processLines(configuration),
  ];
  return { heading: "[global, lines differing from the defaults]", lines: lines.filter((line) => !known.has(line)) };
}

function optional(label: string, value: string | number | null): readonly string[] {
  return value === null ? [] : [`${label} = ${value}`];
}

function flag(text: string, isSet: boolean): readonly string[] {
  return isSet ? [text] : [];
}

function generalLines({ global }: CompleteConfiguration, kind: "vrrp" | "check"): readonly string[] {
  const { mail, firewall, snmp } = global;
  const table = kind === "check" && firewall.isTableImplied ? null : firewall.table;
  return [
    ...optional("Network namespace", global.networkNamespace),
    ...optional("Network namespace ipvs", global.ipvsNamespace),
    ...(global.routerId === HOST_NAME ? [] : [`Router ID = ${global.routerId}`]),
    ...optional("Smtp server", mail.server),
    ...(global.reload.timeFile === null
      ? []
      : [`Reload time file = ${global.reload.timeFile}${global.reload.repeatsDaily ? " (repeat)" : ""}`]),
    ...(mail.server === null ? [] : [`Smtp server port = ${mail.port}`]),
    ...(mail.server === null ? [] : [`Smtp server connection timeout = ${mail.timeoutUs / SECOND_US}`]),
    ...optional("Email notification from", mail.from),
    ...mail.recipients.map((address) => `Email notification to > ${address}`),
    ...(mail.alertsByDefault === null ? [] : [`Default smtp_alert = ${mail.alertsByDefault ? "on" : "off"}`]),
    ...(mail.alertsForVrrp === null ? [] : [`Default smtp_alert_vrrp = ${mail.alertsForVrrp ? "on" : "off"}`]),
    ...(mail.alertsForCheckers === null
      ? []
      : [`Default smtp_alert_checker = ${mail.alertsForCheckers ? "on" : "off"}`]),
    `Checkers log all failures = ${global.logsAllCheckerFailures}`,
    `Dynamic interfaces = ${global.dynamicInterfaces}`,
    ...flag(`Allow interface changes = ${global.allowsInterfaceChanges}`, global.dynamicInterfaces),
    `Disable local IGMP = ${global.disablesLocalIgmp ? "yes" : "no"}`,
    `FIFO write vrrp states on reload = ${global.rewritesFifoOnReload}`,
    `VRRP notify priority changes = ${global.notifiesPriorityChanges}`,
    ...optional("nftables table name", table),
    ...(table === null ? [] : [`nftables base chain priority = ${firewall.priority}`]),
    ...(table === null
      ? []
      : [`nftables ${firewall.usesInterfaceIndex ? "" : "don't "}force use ifindex for link local IPv6`]),
    `nftables with${firewall.hasCounters ? "" : "out"} counters`,
    `SNMP vrrp ${snmp.servesVrrp ? "enabled" : "disabled"}`,
    `SNMP checker ${snmp.servesCheckers ? "enabled" : "disabled"}`,
    `SNMP RFCv2 ${snmp.servesRfc2787 ? "enabled" : "disabled"}`,
    `SNMP RFCv3 ${snmp.servesRfc6527 ? "enabled" : "disabled"}`,
    `SNMP traps ${snmp.sendsTraps ? "enabled" : "disabled"}`,
    ...optional("SNMP socket", snmp.socket),
    `DBus ${global.dbus.isEnabled ? "enabled" : "disabled"}`,
    `Script security ${global.hasScriptSecurity ? "enabled" : "disabled"}`,
    `Max auto priority = ${global.maxAutoPriority < 0 ? "Disabled" : global.maxAutoPriority}`,
    `Min auto priority delay = ${global.minAutoPriorityDelayUs} usecs`,
    `umask = 0${global.umask.toString(8)}`,
    ...flag("log_unknown_vrids", global.logsUnknownVrids),
    `rs_init_notifies = ${Number(global.notifiesInitialServers)}`,
    `no_checker_emails = ${Number(global.mailsOnlyServerChanges)}`,
    `rx_bufs_multiples = ${global.receiveBufferMultiplier}`,
    ...(typeof global.receiveBufferPolicy === "number" ? [`rx_bufs_size = ${global.receiveBufferPolicy}`] : []),
    ...(global.receiveBufferPolicy === "mtu" ? ["rx_bufs_policy = MTU"] : []),
    ...(global.receiveBufferPolicy === "advert" ? ["rx_bufs_policy = ADVERT"] : []),
    ...bufferLines("vrrp_netlink_cmd_rcv_bufs", global.buffers.vrrpCommand),
    ...bufferLines("vrrp_netlink_monitor_rcv_bufs", global.buffers.vrrpMonitor),
    ...bufferLines("process_monitor_rcv_bufs", global.buffers.processMonitor),
    ...bufferLines("lvs_netlink_cmd_rcv_bufs", global.buffers.lvsCommand),
    ...bufferLines("lvs_netlink_monitor_rcv_bufs", global.buffers.lvsMonitor),
  ];
}

function bufferLines(
  name: string,
  buffer: { readonly sizeBytes: number; readonly isForced: boolean },
): readonly string[] {
  return [`${name} = ${buffer.sizeBytes}`, `${name}_force = ${Number(buffer.isForced)}`];
}

function vrrpLines({ global }: CompleteConfiguration, kind: "vrrp" | "check"): readonly string[] {
  const defaults = global.vrrp;
  const unset = kind === "check" ? 4294967295 : null;
  const { announce } = defaults;
  const lower = (given: number | null, effective: number): number => given ?? unset ?? effective;
  return [
    `VRRP IPv4 mcast group = ${defaults.multicastGroup4}`,
    `VRRP IPv6 mcast group = ${defaults.multicastGroup6}`,
    `Gratuitous ARP delay = ${announce.delayUs / SECOND_US}`,
    `Gratuitous ARP repeat = ${announce.repeat}`,
    `Gratuitous ARP refresh timer = ${announce.refreshUs / SECOND_US}`,
    `Gratuitous ARP refresh repeat = ${announce.refreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${lower(defaults.givenLowerDelaySec, announce.lowerPriorityDelayUs / SECOND_US)}`,
    `Gratuitous ARP lower priority repeat = ${lower(defaults.givenLowerRepeat, announce.lowerPriorityRepeat)}`,
    `Num adverts before down = ${defaults.downTimerAdverts}`,
    `Send advert after receive lower priority advert = ${!defaults.isSilentOnLowerPriority}`,
    `Send advert after receive higher priority advert = ${defaults.sendsAdvertBeforeYielding}`,
    `Gratuitous ARP interval = ${(announce.garpIntervalUs / SECOND_US).toFixed(6)}`,
    `Gratuitous NA interval = ${(announce.gnaIntervalUs / SECOND_US).toFixed(6)}`,
    `VRRP default protocol version = ${defaults.version}`,
    `VRRP check unicast_src = ${defaults.checkUnicastSource}`,
    `VRRP skip check advert addresses = ${defaults.skipCheckAdvertisedAddresses}`,
    `VRRP strict mode = ${defaults.isStrict}`,
  ];
}

function lvsLines({ global }: CompleteConfiguration, kind: "vrrp" | "check"): readonly string[] {
  const { lvsSyncDaemon: sync, lvsTimeoutsSec: timeouts } = global;
  const flush = { no: "disabled", all: "full", "virtual-servers": "VS" }[global.flushesIpvsAtStop];
  return [
    ...(timeouts.tcp === 0 ? [] : [`LVS TCP timeout = ${timeouts.tcp}`]),
    ...(timeouts.tcpFin === 0 ? [] : [`LVS TCP FIN timeout = ${timeouts.tcpFin}`]),
    ...(timeouts.udp === 0 ? [] : [`LVS TCP timeout = ${timeouts.udp}`]),
    `LVS flush = ${global.flushesIpvsAtStart}`,
    `LVS flush on stop = ${flush}`,
    ...(sync === null
      ? []
      : [
          `LVS syncd interface = ${sync.interfaceName}`,
          ...optional(`LVS syncd vrrp ${kind === "vrrp" ? "instance" : "name"}`, sync.instance),
          ...optional("LVS syncd maxlen", sync.maxLengthBytes),
          ...optional("LVS syncd mcast port", sync.port),
          ...optional("LVS syncd mcast ttl", sync.ttl),
          ...optional("LVS syncd mcast group", sync.group),
          `LVS syncd syncid = ${sync.syncId ?? 0}`,
        ]),
  ];
}

function processLines({ global }: CompleteConfiguration): readonly string[] {
  const { vrrp, checkers, bfd } = global.processes;
  return [
    ...optional("Parent process name", global.processName),
    ...optional("VRRP process name", vrrp.name),
    ...optional("LVS process name", checkers.name),
    ...optional("BFD process name", bfd.name),
    ...(
      [
        ["VRRP", vrrp],
        ["Checker", checkers],
        ["BFD", bfd],
      ] as const
    ).flatMap(([name, process]) => [
      `${name} process priority = ${process.niceness}`,
      `${name} don't swap = ${process.isMemoryLocked}`,
      `${name} realtime priority = ${process.realtimePriority}`,
      `${name} realtime limit = ${process.realtimeLimitUs}`,
    ]),
  ];
}
