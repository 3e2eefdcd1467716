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
const FLAGS = ["flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback", "hashed"];
const ENTRIES = [
  "one",
  "other port",
  "range",
  "long range",
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

const server = fc.record({
  host: fc.integer({ min: 1, max: 6 }),
  isOtherFamily: fc.integer({ min: 0, max: 9 }).map((pick) => pick === 0),
  port: oneOf("80", "80", "8080", ""),
  weight: oneOf(null, null, 0, 1, 7, 65_535),
  kind: oneOf(null, null, ...KINDS),
  upper: oneOf(null, null, 1, 500, 4_000_000_000),
  lower: oneOf(null, null, 1, 100),
  words: fc.subarray(["inhibit_on_failure", "alpha"]),
  check: oneOf(null, "pass", "fail"),
});

const sorry = fc.record({
  port: oneOf("80", "99"),
  words: fc.subarray(["sorry_server_inhibit"]),
  kind: oneOf(null, null, ...KINDS),
});

const service = fc.record({
  isSix: fc.boolean(),
  head: oneOf(...HEADS),
  entries: fc.uniqueArray(oneOf(...ENTRIES), { minLength: 1 }),
  scheduler: oneOf(...SCHEDULERS),
  kind: oneOf(...KINDS),
  protocol: oneOf("TCP", "TCP", "UDP", "SCTP"),
  flags: fc.subarray(FLAGS, { maxLength: 3 }),
  isOnePacket: fc.integer({ min: 0, max: 3 }).map((pick) => pick === 0),
  persistence: oneOf(null, null, "", "1", "77"),
  granularity: oneOf(null, null, "wide" as const, "narrow" as const),
  hasEngine: fc.integer({ min: 0, max: 5 }).map((pick) => pick === 0),
  quorum: oneOf(null, null, 2, 5, 100_000),
  hysteresis: oneOf(null, null, 1, 3, 50_000),
  weight: oneOf(null, null, 3),
  words: fc.subarray(["alpha", "inhibit_on_failure", "omega"], { maxLength: 2 }),
  sorry: fc.option(sorry, { freq: 2 }),
  // Of two equal ones keepalived has the one that comes up first; without NAT the port makes no difference.
  servers: fc.uniqueArray(server, { selector: ({ host }) => host, minLength: 1, maxLength: 4 }),
});

type Service = typeof service extends fc.Arbitrary<infer Value> ? Value : never;
type Server = Service["servers"][number];

/** Texts of configurations, the same for the same seed. @param services in each */
export function randomConfigs(count: number, services: number, seed: number): readonly string[] {
  const all = fc.array(service, { minLength: services, maxLength: services, size: "max" });
  return fc.sample(all, { numRuns: count, seed }).map((list) => list.map(textOf).join(""));
}

function textOf(one: Service, number: number): string {
  const words = [
    `lb_algo ${one.scheduler}`,
    `lb_kind ${one.kind}`,
    ...(one.head === "mark" ? [] : [`protocol ${one.protocol}`]),
    ...(one.isSix && one.head !== "address" && one.head !== "any port" ? ["ip_family inet6"] : []),
    ...flagsOf(one),
    ...persistenceOf(one),
    ...given("quorum", one.quorum),
    ...given("hysteresis", one.hysteresis),
    ...given("weight", one.weight),
    ...one.words,
    ...sorryOf(one, number),
    ...distinct(one).map((server) => serverText(server, one, number)),
  ];
  const text = `virtual_server ${headOf(one, number)} {\n ${words.join("\n ")}\n}\n`;
  return one.head === "group" ? `${groupOf(one, number)}${text}` : text;
}

/** Without those that come to be one destination when the port is not theirs to choose. */
function distinct({ servers, kind }: Service): readonly Server[] {
  const isNat = (server: Server): boolean => (server.kind ?? kind) === "NAT";
  return servers.filter((server, index) =>
    servers.slice(0, index).every((before) => before.host !== server.host || (isNat(before) && isNat(server))),
  );
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

function persistenceOf({ persistence, granularity, hasEngine, isSix, head }: Service): readonly string[] {
  const masks = isSix ? { wide: "32", narrow: "120" } : { wide: "255.0.0.0", narrow: "255.255.255.240" };
  const timeout = persistence === null && head === "any port" ? "60" : persistence;
  return [
    ...(timeout === null ? [] : [`persistence_timeout ${timeout}`]),
    // keepalived 2.2.7 forgets it in the services of a group.
    ...(granularity === null || head === "group" ? [] : [`persistence_granularity ${masks[granularity]}`]),
    ...(hasEngine && timeout !== null ? ["persistence_engine sip"] : []),
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
    mark: `fwmark ${2_000 + number}`,
    "mark of the other family": `fwmark ${3_000 + number} inet${isSix ? "" : "6"}`,
    "other family": `${addressIn(!isSix, "30")} 80`,
  };
  const isOwn = (entry: Entry): boolean => entry !== "mark" && !entry.includes("other family");
  // Servers of another family than all addresses are a matter of their own.
  const kept = entries.some(isOwn) ? entries : entries.filter((entry) => !entry.includes("other family"));
  const lines = (kept.length > 0 ? kept : (["one"] as const)).map((entry) => texts[entry]);
  return `virtual_server_group g${number} {\n ${lines.join("\n ")}\n}\n`;
}

/** A tunnel may lead to the other family. */
function addressOf(host: number, isSix: boolean, number: number): string {
  return isSix ? `2001:db8:f:${number}::${host}` : `10.1.${number}.${host}`;
}

function sorryOf({ sorry: one, isSix }: Service, number: number): readonly string[] {
  if (one === null) return [];
  return [
    `sorry_server ${addressOf(9, isSix, number)} ${one.port}`,
    ...one.words,
    ...given("sorry_server_lvs_method", one.kind),
  ];
}

function serverText(one: Server, { isSix, kind }: Service, number: number): string {
  const isTunnelled = (one.kind ?? kind).startsWith("TUN");
  const address = addressOf(one.host, isTunnelled && one.isOtherFamily ? !isSix : isSix, number);
  const words = [
    ...given("weight", one.weight),
    ...given("lvs_method", one.kind),
    ...given("uthreshold", one.upper),
    ...(one.upper !== null && one.upper > 100 ? given("lthreshold", one.lower) : []),
    ...one.words,
    ...(one.check === null ? [] : [checkOf(one.check === "pass" ? OPEN_PORT : OPEN_PORT + 1)]),
  ];
  return `real_server ${address} ${one.port} {\n ${words.join("\n ")}\n }`;
}

function checkOf(port: number): string {
  return `TCP_CHECK {\n connect_ip 127.0.0.1\n connect_port ${port}\n ${TIMES}\n }`;
}
