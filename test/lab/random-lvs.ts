/**
 * Random virtual servers, rich in words that show in the kernel's table. A service is known by its number, which is in
 * its addresses and marks, so that two configurations say different things of the same services.
 */
import fc from "fast-check";

/** The port of the director itself that checks find open; the next one is closed. */
export const OPEN_PORT = 10_080;

const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq"];
const KINDS = [
  ...["NAT", "NAT", "DR", "TUN", "TUN type ipip", "TUN type gre", "TUN type gre csum", "TUN type gre nocsum"],
  ...["TUN type gue port 6080", "TUN type gue port 6080 csum", "TUN type gue port 99 remcsum"],
];
/** Of these the method counts alone. */
const ODD_KINDS = [
  "TUN type gue",
  "TUN port 6080",
  "TUN type ipip csum",
  "TUN type gre remcsum",
  "NAT type gre nonsense",
];
const FLAGS = ["flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback", "hashed"];
const ENTRIES = [
  "one",
  "other port",
  "range",
  "long range",
  "network",
  "mark",
  "mark of the other family",
  "other family",
] as const;
const HEADS = ["address", "address", "any port", "mark", "group", "group"] as const;
const TIMES = "warmup 0\n delay_loop 1\n delay_before_retry 1\n retry 0";

type Entry = (typeof ENTRIES)[number];

function oneOf<Value>(...values: readonly Value[]): fc.Arbitrary<Value> {
  return fc.constantFrom(...values);
}

/** True in one of so many cases. */
function rarely(cases: number): fc.Arbitrary<boolean> {
  return fc.integer({ min: 1, max: cases }).map((pick) => pick === 1);
}

const server = fc.record({
  host: fc.integer({ min: 1, max: 6 }),
  isOtherFamily: rarely(10),
  port: oneOf("80", "80", "8080", "", "0"),
  weight: oneOf(null, null, 0, 1, 7, 65_535, 100_000, 2_147_483_647),
  kind: oneOf(null, null, ...KINDS, ...ODD_KINDS),
  upper: oneOf(null, null, null, 1, 500, 4_000_000_000),
  lower: oneOf(null, null, null, 1, 100),
  words: fc.subarray(["inhibit_on_failure", "alpha"]),
  check: oneOf(null, "pass", "fail"),
});

const sorry = fc.record({
  // That of a real server, too.
  host: oneOf(9, 9, 1),
  isOtherFamily: rarely(6),
  port: oneOf("80", "99"),
  words: fc.subarray(["sorry_server_inhibit"]),
  kind: oneOf(null, null, ...KINDS),
});

const service = fc.record({
  isSix: fc.boolean(),
  head: oneOf(...HEADS),
  /** What `ip_family` says where it may, and before which of the other words. */
  family: oneOf(null, null, "own" as const, "own" as const, "other" as const),
  familyAt: fc.integer({ min: 0, max: 30 }),
  entries: fc.uniqueArray(oneOf(...ENTRIES), { minLength: 1 }),
  scheduler: oneOf(...SCHEDULERS),
  kind: oneOf(...KINDS, ...KINDS, ...ODD_KINDS),
  /** The words for servers come first. */
  isKindLate: rarely(12),
  protocol: oneOf("TCP", "TCP", "UDP", "SCTP"),
  flags: fc.subarray(FLAGS, { maxLength: 3 }),
  isOnePacket: rarely(4),
  persistence: oneOf(null, null, "", "1", "77"),
  granularity: oneOf(null, null, "wide" as const, "narrow" as const),
  isGranularityOfOtherFamily: rarely(8),
  hasEngine: rarely(6),
  quorum: oneOf(null, null, 2, 5, 100_000),
  hysteresis: oneOf(null, null, 1, 3, 50_000),
  weight: oneOf(null, null, 3),
  words: fc.subarray(["alpha", "inhibit_on_failure", "omega"], { maxLength: 2 }),
  sorry: fc.option(sorry, { freq: 2 }),
  isSorryFirst: rarely(3),
  servers: fc.array(server, { maxLength: 5 }),
});

type Service = typeof service extends fc.Arbitrary<infer Value> ? Value : never;
type Server = Service["servers"][number];

const globals = fc.record({
  timeouts: fc.option(oneOf("tcp 100", "tcpfin 20 udp 30", "tcp 7 tcpfin 8 udp 9"), { freq: 2 }),
  sync: fc.option(oneOf("id 7", "id 255 maxlen 900 port 8850 ttl 2 group 224.0.0.91", "ttl 3 group ff02::90"), {
    freq: 2,
  }),
});

