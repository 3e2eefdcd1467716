import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";
import type { AdvertDropReason, Link, VrrpEvent } from "../native/contract.ts";
import type { NoteEffect, NoteMessage } from "../vrrp/types.ts";
import type { BeatingLink } from "./link-beats.ts";
import type { SpokenRecord } from "./log.ts";

type Fields = NoteEffect["fields"];

/** What keepalived has no words for: the message and its fields, unless a text is given. */
export function spoken(
  level: SpokenRecord["level"],
  message: string,
  fields: SpokenRecord["fields"],
  text?: string,
): SpokenRecord {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return { level, message, fields, text: text ?? [message, ...words].join(" ") };
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  initialize: "INIT",
  backup: "BACKUP",
  active: "MASTER",
  fault: "FAULT",
};

/** keepalived's words for everything the machine says; `(VI_1) ` is put in front. */
const TEXT: Readonly<Record<NoteMessage, (fields: Fields) => string>> = {
  "state change": (f) => `Entering ${stateWord(f["state"])} STATE${f["isInitial"] === true ? " (init)" : ""}`,
  "startup fault": (f) => `entering FAULT state (${f["reason"]})`,
  "advertisement timeout": () => "Receive advertisement timeout",
  "priority 0 sent": () => "sent 0 priority",
  "adopting addresses": () => "found all VIPs in place, listening before keeping them",
  "setting firewall": () => "setting firewall drop rule",
  "removing firewall": () => "removing firewall drop rule",
  "setting addresses": () => "setting VIPs.",
  "removing addresses": () => "removing VIPs.",
  "setting excluded addresses": () => "setting E-VIPs.",
  "removing excluded addresses": () => "removing E-VIPs.",
  "setting virtual routes": () => "setting Virtual Routes",
  "removing virtual routes": () => "removing Virtual Routes",
  "setting virtual rules": () => "setting Virtual Rules",
  "removing virtual rules": () => "removing Virtual Rules",
  "priority 0 received in backup": () => "Backup received priority 0 advertisement",
  "priority 0 received in active": () => "Master received priority 0 message",
  "lower priority discarded": (f) =>
    `received lower priority (${f["priority"]}) advert from ${f["source"]} - discarding`,
  "lower priority while active": (f) =>
    `Received advert from ${f["source"]} with lower priority ${f["priority"]}, ours ${f["ownPriority"]}` +
    (f["isSilent"] === true ? "" : ", forcing new election"),
  "higher priority while active": (f) =>
    `Master received advert from ${f["source"]} with higher priority ${f["priority"]}, ours ${f["ownPriority"]}`,
  "equal priority with higher address while active": (f) =>
    `Master received advert from ${f["source"]} with same priority ${f["priority"]} but higher IP address than ours`,
  "equal priority with own address": () =>
    "WARNING - equal priority advert received from remote host with our IP address.",
  "two address owners": (f) =>
    `CONFIGURATION ERROR: local instance and ${f["source"]} are both configured as address owner, please resolve`,
  "address owner persists": (f) =>
    `${f["source"]} is still advertising as address owner, please resolve - reducing our priority`,
  "address owner gave way": () => "rogue address owner appears to have stopped advertising",
  "address owner restored": (f) => `Restoring our priority to 255, ${f["source"]} has stopped advertising`,
  "active router learned": (f) => `master set to ${f["source"]}`,
  "active router changed": (f) => `master changed from ${f["from"]} to ${f["source"]}`,
  "advertisement interval learned": (f) =>
    `advertisement interval updated from ${milliseconds(f["fromUs"])}ms to ${milliseconds(f["toUs"])}ms by master`,
  "own advertisement interval": (f) =>
    `changing advert interval from ${milliseconds(f["fromUs"])}ms to locally configured ${milliseconds(f["toUs"])}ms`,
  "preempt delay started": (f) => `start preempt delay (${seconds(f["delayUs"])})`,
  "preempt delay stopped": () => "stop preempt delay",
  "effective priority changed": (f) => `Changing effective priority from ${f["from"]} to ${f["to"]}`,
  "address removed by others": (f) => `Netlink reflector reports IP ${f["address"]} removed from ${f["interface"]}`,
  "address restored": (f) =>
    `IP ${f["address"]}${f["others"] === 0 ? "" : ` and ${f["others"]} more`} removed from ${f["interface"]} by others, restoring`,
  "effect failed": (f) =>
    f["action"] === "send-advert"
      ? `send advert error ${f["errno"]} (${f["reason"]})`
      : `${f["action"]} failed${f["address"] === null ? "" : ` for ${f["address"]}`}: ${f["reason"]}`,
};

