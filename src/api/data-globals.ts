import type { NotifyFifo, ScriptUser } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { ConfiguredGlobals, LvsSyncDaemon, MailSettings, ProcessSettings } from "../model/global-complete.ts";
import { gNumber, quoted, sixDecimals, trueFalse, userText } from "./dump-text.ts";

const SECOND_US = 1_000_000;
const DEFAULT_SNMP = "default (unix:/var/agentx/master)";
const DEFAULT_PREFIX = "vrrp";

function given(name: string, value: string | number | null): readonly string[] {
  return value === null || value === "" ? [] : [`${name} = ${value}`];
}

function bit(flag: boolean): number {
  return flag ? 1 : 0;
}

function nameLines(globals: ConfiguredGlobals): readonly string[] {
  const { networkNamespace, ipvsNamespace, processes } = globals;
  // keepalived: without a name it is the one that the daemon was started in.
  const ipvs = ipvsNamespace === null ? "(main namespace)" : ipvsNamespace || "(default)";
  return [
    `Network namespace = ${networkNamespace ?? "(default)"}`,
    `Network namespace ipvs = ${ipvs}`,
    ...given("Instance name", globals.instanceName),
    ...given("VRRP process name", processes.vrrp.name),
    ...given("LVS process name", processes.checkers.name),
    ...given("BFD process name", processes.bfd.name),
    `Router ID = ${globals.routerId}`,
  ];
}

function mailLines(mail: MailSettings): readonly string[] {
  const unset = (value: boolean | null): string => (value === null ? "unset" : value ? "on" : "off");
  const server = [
    `Smtp server = ${mail.server}`,
    `Smtp server port = ${mail.port}`,
    ...given("Smtp HELO name", mail.heloName),
    `Smtp server connection timeout = ${mail.timeoutUs / SECOND_US}`,
    ...given("Email notification from", mail.from),
    "Email notification to:",
    ...mail.recipients.map((recipient) => `  ${recipient}`),
  ];
  return [
    ...(mail.server === null ? [] : server),
    `Default smtp_alert = ${unset(mail.alertsByDefault)}`,
    `Default smtp_alert_vrrp = ${unset(mail.alertsForVrrp)}`,
    `Default smtp_alert_checker = ${unset(mail.alertsForCheckers)}`,
  ];
}

function reloadLines({ reload, dumps }: ConfiguredGlobals): readonly string[] {
  const { checkLog, timeFile, repeatsDaily, markerFile, saveDirectory } = reload;
  return [
    checkLog === null ? "No test config before reload" : `Test config before reload, log to ${checkLog}`,
    ...given("Reload time file", timeFile === null ? null : `${timeFile}${repeatsDaily ? " (repeat)" : ""}`),
    ...given("Reload_file", markerFile),
    ...given("config save directory", saveDirectory),
    ...(dumps.usesInstanceNames ? ["Use instance name in data dumps"] : []),
  ];
}

function syncDaemonLines(daemon: LvsSyncDaemon | null): readonly string[] {
  if (daemon === null) return [];
  return [
    ...given("LVS syncd vrrp name", daemon.instance),
    `LVS syncd interface = ${daemon.interfaceName}`,
    ...given("LVS syncd syncid", daemon.syncId),
    ...given("LVS syncd maxlen", daemon.maxLengthBytes),
    ...(daemon.group === null ? [] : [`LVS mcast group ${daemon.group}`]),
    ...given("LVS syncd mcast port", daemon.port),
    ...given("LVS syncd mcast ttl", daemon.ttl),
  ];
}

function lvsLines(globals: ConfiguredGlobals): readonly string[] {
  const { tcp, tcpFin, udp } = globals.lvsTimeoutsSec;
  const isSet = tcp > 0 || tcpFin > 0 || udp > 0;
  const timeouts = [`LVS TCP timeout = ${tcp}`, `LVS TCP FIN timeout = ${tcpFin}`, `LVS UDP timeout = ${udp}`];
  return [
    ...(isSet ? timeouts : []),
    ...given("Default interface", globals.defaultInterface),
    `Disable local IGMP = ${globals.disablesLocalIgmp ? "yes" : "no"}`,
    ...syncDaemonLines(globals.lvsSyncDaemon),
    `LVS flush = ${trueFalse(globals.flushesIpvsAtStart)}`,
    `LVS flush on stop = ${{ no: "disabled", all: "full", "virtual-servers": "VS" }[globals.flushesIpvsAtStop]}`,
  ];
}