/** Texts of configurations, the same for the same seed. @param services in each */
export function randomConfigs(count: number, services: number, seed: number): readonly string[] {
  const all = fc.tuple(globals, fc.array(service, { minLength: services, maxLength: services, size: "max" }));
  return fc.sample(all, { numRuns: count, seed }).map(([first, list]) => {
    const texts = list.map((one, number) => textOf(one, number, first.sync !== null));
    return globalsOf(first) + texts.join("");
  });
}

function globalsOf({ timeouts, sync }: typeof globals extends fc.Arbitrary<infer Value> ? Value : never): string {
  const words = [...given("lvs_timeouts", timeouts), ...given("lvs_sync_daemon eth0", sync)];
  return words.length === 0 ? "" : `global_defs {\n ${words.join("\n ")}\n}\n`;
}

function textOf(drawn: Service, number: number, hasSync: boolean): string {
  const one = settled(hasSync ? ofOneFamily(drawn) : drawn);
  const kind = [`lb_kind ${one.kind}`];
  const servers = [
    ...(one.isSorryFirst ? sorryOf(one, number) : []),
    ...one.servers.map((server) => serverText(server, one, number)),
    ...(one.isSorryFirst ? [] : sorryOf(one, number)),
  ];
  const words = [
    `lb_algo ${one.scheduler}`,
    ...(one.isKindLate ? [] : kind),
    ...(one.head === "mark" ? [] : [`protocol ${one.protocol}`]),
    ...flagsOf(one),
    ...persistenceOf(one),
    ...given("quorum", one.quorum),
    ...given("hysteresis", one.hysteresis),
    ...given("weight", one.weight),
    ...one.words,
    ...servers,
    ...(one.isKindLate ? kind : []),
  ];
  if (one.family !== null) words.splice(one.familyAt % words.length, 0, `ip_family ${familyOf(one)}`);
  const text = `virtual_server ${headOf(one, number)} {\n ${words.join("\n ")}\n}\n`;
  return one.head === "group" ? `${groupOf(one, number)}${text}` : text;
}

function familyOf({ family, isSix }: Service): "inet" | "inet6" {
  return isSix === (family === "own") ? "inet6" : "inet";
}

/** While a sync daemon runs the kernel takes no server of another family than its service. */
function ofOneFamily(one: Service): Service {
  const entries = one.entries.filter((entry) => !entry.includes("other family"));
  return {
    ...one,
    entries: entries.length > 0 ? entries : ["one"],
    family: "own",
    familyAt: 0,
    servers: one.servers.map((server) => ({ ...server, isOtherFamily: false })),
    sorry: one.sorry === null ? null : { ...one.sorry, isOtherFamily: false },
  };
}

/**
 * Without what keepalived 2.2.7 does by mistake, and we better:
 * - of several servers that come to be one destination, where DR and TUN force the port, it has the one that it has touched
 *   last, so they are made such that it touches none after the start;
 * - it puts neither the sorry server in the place of a real server that it keeps at weight 0, nor the reverse;
 * - checks of a server that it leaves out for its family go on, and take out another one;
 * - a server that the kernel refuses (`lthreshold` above `uthreshold`) never goes down for it.
 */
function settled(one: Service): Service {
  const { servers, words, sorry: drawnSorry } = one;
  const isShared = ({ host }: Server): boolean => servers.filter((other) => other.host === host).length > 1;
  const hasShared = servers.some(isShared);
  const hasInhibited = isInhibited(one);
  const isPlain = drawnSorry === null && !hasInhibited;
  return {
    ...one,
    // Between its bounds what was before counts: after a reload it is known that a server is down.
    hysteresis: servers.some(({ check }) => check === "fail") ? null : one.hysteresis,
    words: hasShared ? words.filter((word) => word !== "inhibit_on_failure") : words,
    servers: servers.map((server) => {
      const check = isShared(server) || mayBeLeftOut(server, one) ? null : server.check;
      const isTaken = (server.lower ?? 0) <= (server.upper ?? 0);
      const lower = isTaken || (isPlain && check === null && !isShared(server)) ? server.lower : null;
      return { ...server, words: isShared(server) ? [] : server.words, check, lower };
    }),
    sorry:
      drawnSorry === null || !(hasShared || hasInhibited || drawnSorry.words.length > 0)
        ? drawnSorry
        : { ...drawnSorry, host: 9 },
  };
}

