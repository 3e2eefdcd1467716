/**
 * Every word of the configuration that shows in the kernel's IPVS table, with a configuration that lets it show.
 * In each `@` stands for the case's number, so that all cases fit into one configuration and no line of the table
 * belongs to two.
 */

interface Parts {
  readonly head?: string;
  /** Lines of the virtual server; each takes the place of the one of `USUAL` with the same keyword. */
  readonly words?: readonly string[];
  readonly servers?: readonly string[];
}

const USUAL = ["lb_algo rr", "lb_kind NAT", "protocol TCP"];
const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos"];
/** Passes and fails: the director itself listens on 10080, and not on 10081. */
const PASSES = "TCP_CHECK {\n connect_ip 127.0.0.1\n connect_port 10080\n warmup 0\n delay_loop 1\n }";
const FAILS =
  "TCP_CHECK {\n connect_ip 127.0.0.1\n connect_port 10081\n warmup 0\n delay_loop 1\n retry 1\n delay_before_retry 1\n }";

/** The port that checks find open. */
export const OPEN_PORT = 10_080;

function server(address: string, ...words: readonly string[]): string {
  return `real_server ${address} {\n ${words.join("\n ")}\n }`;
}

const TWO = [server("10.0.@.1 80", "weight 3"), server("10.0.@.2 80")];
const MIXED = [server("10.0.@.1 80", PASSES), server("10.0.@.2 80", "weight 4", FAILS)];
const DEAD = [server("10.0.@.1 80", FAILS)];

function service({ head = "192.168.@.1 80", words = [], servers = TWO }: Parts = {}): string {
  const given = new Set(words.map((line) => line.split(" ")[0]));
  const usual = USUAL.filter((line) => !given.has(line.split(" ")[0] ?? ""));
  return `virtual_server ${head} {\n ${[...usual, ...words, ...servers].join("\n ")}\n}\n`;
}

function words(...lines: readonly string[]): string {
  return service({ words: lines });
}

/** Several services of one case, told apart by the last octet. */
function each(parts: readonly Parts[]): string {
  return parts.map((one, index) => service({ head: `192.168.@.${index + 1} 80`, ...one })).join("");
}

const KINDS = [
  "NAT",
  "DR",
  "TUN",
  "TUN type ipip",
  "TUN type gre",
  "TUN type gre nocsum",
  "TUN type gre csum",
  "TUN type gue port 6080",
  "TUN type gue port 6080 nocsum",
  "TUN type gue port 6080 csum",
  "TUN type gue port 6080 remcsum",
];

function group(entries: readonly string[], more: readonly string[] = [], servers: readonly string[] = TWO): string {
  return `virtual_server_group g@ {\n ${entries.join("\n ")}\n}\n${service({ head: "group g@", words: more, servers })}`;
}

const SIX = [server("2001:db8:@::7 80"), server("2001:db8:@::8 80", "weight 2")];