function stateWord(state: Fields[string] | undefined): string {
  return STATE_WORDS[String(state)] ?? String(state);
}

function milliseconds(us: Fields[string] | undefined): number {
  return Math.floor(Number(us) / 1000);
}

function seconds(us: Fields[string] | undefined): string {
  const value = Number(us);
  return `${Math.floor(value / 1_000_000)}.${String(value % 1_000_000).padStart(6, "0")}`;
}

/** @param instance its configured name */
export function renderNote(instance: string, effect: NoteEffect): SpokenRecord {
  const { level, message, fields } = effect;
  const text = `${prefix(instance, effect)}${TEXT[message](fields)}`;
  return { level, message, fields: { instance, ...fields }, text };
}

/** keepalived: some lines have a colon behind the name, and one has no name. */
function prefix(instance: string, { message, fields }: NoteEffect): string {
  if (message === "address removed by others") return "";
  const isFault = message === "startup fault" && /^(interface|tracked file) /.test(String(fields["reason"]));
  const isUnsent = message === "effect failed" && fields["action"] === "send-advert";
  return `(${instance})${isFault || isUnsent ? ":" : ""} `;
}

/** Null when nothing changed that is worth a line. */
export function renderLink(
  link: Link & Partial<BeatingLink>,
  isDeleted: boolean,
  before: Link | null,
): SpokenRecord | null {
  const fields = { interface: link.name };
  const say = (message: string, text: string): SpokenRecord => ({ level: "info", message, fields, text });
  if (isDeleted) return say("interface deleted", `Interface ${link.name} deleted`);
  if (before === null) return say("interface added", `Interface ${link.name} added`);
  if (before.name !== link.name)
    return say("interface renamed", `Interface name has changed from ${before.name} to ${link.name}`);
  const wasUp = before.isUp && before.isRunning;
  if (wasUp === (link.isUp && link.isRunning)) return null;
  const word = wasUp ? "down" : "up";
  const source = link.isByLinkbeat === true ? "Linkbeat" : "Netlink";
  return say(`interface ${word}`, `${source} reports ${link.name} ${word}`);
}

/** Null where keepalived has no line: at the end. */
export function renderGroupChange(group: string, to: string): SpokenRecord | null {
  const word = STATE_WORDS[to];
  if (word === undefined) return null;
  return {
    level: "info",
    message: "group state change",
    fields: { group, state: to },
    text: `VRRP_Group(${group}) Syncing instances to ${word} state`,
  };
}

/** The source of adverts came, changed or went. */
export function renderSource(config: VrrpInstance, source: string | null, before: string | null): SpokenRecord {
  const { name: instance, interfaceName } = config;
  const fields = { instance, interface: interfaceName, address: source ?? before };
  const place = (word: string): string => (interfaceName === "" ? "" : ` ${word} interface ${interfaceName}`);
  return source === null
    ? {
        level: "detail",
        message: "source address lost",
        fields,
        text: `Deassigned address ${before}${place("from")}`,
      }
    : {
        level: "info",
        message: "source address",
        fields,
        text: `Assigned address ${source}${place("for")}`,
      };
}