function fifoLines(name: string, fifo: NotifyFifo | null, own: ScriptUser): readonly string[] {
  if (fifo === null) return [];
  const { path, script, user } = fifo;
  return [
    `${name} = ${path}, uid:gid ${userText(user ?? own)}`,
    // keepalived: the script is given the path.
    ...(script === null
      ? []
      : [`${name} script = ${quoted([...script.argv, path])}, uid:gid ${userText(script.user ?? own)}`]),
  ];
}

function announcementLines({ vrrp }: ConfiguredGlobals): readonly string[] {
  const { announce } = vrrp;
  return [
    `VRRP IPv4 mcast group = ${vrrp.multicastGroup4}`,
    `VRRP IPv6 mcast group = ${vrrp.multicastGroup6}`,
    `Gratuitous ARP delay = ${announce.delayUs / SECOND_US}`,
    `Gratuitous ARP repeat = ${announce.repeat}`,
    `Gratuitous ARP refresh timer = ${announce.refreshUs / SECOND_US}`,
    `Gratuitous ARP refresh repeat = ${announce.refreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${announce.lowerPriorityDelayUs / SECOND_US}`,
    `Gratuitous ARP lower priority repeat = ${announce.lowerPriorityRepeat}`,
    `Num adverts before down = ${vrrp.downTimerAdverts}`,
    `Gratuitous ARP for each secondary ${vrrp.extraInterfaceGarp?.coversAll === true ? "i/f" : "VMAC"} = ${(vrrp.extraInterfaceGarp?.intervalUs ?? 0) / SECOND_US}s`,
    `Send advert after receive lower priority advert = ${trueFalse(!vrrp.isSilentOnLowerPriority)}`,
    `Send advert after receive higher priority advert = ${trueFalse(vrrp.sendsAdvertBeforeYielding)}`,
    `Gratuitous ARP interval = ${sixDecimals(announce.garpIntervalUs)}`,
    `Gratuitous NA interval = ${sixDecimals(announce.gnaIntervalUs)}`,
    `VRRP default protocol version = ${vrrp.version}`,
  ];
}

function firewallLines({ firewall }: ConfiguredGlobals): readonly string[] {
  const table = [
    `nftables table name = ${firewall.table}`,
    `nftables base chain priority = ${firewall.priority}`,
    `nftables ${firewall.usesInterfaceIndex ? "" : "don't "}force use ifindex for link local IPv6`,
  ];
  const ipvs = [
    `ipvs nftables table name = ${firewall.ipvsTable}`,
    `ipvs nftables base chain priority = ${firewall.ipvsPriority}`,
    `ipvs nftables start fwmark = ${firewall.ipvsFirstFwmark}`,
  ];
  return [
    ...(firewall.table === null ? [] : table),
    ...(firewall.ipvsTable === null ? [] : ipvs),
    `nftables ${firewall.hasCounters ? "with" : "without"} counters`,
  ];
}

function processLines(name: string, settings: ProcessSettings): readonly string[] {
  return [
    `${name} process priority = ${settings.niceness}`,
    `${name} don't swap = ${trueFalse(settings.isMemoryLocked)}`,
    `${name} realtime priority = ${settings.realtimePriority}`,
    ...given(`${name} CPU Affinity`, settings.cpus.join(" ")),
    `${name} realtime limit = ${settings.realtimeLimitUs}`,
  ];
}

function outsideLines({ snmp, dbus, hasScriptSecurity }: ConfiguredGlobals): readonly string[] {
  const state = (flag: boolean): string => (flag ? "enabled" : "disabled");
  return [
    `SNMP vrrp ${state(snmp.servesVrrp)}`,
    `SNMP checker ${state(snmp.servesCheckers)}`,
    `SNMP RFCv2 ${state(snmp.servesRfc2787)}`,
    `SNMP RFCv3 ${state(snmp.servesRfc6527)}`,
    `SNMP traps ${state(snmp.sendsTraps)}`,
    `SNMP socket = ${snmp.socket ?? DEFAULT_SNMP}`,
    `DBus ${state(dbus.isEnabled)}`,
    `DBus service name = ${dbus.serviceName ?? ""}`,
    `Script security ${state(hasScriptSecurity)}`,
  ];
}