/** By block and word, as in the keyword reference. */
const BY_WORD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "(root)": {
    virtual_server: each([{}]) + service({ head: "2001:db8:@::1 80", servers: SIX }) + service({ head: "fwmark @01" }),
    virtual_server_group: group(["192.168.@.1 80", "192.168.@.2 81"]),
  },
  virtual_server_group: {
    "(address)": group(["192.168.@.1 80", "192.168.@.2"], ["persistence_timeout 50"]),
    "(range)": group(["192.168.@.10-12 80", "192.168.@.20-192.168.@.21 81"]),
    "(mask)": group(["192.168.@.64/30 80"]),
    fwmark: group(["fwmark @01", "fwmark @02", "192.168.@.1 80"]),
  },
  virtual_server: {
    ip_family: service({ head: "fwmark @01", words: ["ip_family inet6"], servers: SIX }),
    inhibit_on_failure: service({ words: ["inhibit_on_failure"], servers: MIXED }),
    lb_algo: each(SCHEDULERS.map((name) => ({ words: [`lb_algo ${name}`] }))),
    lvs_sched: each(SCHEDULERS.map((name) => ({ words: [`lb_algo wrr`, `lvs_sched ${name}`] }))),
    hashed: each([{ words: ["lb_algo sh", "hashed"] }, { words: ["lb_algo rr", "hashed"] }]),
    ops: words("protocol UDP", "ops") + service({ head: "fwmark @01", words: ["ops"] }),
    "flag-1": words("flag-1"),
    "flag-2": words("flag-2"),
    "flag-3": words("lb_algo sh", "flag-3"),
    "sh-port": words("lb_algo sh", "sh-port"),
    "sh-fallback": words("lb_algo sh", "sh-fallback"),
    "mh-port": words("lb_algo mh", "mh-port"),
    "mh-fallback": words("lb_algo mh", "mh-fallback"),
    lb_kind: each(KINDS.map((kind) => ({ words: [`lb_kind ${kind}`] }))),
    lvs_method: each(KINDS.map((kind) => ({ words: [`lvs_method ${kind}`] }))),
    persistence_engine:
      words("protocol UDP", "ops", "persistence_timeout 60", "persistence_engine sip") +
      service({ head: "fwmark @01", words: ["persistence_timeout 60", "persistence_engine sip"] }),
    persistence_timeout: each([
      { words: ["persistence_timeout"] },
      { words: ["persistence_timeout 1"] },
      { words: ["persistence_timeout 2678400"] },
      // Any port: persistent, asked for or not.
      { head: "192.168.@.4", servers: [server("10.0.@.1")] },
    ]),
    persistence_granularity:
      each([
        { words: ["persistence_timeout 50", "persistence_granularity 255.255.255.0"] },
        { words: ["persistence_granularity 255.0.0.0"] },
      ]) +
      service({
        head: "2001:db8:@::1 80",
        words: ["persistence_timeout 50", "persistence_granularity 48"],
        servers: SIX,
      }),
    protocol: each(["TCP", "udp", "SCTP"].map((name) => ({ words: [`protocol ${name}`] }))),
    alpha: service({ words: ["alpha"], servers: MIXED }),
    quorum: service({ words: ["quorum 3", "sorry_server 10.0.@.9 80"], servers: MIXED }),
    hysteresis: service({ words: ["quorum 3", "hysteresis 1", "sorry_server 10.0.@.9 80"], servers: MIXED }),
    weight: service({ words: ["weight 7"], servers: [server("10.0.@.1 80"), server("10.0.@.2 80", "weight 2")] }),
    sorry_server: each([
      { words: ["sorry_server 10.0.@.9 80"], servers: DEAD },
      { words: ["sorry_server 10.0.@.9 80"] },
    ]),
    sorry_server_inhibit: each([
      { words: ["sorry_server 10.0.@.9 80", "sorry_server_inhibit"], servers: DEAD },
      { words: ["sorry_server 10.0.@.9 80", "sorry_server_inhibit"] },
      { words: ["inhibit_on_failure", "sorry_server 10.0.@.9 80", "sorry_server_inhibit"], servers: DEAD },
    ]),
    sorry_server_lvs_method: service({
      words: ["sorry_server 10.0.@.9 80", "sorry_server_lvs_method TUN type gue port 90"],
      servers: DEAD,
    }),
    real_server:
      each([{ servers: [server("10.0.@.1"), server("10.0.@.2 8080")] }]) +
      service({ head: "2001:db8:@::1 80", servers: [...SIX, server("2001:db8:@::9 8080", "weight 0")] }),
  },
  "virtual_server/real_server": {
    weight: service({
      servers: ["0", "1", "65535"].map((weight, index) => server(`10.0.@.${index + 1} 80`, `weight ${weight}`)),
    }),
    lvs_method: service({
      servers: KINDS.map((kind, index) => server(`10.0.@.${index + 1} 80`, `lvs_method ${kind}`)),
    }),
    uthreshold: service({ servers: [server("10.0.@.1 80", "uthreshold 500")] }),
    lthreshold: service({
      servers: [server("10.0.@.1 80", "uthreshold 500", "lthreshold 100"), server("10.0.@.2 80", "lthreshold 100")],
    }),
    inhibit_on_failure: service({
      servers: [server("10.0.@.1 80", "inhibit_on_failure", FAILS), server("10.0.@.2 80", FAILS)],
    }),
    alpha: service({ servers: [server("10.0.@.1 80", "alpha", FAILS), server("10.0.@.2 80", "alpha", PASSES)] }),
  },
  "virtual_server/lb_kind": {
    type: words("lb_kind TUN type gre"),
    port: words("lb_kind TUN type gue port 65535"),
    nocsum: words("lb_kind TUN type gre nocsum"),
    csum: words("lb_kind TUN type gre csum"),
    remcsum: words("lb_kind TUN type gue port 1 remcsum"),
  },
};

const [FOUR, SIXTH] = [server("10.0.@.1 80"), server("2001:db8:@::7 80")];