/** keepalived: without parentheses. */
export function renderSourceAnnounced(config: VrrpInstance, source: string): readonly SpokenRecord[] {
  const { name, family } = config;
  const record: SpokenRecord = {
    level: "detail",
    message: "source address announced",
    fields: { instance: name, address: source },
    text: `${name}: sending gratuitous ${family === "inet" ? "ARP" : "NA"} for ${source}`,
  };
  return [record, packetRecord(config, { family, address: source, interfaceName: null })];
}

/** In place of lines that a storm of adverts would have caused. */
export function renderWithheld(instance: string, count: number): SpokenRecord {
  return {
    level: "info",
    message: "lines withheld",
    fields: { instance, count },
    text: `(${instance}) ${count} lines about received adverts withheld`,
  };
}

/** A burst with more packets is told by address only. */
const PACKET_LINES = 1_000;

/** keepalived: a line per address with its first packet, and one per packet. */
export function announcementRecords(
  config: VrrpInstance,
  rounds: number,
  addresses: readonly VirtualAddress[] = [...config.virtualAddresses, ...config.excludedAddresses],
): readonly SpokenRecord[] {
  if (rounds === 0) return [];
  const isTold = addresses.length * rounds <= PACKET_LINES;
  const first = addresses.flatMap((address) => [
    queueingRecord(config, address),
    ...(isTold ? [packetRecord(config, address)] : []),
  ]);
  const round = isTold ? addresses.map((address) => packetRecord(config, address)) : [];
  return [...first, ...Array.from({ length: rounds - 1 }, () => round).flat()];
}

function queueingRecord(config: VrrpInstance, { family, address, interfaceName }: VirtualAddress): SpokenRecord {
  const what = family === "inet" ? "gratuitous ARPs" : "Unsolicited Neighbour Adverts";
  const onInterface = interfaceName ?? config.interfaceName;
  return {
    level: "detail",
    message: "announcing",
    fields: { instance: config.name, interface: onInterface, address },
    text: `(${config.name}) Sending/queueing ${what} on ${onInterface} for ${address}`,
  };
}

function packetRecord(
  config: VrrpInstance,
  { family, address, interfaceName }: Pick<VirtualAddress, "family" | "address" | "interfaceName">,
): SpokenRecord {
  const what = family === "inet" ? "gratuitous ARP" : "unsolicited Neighbour Advert";
  const onInterface = interfaceName ?? config.interfaceName;
  return {
    level: "detail",
    message: "announcement",
    fields: { instance: config.name, interface: onInterface, address },
    text: `Sending ${what} on ${onInterface} for ${address}`,
  };
}

type Dropped = Extract<VrrpEvent, { kind: "dropped" }>;

const LENGTH_TEXT = (e: Dropped): string =>
  `vrrp packet from ${e.source} too ${e.received < e.expected ? "short" : "long"}, length ${e.received} and expect ${e.expected}`;