/** Of another family than its virtual server, without a tunnel. */
function mayBeLeftOut({ kind: own }: Server, one: Service): boolean {
  const { kind, isKindLate, family, granularity, isGranularityOfOtherFamily, servers } = one;
  if (own?.startsWith("TUN") || (own === null && !isKindLate && kind.startsWith("TUN"))) return false;
  const isOddGranularity = granularity !== null && isGranularityOfOtherFamily;
  return family === "other" || isOddGranularity || servers.some(({ isOtherFamily }) => isOtherFamily);
}

function isInhibited({ words, servers }: Service): boolean {
  return [words, ...servers.map((server) => server.words)].some((list) => list.includes("inhibit_on_failure"));
}

function given(word: string, value: string | number | null): readonly string[] {
  return value === null ? [] : [`${word} ${value}`];
}

/** Those of another scheduler are refused by keepalived too, but with a complaint each. */
function flagsOf({ flags, scheduler, isOnePacket }: Service): readonly string[] {
  const own = flags.filter((flag) => {
    if (flag === "hashed") return scheduler === "sh";
    return flag.startsWith("flag") || flag.startsWith(scheduler);
  });
  return isOnePacket ? [...own, "ops"] : own;
}

function persistenceOf(one: Service): readonly string[] {
  const { persistence, granularity, hasEngine, isSix, isGranularityOfOtherFamily, head } = one;
  const isPrefix = isSix !== isGranularityOfOtherFamily;
  const masks = isPrefix ? { wide: "32", narrow: "120" } : { wide: "255.0.0.0", narrow: "255.255.255.240" };
  // keepalived 2.2.7 forgets it in the services of a group, but the family that it tells.
  const finest = isPrefix ? "128" : "255.255.255.255";
  const timeout = persistence === null && head === "any port" ? "60" : persistence;
  return [
    ...(timeout === null ? [] : [`persistence_timeout ${timeout}`]),
    ...(granularity === null ? [] : [`persistence_granularity ${head === "group" ? finest : masks[granularity]}`]),
    ...(hasEngine ? ["persistence_engine sip"] : []),
  ];
}

function headOf({ head, isSix }: Service, number: number): string {
  const address = isSix ? `2001:db8:${number}::1` : `198.18.${number}.1`;
  if (head === "address") return `${address} 80`;
  if (head === "any port") return address;
  return head === "mark" ? `fwmark ${1_000 + number}` : `group g${number}`;
}

function groupOf({ entries, isSix }: Service, number: number): string {
  const addressIn = (isInSix: boolean, last: string): string =>
    isInSix ? `2001:db8:${number}::${last}` : `198.18.${number}.${last}`;
  const address = (last: string): string => addressIn(isSix, last);
  const texts: Readonly<Record<Entry, string>> = {
    one: `${address("1")} 80`,
    "other port": `${address("2")} 8080`,
    range: `${address("10-12")} 80`,
    "long range": `${address("20")}-${address("22")} 81`,
    network: `${address("40")}/${isSix ? 126 : 30} 80`,
    mark: `fwmark ${2_000 + number}`,
    "mark of the other family": `fwmark ${3_000 + number} inet${isSix ? "" : "6"}`,
    "other family": `${addressIn(!isSix, "30")} 80`,
  };
  return `virtual_server_group g${number} {\n ${entries.map((entry) => texts[entry]).join("\n ")}\n}\n`;
}

/** A tunnel may lead to the other family; anything else that does is left out, or the virtual server is of that family. */
function addressOf(
  { host, isOtherFamily }: Pick<Server, "host" | "isOtherFamily">,
  isSix: boolean,
  number: number,
): string {
  return isSix !== isOtherFamily ? `2001:db8:f:${number}::${host}` : `10.1.${number}.${host}`;
}

function sorryOf({ sorry: one, isSix }: Service, number: number): readonly string[] {
  if (one === null) return [];
  return [
    `sorry_server ${addressOf(one, isSix, number)} ${one.port}`,
    ...one.words,
    ...given("sorry_server_lvs_method", one.kind),
  ];
}

function serverText(one: Server, { isSix }: Service, number: number): string {
  const words = [
    ...given("weight", one.weight),
    ...given("lvs_method", one.kind),
    ...given("uthreshold", one.upper),
    ...given("lthreshold", one.lower),
    ...one.words,
    ...(one.check === null ? [] : [checkOf(one.check === "pass" ? OPEN_PORT : OPEN_PORT + 1)]),
  ];
  return `real_server ${addressOf(one, isSix, number)} ${one.port} {\n ${words.join("\n ")}\n }`;
}

function checkOf(port: number): string {
  return `TCP_CHECK {\n connect_ip 127.0.0.1\n connect_port ${port}\n ${TIMES}\n }`;
}