/** Name, entries and words of groups, and servers, of which nothing comes into the table. */
const OTHERS = [
  ["a", "2001:db8:@::1 80", [], [FOUR]],
  ["b", "192.168.@.2 80", [], [SIXTH, FOUR]],
  ["c", "192.168.@.3 80,2001:db8:@::3 80", [], [FOUR]],
  ["d", "192.168.@.4 80,2001:db8:@::4 80,fwmark @04", ["lb_kind TUN"], [FOUR]],
  ["e", "192.168.@.5 80,2001:db8:@::5 80", ["lb_kind TUN", "persistence_granularity 128"], [FOUR]],
  ["f", "192.168.@.6 80", ["lb_kind TUN", "ip_family inet6"], [FOUR]],
] as const;

/** What several words come to together. */
const TOGETHER: Readonly<Record<string, string>> = {
  "groups of either family": `virtual_server_group a@ {\n 192.168.@.1 80\n 192.168.@.10-12 81\n}
virtual_server_group b@ {\n 2001:db8:@::1 80\n 2001:db8:@::10-13 81\n fwmark @06 inet6\n}
${service({ head: "group a@" })}${service({ head: "group b@", words: ["ip_family inet6"], servers: SIX })}`,
  "two services of one group": `virtual_server_group g@ {\n 192.168.@.1 80\n 192.168.@.2 80\n}
${service({ head: "group g@" })}${service({ head: "group g@", words: ["protocol UDP"], servers: [server("10.0.@.5 80")] })}`,
  "a group without live servers": group(["192.168.@.1-3 80"], ["sorry_server 10.0.@.9 80"], DEAD),
  "IPv6 over an IPv4 tunnel": service({
    head: "2001:db8:@::1 80",
    words: ["lb_kind TUN"],
    servers: [server("10.0.@.1 80"), ...SIX],
  }),
  "a sorry server without a port": service({ words: ["sorry_server 10.0.@.9"], servers: DEAD }),
  "marks behind tunnels to both families": [
    [FOUR, SIXTH],
    [SIXTH, FOUR],
    [SIXTH],
    [SIXTH, "sorry_server 10.0.@.9 80"],
    [SIXTH, server("10.0.@.1 80", "lvs_method NAT")],
  ]
    .map((servers, index) =>
      service({ head: `fwmark @0${index}`, words: ["lb_kind TUN", "persistence_timeout 7"], servers }),
    )
    .join(""),
  "families that words tell in their order": [
    ["persistence_granularity 255.0.0.0", "ip_family inet6"],
    ["ip_family inet6", "persistence_granularity 255.0.0.0"],
    ["persistence_granularity 64"],
  ]
    .map((words, index) =>
      service({ head: `fwmark @0${index}`, words: ["lb_kind TUN", ...words], servers: [SIXTH, FOUR] }),
    )
    .join(""),
  "groups of marks behind tunnels": group(["fwmark @01"], ["lb_kind TUN"], [SIXTH]),
  "groups that have other addresses than the servers":
    each([{}]) +
    OTHERS.map(([name, entries, words, servers]) =>
      group(entries.split(","), words, servers).replaceAll("g@", `${name}@`),
    ).join(""),
  "the first group of a name": `virtual_server_group g@ {\n 192.168.@.1 80\n}\n${group(["192.168.@.2 80"])}`,
  "an unknown group, and virtual servers without a server":
    each([
      {},
      { servers: [] },
      { words: ["sorry_server 10.0.@.9 80"], servers: [] },
      { words: ["ip_family inet6"], servers: [FOUR] },
      { servers: SIX },
    ]) + service({ head: "group unknown@" }),
  "sorry servers of the other family": each([
    { words: ["lb_kind NAT", "sorry_server 2001:db8:@::9 80"], servers: DEAD },
    { words: ["lb_kind TUN", "sorry_server 2001:db8:@::9 80"], servers: DEAD },
    { words: ["sorry_server_inhibit", "sorry_server 10.0.@.9 80"] },
  ]),
  "tunnel options that can't be":
    each(
      [
        "TUN type gue",
        "TUN port 6080",
        "TUN csum",
        "TUN type gre remcsum",
        "TUN type gre nonsense",
        "NAT type gre x",
      ].map((kind) => ({ words: [`lb_kind ${kind}`], servers: [FOUR] })),
    ) +
    service({
      head: "192.168.@.9 80",
      words: ["lb_kind TUN type gre csum"],
      servers: [server("10.0.@.1 80", "lvs_method TUN type gue"), server("10.0.@.2 80", "lvs_method DR type")],
    }),
  "a method between servers": service({
    words: ["lb_kind NAT"],
    servers: [server("10.0.@.1 80"), "lb_kind DR", server("10.0.@.2 80"), "lb_kind TUN", server("10.0.@.3 80")],
  }),
  "servers that are one destination": each(
    ["80 8080", "8080 80", " 80", "80 ", "80 80"].map((ports) => ({
      words: ["lb_kind DR"],
      servers: ports.split(" ").map((port, index) => server(`10.0.@.1 ${port}`, `weight ${index + 1}`)),
    })),
  ),
  "addresses with more behind them": service({
    head: "192.168.@.1/24 80",
    servers: [server("10.0.@.1/8 80"), server("10.0.@.2-9 80")],
  }),
  "weights beyond 16 bits": service({
    servers: [server("10.0.@.1 80", "weight 100000"), server("10.0.@.2 80", "weight 2147483647")],
  }),
  "an engine without persistence": words("persistence_engine sip"),
  "marks with ports": service({
    head: "fwmark @01",
    words: ["lb_kind DR"],
    servers: [server("10.0.@.1 80"), server("10.0.@.2")],
  }),
};

