/** From which address, port and interface, and with which mark checks leave: as nftables sees them. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { makeCertificate } from "../helpers/certificate.ts";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";
import { nginxConfig } from "./nginx.ts";

const [FIRST, SECOND, OTHER] = ["192.168.1.1", "192.168.1.11", "192.168.1.21"];

/** What left the director: interface, source address, source port if one is asked for, mark. */
type Source = readonly [string, string, number | "any", number];

interface Case {
  readonly kind: string;
  readonly words: string;
  readonly expected: Source;
}

const KINDS = ["HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "UDP_CHECK", "DNS_CHECK"];
/** Apart, so that no connection of the first daemon is in the way of the second. */
const FIRST_PORT: Readonly<Record<DaemonName, number>> = { holdfast: 40_000, keepalived: 41_000 };

/** Of one kind of checker: each option alone, then all of them. */
function optionsOf(kind: string, port: number): readonly Case[] {
  const all = `bindto ${OTHER}\n bind_port ${port + 1}\n bind_if eth1\n fwmark 43`;
  return [
    { kind, words: "", expected: ["eth0", FIRST, "any", 0] },
    { kind, words: `bindto ${SECOND}`, expected: ["eth0", SECOND, "any", 0] },
    { kind, words: `bind_port ${port}`, expected: ["eth0", FIRST, port, 0] },
    { kind, words: "bind_if eth1", expected: ["eth1", OTHER, "any", 0] },
    { kind, words: "fwmark 42", expected: ["eth0", FIRST, "any", 42] },
    { kind, words: all, expected: ["eth1", OTHER, port + 1, 43] },
  ];
}

/** 2.2.7 overlooks a port without an address, the interface of UDP_CHECK, and all that PING_CHECK is told. */
function overlooked({ kind, words, expected }: Case): Source {
  const [name, from, port, mark] = expected;
  if (kind === "PING_CHECK") return ["eth0", FIRST, "any", 0];
  if (!words.includes("bindto") && words.includes("bind_port")) return [name, from, "any", mark];
  if (kind !== "UDP_CHECK") return expected;
  return ["eth0", words.includes("bindto") ? from : FIRST, port, mark];
}

function casesFor(name: DaemonName): readonly Case[] {
  const cases = [
    ...KINDS.flatMap((kind, index) => optionsOf(kind, FIRST_PORT[name] + 10 * index)),
    // Without a port of its own.
    ...optionsOf("PING_CHECK", 0).filter(({ words }) => !words.includes("bind_port")),
  ];
  return name === "holdfast" ? cases : cases.map((one) => ({ ...one, expected: overlooked(one) }));
}

/** Each has a real server of its own. */
function targetOf(index: number): string {
  return `192.168.1.${100 + index}`;
}

function portOf(kind: string): number {
  return kind === "SSL_GET" ? 443 : 80;
}

function configOf(cases: readonly Case[]): string {
  const blocks = cases.map(({ kind, words }, index) => {
    const url = kind.endsWith("_GET") ? "url {\n path /\n status_code 200\n }" : "";
    const port = portOf(kind);
    return `virtual_server 10.0.0.${index + 1} ${port} {
  lb_kind NAT
  protocol TCP
  real_server ${targetOf(index)} ${port} {
    ${kind} {
      ${words}
      ${url}
      connect_timeout 2
      retry 1
      delay_before_retry 1
      delay_loop 2
      warmup 0
    }
  }
}
`;
  });
  return blocks.join("");
}

const WATCH = `table inet watch {
  set probes {
    type ifname . ipv4_addr . ipv4_addr . inet_service . mark
    flags dynamic
    size 65535
  }
  chain out {
    type filter hook postrouting priority 0
    tcp flags & (syn | ack) == syn add @probes { oifname . ip daddr . ip saddr . tcp sport . meta mark }
    meta l4proto udp add @probes { oifname . ip daddr . ip saddr . udp sport . meta mark }
    icmp type echo-request add @probes { oifname . ip daddr . ip saddr . 0 . meta mark }
  }
}
`;

const NGINX = nginxConfig(`  ssl_certificate /run/good.pem;
  ssl_certificate_key /run/good.key;
  server {
    listen 80;
    listen 443 ssl;
    location / {
      return 200 "page";
    }
  }`);

async function startWeb(machine: Machine): Promise<void> {
  const { keyFile, certificateFile } = makeCertificate(mkdtempSync(join(tmpdir(), "holdfast-source-")), "good", 2);
  machine.writeFile("/run/good.key", readFileSync(keyFile, "utf8"));
  machine.writeFile("/run/good.pem", readFileSync(certificateFile, "utf8"));
  machine.writeFile("/run/nginx.conf", NGINX);
  machine.spawn(["nginx", "-c", "/run/nginx.conf", "-p", "/run"]);
  await waitUntil("nginx", () => (/:01BB \S+ 0A /.test(machine.readNetFile("tcp")) ? true : null));
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly { readonly concat: readonly (string | number)[] }[] };
  }[];
}