function bufferLines(globals: ConfiguredGlobals): readonly string[] {
  const { buffers, receiveBufferPolicy: policy, receiveBufferMultiplier } = globals;
  const names = {
    vrrp_netlink_cmd_rcv_bufs: buffers.vrrpCommand,
    vrrp_netlink_monitor_rcv_bufs: buffers.vrrpMonitor,
    process_monitor_rcv_bufs: buffers.processMonitor,
    lvs_netlink_cmd_rcv_bufs: buffers.lvsCommand,
    lvs_netlink_monitor_rcv_bufs: buffers.lvsMonitor,
  };
  const size = typeof policy === "number" ? `rx_bufs_size = ${policy}` : `rx_bufs_policy = ${policy.toUpperCase()}`;
  return [
    ...Object.entries(names).flatMap(([name, { sizeBytes, isForced }]) => [
      `${name} = ${sizeBytes}`,
      `${name}_force = ${bit(isForced)}`,
    ]),
    `rs_init_notifies = ${bit(globals.notifiesInitialServers)}`,
    `no_checker_emails = ${bit(globals.mailsOnlyServerChanges)}`,
    ...(policy === "kernel" ? [] : [size]),
    `rx_bufs_multiples = ${receiveBufferMultiplier}`,
  ];
}

/** What its other processes work out for themselves, and which path the script of a FIFO will be given. */
const UNKNOWN_TO_PARENT = /^ (Default interface = |(ipvs )?nftables (?!with))/;
const FIFO_PATH = /( fifo script = .*) '[^']*'(, uid:gid )/;

/** keepalived_parent.data: what keepalived's first process knows, which is the global settings alone. */
export function renderParentData(configuration: CompleteConfiguration, ownUser: ScriptUser): string {
  return globalLines(configuration, ownUser)
    .filter((line) => !UNKNOWN_TO_PARENT.test(line))
    .map((line) => `${line.replace(FIFO_PATH, "$1$2")}\n`)
    .join("");
}

/** The section `Global definitions`, with which each of keepalived's data files begins. */
export function globalLines({ global: it }: CompleteConfiguration, ownUser: ScriptUser): readonly string[] {
  const user = it.scriptUser ?? (it.hasScriptSecurity ? null : ownUser);
  const lines = [
    ...nameLines(it),
    ...mailLines(it.mail),
    `Checkers log all failures = ${trueFalse(it.logsAllCheckerFailures)}`,
    ...reloadLines(it),
    `Dynamic interfaces = ${trueFalse(it.dynamicInterfaces)}`,
    ...(it.dynamicInterfaces ? [`Allow interface changes = ${trueFalse(it.allowsInterfaceChanges)}`] : []),
    ...(it.mail.skipsFaults ? ["Send emails for fault transitions = off"] : []),
    ...lvsLines(it),
    ...fifoLines("Global notify fifo", it.fifo, ownUser),
    ...fifoLines("VRRP notify fifo", it.vrrpFifo, ownUser),
    ...fifoLines("LVS notify fifo", it.lvsFifo, ownUser),
    `FIFO write vrrp states on reload = ${trueFalse(it.rewritesFifoOnReload)}`,
    `VRRP notify priority changes = ${trueFalse(it.notifiesPriorityChanges)}`,
    ...announcementLines(it),
    ...firewallLines(it),
    `VRRP check unicast_src = ${trueFalse(it.vrrp.checkUnicastSource)}`,
    `VRRP skip check advert addresses = ${trueFalse(it.vrrp.skipCheckAdvertisedAddresses)}`,
    `VRRP strict mode = ${trueFalse(it.vrrp.isStrict)}`,
    `Max auto priority = ${it.maxAutoPriority}`,
    `Min auto priority delay = ${it.minAutoPriorityDelayUs} usecs`,
    ...processLines("VRRP", it.processes.vrrp),
    ...processLines("Checker", it.processes.checkers),
    ...processLines("BFD", it.processes.bfd),
    ...outsideLines(it),
    ...(user === null ? [] : [`Default script uid:gid ${userText(user)}`]),
    ...bufferLines(it),
    `umask = ${it.umask === 0 ? "0" : `0${it.umask.toString(8)}`}`,
    ...(it.startupDelayUs === 0 ? [] : [`vrrp_startup_delay = ${gNumber(it.startupDelayUs / SECOND_US)}`]),
    ...(it.vmacPrefix === DEFAULT_PREFIX ? [] : [`VMAC prefix = ${it.vmacPrefix}`]),
    ...(it.vmacAddressPrefix === it.vmacPrefix ? [] : [`VMAC address prefix = ${it.vmacAddressPrefix}`]),
  ];
  return ["------< Global definitions >------", ...lines.map((line) => ` ${line}`)];
}