/** Words that leave the table as it is once all is settled: by block, with the test that is about them. */
export const NOT_IN_THE_TABLE: Readonly<Record<string, readonly string[]>> = {
  virtual_server: [
    ...["retry", "delay_before_retry", "warmup", "connect_timeout", "delay_loop", "delay_loop_down"],
    ...["smtp_alert", "virtualhost", "snmp_name", "quorum_up", "quorum_down", "omega"],
    // Of their own lab tests: ha-suspend, failure-guard.
    ...["ha_suspend", "correlated_failure_guard", "panic_threshold"],
  ],
  "virtual_server/real_server": [
    ...["retry", "delay_before_retry", "warmup", "connect_timeout", "delay_loop", "delay_loop_down"],
    ...["smtp_alert", "virtualhost", "snmp_name", "notify_up", "notify_down"],
    ...["MISC_CHECK", "SMTP_CHECK", "TCP_CHECK", "PING_CHECK", "UDP_CHECK", "HTTP_GET", "SSL_GET", "DNS_CHECK"],
    ...["FILE_CHECK", "BFD_CHECK"],
  ],
};

/** Where the table differs on purpose: what keepalived's says, and what ours says in its place. */
const ON_PURPOSE: Readonly<Record<string, readonly [string, string]>> = {
  "a sorry server without a port": [":0 -m", ":80 -m"],
};

export interface TableCase {
  /** Block and word, or what it is about. */
  readonly name: string;
  /** 10 and more: an octet of its addresses, and the beginning of its marks. */
  readonly number: number;
  readonly config: string;
  /** What differs on purpose: keepalived's text, and ours. */
  readonly onPurpose: readonly [string, string] | null;
}

const ALL = [
  ...Object.entries(BY_WORD).flatMap(([block, cases]) =>
    Object.entries(cases).map(([word, config]) => [`${block} ${word}`, config] as const),
  ),
  ...Object.entries(TOGETHER),
];

/** The first octet of a case is far from those of the machines. */
const FIRST_NUMBER = 10;

function numbered(template: string, index: number): string {
  return template.replaceAll("@", String(index + FIRST_NUMBER));
}

export const TABLE_CASES: readonly TableCase[] = ALL.map(([name, template], index) => ({
  name,
  number: index + FIRST_NUMBER,
  config: numbered(template, index),
  onPurpose: ON_PURPOSE[name] ?? null,
}));

/** All cases at once. */
export const TABLE_CONFIG: string = TABLE_CASES.map(({ config }) => config).join("");

/** The same addresses, each with the settings of the next case: a reload to `TABLE_CONFIG` has to change everything. */
export const SHIFTED_CONFIG: string = ALL.map((_, index) =>
  numbered(ALL[(index + 1) % ALL.length]?.[1] ?? "", index),
).join("");

/** @returns whether a line of `ipvsadm -Sn` is of the case */
export function isOfCase(line: string, number: number): boolean {
  return new RegExp(
    `^-[Aa] (-[tu]|--sctp-service) (192\\.168\\.${number}\\.|\\[2001:db8:${number}:)|^-[Aa] -f ${number}\\d\\d `,
  ).test(line);
}

/** @returns the words of a block that have a case */
export function wordsSeen(block: string): readonly string[] {
  return Object.keys(BY_WORD[block] ?? {});
}