/** @returns what was seen on its way to each of the cases' servers, without repetitions */
async function sourcesOf(machine: Machine, cases: readonly Case[]): Promise<readonly (readonly Source[])[]> {
  const listing: Listing = JSON.parse(await machine.runOk(["nft", "-j", "list", "set", "inet", "watch", "probes"]));
  const elements = listing.nftables.flatMap(({ set }) => set?.elem ?? []).map(({ concat }) => concat);
  return cases.map(({ expected }, index) => {
    const own = elements.filter(([, to]) => to === targetOf(index));
    const isAsked = expected[2] !== "any";
    const sources = own.map(([name, , from, port, mark]): Source => {
      return [String(name), String(from), isAsked ? Number(port) : "any", Number(mark)];
    });
    return [...new Set(sources.map((source) => JSON.stringify(source)))].sort().map((text): Source => JSON.parse(text));
  });
}

async function watch(
  machine: Machine,
  name: DaemonName,
  cases: readonly Case[],
): Promise<readonly (readonly Source[])[]> {
  await machine.runOk(["nft", "-f", "-"], { input: WATCH });
  const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
  const daemon = new Daemon(machine, { name, config: configOf(cases), flags: [...ALL_FLAGS, "-C"], env });
  try {
    for (const [index, { kind }] of cases.entries()) {
      if (!kind.endsWith("_GET")) continue;
      await daemon.logged(`Remote Web server [${targetOf(index)}]:tcp:${portOf(kind)} succeed on service.`);
    }
    let sources = await sourcesOf(machine, cases);
    for (let attempt = 0; attempt < 100 && sources.some(({ length }) => length === 0); attempt += 1) {
      sources = await sourcesOf(machine, cases);
    }
    return sources;
  } finally {
    await daemon.terminate();
    await machine.runOk(["nft", "delete", "table", "inet", "watch"]);
  }
}

test("bindto, bind_port, bind_if and fwmark of every checker, seen by nftables", {
  skip: whyNoLab(["nginx", "openssl", "cc"]),
  timeout: 120_000,
}, async (context) => {
  const network = await Network.build();
  try {
    const director = await network.addMachine({ name: "director", addresses: [`${FIRST}/24`, `${SECOND}/24`] });
    const targets = casesFor("holdfast").map((_, index) => `${targetOf(index)}/24`);
    const real = await network.addMachine({ name: "real", addresses: ["192.168.1.2/24", ...targets] });
    await network.addPort(director, "eth1", `${OTHER}/24`);
    // Each interface answers for its own address alone.
    await director.sysctl({ "net/ipv4/conf/all/arp_ignore": "1", "net/ipv4/conf/all/rp_filter": "0" });
    await startWeb(real);
    for (const name of daemonNames()) {
      const cases = casesFor(name);
      const seen = await watch(director, name, cases);
      for (const [index, { kind, words, expected }] of cases.entries()) {
        await context.test(`${kind} with ${words.replaceAll("\n", "") || "nothing"} (${name})`, () => {
          assert.deepEqual(seen[index], [expected]);
        });
      }
    }
  } finally {
    await network.close();
  }
});
