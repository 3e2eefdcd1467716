import type { ConfiguredRealServer } from "../model/checks.ts";
import type { RealServer, VirtualServerKey } from "../model/lvs.ts";
import {
  buildCheckers,
  type CheckedServer,
  DEFAULT_CONNECT_TIMEOUT_US,
  DEFAULT_DELAY_LOOP_US,
  type TimingDefaults,
  timingOf,
} from "./build-checkers.ts";
import { readCommand } from "./build-command.ts";
import type { Forwarding } from "./build-forwarding.ts";
import type { WrittenRealServer, WrittenServer, WrittenSorryServer } from "./build-lvs-words.ts";
import type { BuildContext } from "./context.ts";
import { placeOf } from "./tree.ts";

/** What checkers of a virtual server may refer to, and global defaults. */
export interface CheckSurroundings {
  readonly trackFiles: CheckedServer["trackFiles"];
  readonly bfds: CheckedServer["bfds"];
  readonly logsAllFailures: boolean;
  /** `checker_start_spread` */
  readonly startSpreadUs: number | null;
  /** `smtp_alert_checker`, else `smtp_alert`; null when neither is given. */
  readonly sendsMail: boolean | null;
}

/** Facts of a virtual server that its real servers inherit. */
export interface ServerDefaults {
  readonly key: VirtualServerKey;
  readonly forwarding: Forwarding;
  readonly weight: number;
  readonly isInhibitedOnFailure: boolean;
  readonly isAlpha: boolean;
  readonly timing: TimingDefaults;
  readonly virtualHost: string | null;
  readonly surroundings: CheckSurroundings;
}

export interface SorryServer {
  readonly server: RealServer;
  readonly tunnel: Forwarding["tunnel"];
}

export function buildSorryServer(
  written: WrittenSorryServer,
  realServers: readonly WrittenAndBuilt[],
  defaults: ServerDefaults,
  context: BuildContext,
): SorryServer {
  const { family, address, entry } = written;
  const { fwdMethod, tunnel } = written.forwarding ?? defaults.forwarding;
  const server: RealServer = {
    family,
    address,
    port: portOf(written, fwdMethod, defaults.key, context),
    fwdMethod,
    weight: 1,
    isInhibitedOnFailure: alignInhibit(written, realServers, context),
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [],
    place: placeOf(entry.statement),
  };
  return { server, tunnel };
}

export interface WrittenAndBuilt {
  readonly written: WrittenRealServer;
  readonly server: ConfiguredRealServer;
}

/** keepalived: one destination cannot be inhibited as a real server and not as sorry server, or the reverse. */
function alignInhibit(
  { address, port, isInhibited, entry }: WrittenSorryServer,
  realServers: readonly WrittenAndBuilt[],
  context: BuildContext,
): boolean {
  const same = realServers.find(({ written }) => written.address === address && written.port === port)?.server;
  if (same === undefined || same.isInhibitedOnFailure === isInhibited) return isInhibited;
  const message = `this sorry server is a real server too, so it is ${same.isInhibitedOnFailure ? "" : "not "}inhibited as that is`;
  context.reporter.add("lvs-adjusted", message, placeOf(entry.statement));
  return same.isInhibitedOnFailure;
}

/** What a server without a port listens on; that of groups and firewall marks is known of no server. */
function writtenPort({ port }: WrittenServer, key: VirtualServerKey): number {
  return port === 0 && key.kind === "address" ? key.port : port;
}

/** DR and TUN keep the destination port of the packet, so the real port cannot differ. */
function portOf(
  written: WrittenServer,
  method: RealServer["fwdMethod"],
  key: VirtualServerKey,
  context: BuildContext,
): number {
  const port = writtenPort(written, key);
  if (method === "masq" || key.kind === "group") return port;
  const forced = key.kind === "address" ? key.port : 0;
  if (port !== forced) {
    const message = `DR and TUN cannot change the port, ${forced} is used instead of ${port}`;
    context.reporter.add("lvs-adjusted", message, placeOf(written.entry.statement, 2));
  }
  return forced;
}

export function buildRealServer(
  written: WrittenRealServer,
  defaults: ServerDefaults,
  context: BuildContext,
): ConfiguredRealServer {
  const { family, address, settings, entry } = written;
  const { fwdMethod, tunnel } = written.forwarding ?? defaults.forwarding;
  const port = portOf(written, fwdMethod, defaults.key, context);
  const timing = timingOf(settings, defaults.timing);
  const isAlpha = settings.boolean("alpha") ?? defaults.isAlpha;
  const ownVirtualHost = settings.text("virtualhost");
  const virtualHost = ownVirtualHost ?? defaults.virtualHost;
  const { trackFiles, bfds, logsAllFailures, startSpreadUs, sendsMail } = defaults.surroundings;
  // keepalived: checkers connect to the port as written, also where DR and TUN force another one
  const checked: CheckedServer = {
    family,
    address,
    port: writtenPort(written, defaults.key),
    timing,
    isAlpha,
    virtualHost,
    trackFiles,
    bfds,
    logsAllFailures,
    startSpreadUs,
  };
  const { checkers, applicationCheckers } = buildCheckers(settings, checked, context);
  const [upperThreshold, lowerThreshold] = [settings.number("uthreshold") ?? 0, settings.number("lthreshold") ?? 0];
  if (lowerThreshold > upperThreshold) {
    const message = `lthreshold ${lowerThreshold} is above uthreshold ${upperThreshold}, for which the kernel takes no server`;
    context.reporter.add("advice", message, settings.place("lthreshold"));
  }
  return {
    family,
    address,
    port,
    fwdMethod,
    tunnel,
    weight: settings.number("weight") ?? defaults.weight,
    isAlpha,
    isInhibitedOnFailure: settings.boolean("inhibit_on_failure") ?? defaults.isInhibitedOnFailure,
    upperThreshold,
    lowerThreshold,
    given: timing,
    delayLoopUs: timing.delayLoopUs ?? DEFAULT_DELAY_LOOP_US,
    connectTimeoutUs: timing.connectTimeoutUs ?? DEFAULT_CONNECT_TIMEOUT_US,
    sendsMail: settings.boolean("smtp_alert") ?? sendsMail ?? true,
    virtualHost,
    ownVirtualHost,
    snmpName: settings.text("snmp_name"),
    notifyUp: readCommand(settings.entry("notify_up"), context),
    notifyDown: readCommand(settings.entry("notify_down"), context),
    checkers,
    applicationCheckers,
    place: placeOf(entry.statement),
  };
}