/** keepalived's words for packets that were dropped, or noted. */
const DROP_TEXT: Readonly<Record<AdvertDropReason, (event: Dropped, config: VrrpInstance) => string>> = {
  "too-short": LENGTH_TEXT,
  "wrong-length": LENGTH_TEXT,
  ttl: (e) => `invalid TTL/HL from ${e.source}. Received ${e.received} and expect ${e.expected}`,
  version: (e) => `wrong VRRP version from ${e.source}. Received ${e.received} and expect ${e.expected}`,
  vrid: (e, config) => `Unknown VRID(${e.received}) received on interface(${config.interfaceName}). ignoring...`,
  type: (e) => `Invalid type from ${e.source}: ${e.received}`,
  "authentication-type": (e) => `Invalid auth type from ${e.source}: ${e.received}`,
  "authentication-mismatch": (e) => `received a ${e.received} auth from ${e.source}, expecting ${e.expected}!`,
  password: (e) => `received an invalid passwd from ${e.source}!`,
  spi: (e) => `IPSEC AH : invalid IPSEC SPI value. ${e.received} and expect ${e.expected}`,
  icv: () => "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
  "ah-replay": (e) =>
    `IPSEC-AH : sequence number ${e.received} already processed. Packet dropped. Local(${e.expected})`,
  "trailer-missing": (e) => `missing authentication trailer from ${e.source}`,
  "trailer-malformed": (e) => `malformed authentication trailer from ${e.source}`,
  "unknown-key": (e) => `unknown authentication key id ${e.received} from ${e.source}`,
  hmac: (e) => `invalid authentication HMAC from ${e.source}`,
  stale: (e) =>
    `stale authentication trailer from ${e.source}, clock skew ${e.received} sec exceeds window ${e.expected} sec`,
  replay: (e) => `replayed authentication trailer from ${e.source}`,
  "clock-skew-noted": (e) =>
    `authentication clock skew ${e.received} sec from ${e.source} approaching window ${e.expected} sec`,
  interval: (e) => `advertisement interval mismatch with ${e.source} mine=${e.expected} sec rcv'd=${e.received} sec`,
  "interval-noted": (e) =>
    `advertisement interval mismatch ours = ${e.expected} centi-sec rcv'd=${e.received} centi-sec`,
  checksum: (e, config) => `Invalid VRRPv${config.version} checksum from ${e.source}`,
  "old-checksum-noted": () => "Setting unicast VRRPv3 checksum to old version",
  "unicast-expected": (e) => `Expected unicast packet but received multicast packet from ${e.source}`,
  "multicast-expected": (e) => `Expected multicast packet but received unicast packet from ${e.source}`,
  "unknown-source": (e) => `unicast source address ${e.source} not a unicast peer`,
  "unicast-ttl": (e, config) =>
    `TTL/HL ${e.received} from ${e.source} not in range [${ttlRange(config, e.source).join(", ")}]`,
  "address-count": (e) => `expected ${e.expected} VIPs but received ${e.received}`,
  "address-list": (e, config) =>
    `ip address associated with VRID ${config.vrid} not present in advert from ${e.source}: ${missingAddress(e, config)}`,
};

function ttlRange({ unicastPeers }: VrrpInstance, source: string): readonly [number, number] {
  const peer = unicastPeers.find(({ address }) => address === source);
  return [peer?.minTtl ?? 0, peer?.maxTtl ?? 255];
}

/** Adverts list the addresses of the instance's family. */
function missingAddress({ expected }: Dropped, { family, virtualAddresses }: VrrpInstance): string {
  return virtualAddresses.filter((address) => address.family === family)[expected]?.address ?? "unknown";
}

/**
 * An advert of a virtual router that is nobody's here; the loop tells each number once per socket.
 * @param isShared unicast instances share the number, and the sender is a peer of none
 */
export function renderUnknownVrid(
  { source, received }: Dropped,
  interfaceName: string,
  isShared: boolean,
): SpokenRecord {
  const from = isShared ? ` from ${source}` : "";
  return {
    level: "info",
    message: "unknown VRID",
    fields: { interface: interfaceName, source, vrid: received },
    text: `Unknown VRID(${received}) received on interface(${interfaceName})${from}. ignoring...`,
  };
}

/** `timer_expired_backup` is about to make it a backup. @param lateUs how long ago the advert was due */
export function renderStall(instance: string, lateUs: number): SpokenRecord {
  return {
    level: "info",
    message: "stalled",
    fields: { instance, lateUs },
    text: `(${instance}) VRRP thread timer expired ${seconds(lateUs)} seconds ago`,
  };
}

/** keepalived: the next sequence number of AH follows that of the advert that was refused. */
export function renderSequenceSync(instance: string): SpokenRecord {
  return {
    level: "info",
    message: "AH sequence number synced",
    fields: { instance },
    text: `(${instance}) IPSEC-AH : Syncing seq_num - Increment seq`,
  };
}

export function renderDrop(event: Dropped, config: VrrpInstance): SpokenRecord {
  const { reason, source, received, expected } = event;
  return {
    level: "info",
    message: "advert dropped",
    fields: { instance: config.name, reason, source, received, expected },
    text: `(${config.name}) ${DROP_TEXT[reason](event, config)}`,
  };
}
