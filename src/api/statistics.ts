import type { AdvertDropReason, VrrpCounters } from "../native/contract.ts";
import type { VrrpInstanceSnapshot } from "../runtime/vrrp-types.ts";

/** Counts of one instance, in keepalived's terms. */
export interface InstanceStatistics {
  readonly name: string;
  readonly received: number;
  readonly sent: number;
  readonly becameActive: number;
  readonly releasedActive: number;
  readonly lengthErrors: number;
  readonly ttlErrors: number;
  readonly typeErrors: number;
  readonly intervalErrors: number;
  readonly addressListErrors: number;
  readonly unknownAuthenticationTypes: number;
  readonly authenticationMismatches: number;
  readonly authenticationFailures: number;
  readonly priorityZeroReceived: number;
  readonly priorityZeroSent: number;
  /** Every reason, also those that keepalived has no count for; in a fixed order. */
  readonly dropped: Readonly<Record<AdvertDropReason, number>>;
}

/** What is counted of one instance: its snapshot, or a part of it. */
export type Counted = Pick<VrrpInstanceSnapshot, "name" | "becameActive" | "releasedActive" | "counters">;

/** Nothing dropped yet, by every reason. */
export const NO_DROPS: Readonly<Record<AdvertDropReason, number>> = {
  "too-short": 0,
  "wrong-length": 0,
  ttl: 0,
  "unicast-ttl": 0,
  type: 0,
  interval: 0,
  "interval-noted": 0,
  "address-count": 0,
  "address-list": 0,
  "authentication-type": 0,
  "authentication-mismatch": 0,
  password: 0,
  spi: 0,
  icv: 0,
  "ah-replay": 0,
  "trailer-missing": 0,
  "trailer-malformed": 0,
  "unknown-key": 0,
  hmac: 0,
  stale: 0,
  replay: 0,
  "clock-skew-noted": 0,
  "old-checksum-noted": 0,
  version: 0,
  vrid: 0,
  checksum: 0,
  "unicast-expected": 0,
  "multicast-expected": 0,
  "unknown-source": 0,
};

const NO_COUNTERS: VrrpCounters = {
  advertsSent: 0,
  advertsReceived: 0,
  priorityZeroSent: 0,
  priorityZeroReceived: 0,
  announcementsSent: 0,
  dropped: NO_DROPS,
};

/** keepalived's counts from holdfast's: several reasons are one of its errors, and some are none. */
export function statisticsOf({ name, becameActive, releasedActive, counters }: Counted): InstanceStatistics {
  const { advertsReceived, advertsSent, priorityZeroReceived, priorityZeroSent, dropped } = counters ?? NO_COUNTERS;
  return {
    name,
    received: advertsReceived,
    sent: advertsSent,
    becameActive,
    releasedActive,
    lengthErrors: dropped["too-short"] + dropped["wrong-length"],
    ttlErrors: dropped.ttl + dropped["unicast-ttl"],
    typeErrors: dropped.type,
    intervalErrors: dropped.interval,
    addressListErrors: dropped["address-count"] + dropped["address-list"],
    unknownAuthenticationTypes: dropped["authentication-type"],
    authenticationMismatches: dropped["authentication-mismatch"],
    authenticationFailures: dropped.password + dropped.spi + dropped.icv + dropped["ah-replay"],
    priorityZeroReceived,
    priorityZeroSent,
    dropped: mapDrops((reason) => dropped[reason]),
  };
}

/** What has been counted since `before`; a count that has become smaller has begun anew. */
export function statisticsSince(before: InstanceStatistics | null, now: InstanceStatistics): InstanceStatistics {
  if (before === null) return now;
  const since = (pick: (statistics: InstanceStatistics) => number): number =>
    pick(now) < pick(before) ? pick(now) : pick(now) - pick(before);
  return {
    name: now.name,
    received: since(({ received }) => received),
    sent: since(({ sent }) => sent),
    becameActive: since(({ becameActive }) => becameActive),
    releasedActive: since(({ releasedActive }) => releasedActive),
    lengthErrors: since(({ lengthErrors }) => lengthErrors),
    ttlErrors: since(({ ttlErrors }) => ttlErrors),
    typeErrors: since(({ typeErrors }) => typeErrors),
    intervalErrors: since(({ intervalErrors }) => intervalErrors),
    addressListErrors: since(({ addressListErrors }) => addressListErrors),
    unknownAuthenticationTypes: since(({ unknownAuthenticationTypes }) => unknownAuthenticationTypes),
    authenticationMismatches: since(({ authenticationMismatches }) => authenticationMismatches),
    authenticationFailures: since(({ authenticationFailures }) => authenticationFailures),
    priorityZeroReceived: since(({ priorityZeroReceived }) => priorityZeroReceived),
    priorityZeroSent: since(({ priorityZeroSent }) => priorityZeroSent),
    dropped: mapDrops((reason) => since(({ dropped }) => dropped[reason])),
  };
}

function mapDrops(count: (reason: AdvertDropReason) => number): Readonly<Record<AdvertDropReason, number>> {
  const drops = { ...NO_DROPS };
  for (const reason of dropReasons()) drops[reason] = count(reason);
  return drops;
}

function dropReasons(): readonly AdvertDropReason[] {
  return Object.keys(NO_DROPS).filter((key): key is AdvertDropReason => key in NO_DROPS);
}

/** keepalived's statistics file, and after its lines of each instance one section more. */
export function renderStatistics(statistics: readonly InstanceStatistics[]): string {
  return statistics
    .flatMap(instanceLines)
    .map((line) => `${line}\n`)
    .join("");
}

function instanceLines(statistics: InstanceStatistics): readonly string[] {
  const { dropped } = statistics;
  return [
    `VRRP Instance: ${statistics.name}`,
    "  Advertisements:",
    `    Received: ${statistics.received}`,
    `    Sent: ${statistics.sent}`,
    `  Became master: ${statistics.becameActive}`,
    `  Released master: ${statistics.releasedActive}`,
    "  Packet Errors:",
    `    Length: ${statistics.lengthErrors}`,
    `    TTL: ${statistics.ttlErrors}`,
    `    Invalid Type: ${statistics.typeErrors}`,
    `    Advertisement Interval: ${statistics.intervalErrors}`,
    `    Address List: ${statistics.addressListErrors}`,
    "  Authentication Errors:",
    `    Invalid Type: ${statistics.unknownAuthenticationTypes}`,
    `    Type Mismatch: ${statistics.authenticationMismatches}`,
    `    Failure: ${statistics.authenticationFailures}`,
    "  Priority Zero:",
    `    Received: ${statistics.priorityZeroReceived}`,
    `    Sent: ${statistics.priorityZeroSent}`,
    "  Dropped by reason:",
    ...dropReasons().map((reason) => `    ${reason}: ${dropped[reason]}`),
  ];
}
