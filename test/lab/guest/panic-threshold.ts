/** `panic_threshold` over checks of the network, together with quorum, sorry server and inhibit_on_failure. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { findProgram } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon } from "../daemon.ts";
import { ipvsTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { nginxConfig } from "../nginx.ts";

const HOSTS = [21, 22, 23, 24];
const SORRY = 30;
const PROBED_PORT = 8080;

const TIMES = "connect_timeout 2\n retry 1\n delay_before_retry 1\n delay_loop 1\n warmup 0";
const TCP = `TCP_CHECK {\n connect_port ${PROBED_PORT}\n ${TIMES}\n }`;
const HTTP = `HTTP_GET {\n url {\n path /\n status_code 200\n }\n ${TIMES}\n }`;
const SORRY_WORDS = `sorry_server 192.168.1.${SORRY} 80`;

interface Service {
  readonly words: string;
  readonly check: string;
}

/** By last octet of its address. */
const SERVICES: Readonly<Record<number, Service>> = {
  100: { words: SORRY_WORDS, check: TCP },
  101: { words: SORRY_WORDS, check: HTTP },
  102: { words: "", check: HTTP },
  103: { words: "inhibit_on_failure", check: TCP },
};

function serviceText([last, { words, check }]: [string, Service]): string {
  const note = (what: string): string => `"/run/note.sh ${last} ${what}" root`;
  const servers = HOSTS.map(
    (host) =>
      ` real_server 192.168.1.${host} 80 {\n notify_up ${note(`up ${host}`)}\n notify_down ${note(`down ${host}`)}\n ${check}\n }\n`,
  );
  return `virtual_server 192.168.1.${last} 80 {
 lb_algo rr
 lb_kind NAT
 protocol TCP
 correlated_failure_guard off
 panic_threshold 60
 quorum 2
 quorum_up ${note("quorum up")}
 quorum_down ${note("quorum down")}
 ${words}
${servers.join("")}}
`;
}

const CONFIG = Object.entries(SERVICES).map(serviceText).join("");

/** One server after the other fails, and comes back: who then serves, by service; of weight 0 in brackets. */
const STEPS: readonly (readonly [string, Readonly<Record<number, string>>])[] = [
  ["ill 21", { 100: "22 23 24", 101: "22 23 24", 102: "22 23 24", 103: "(21) 22 23 24" }],
  // Half of them are fewer than 60 percent: all serve, and the quorum of two holds.
  ["ill 22", { 100: "21 22 23 24", 101: "21 22 23 24", 102: "21 22 23 24", 103: "21 22 23 24" }],
  // Without the quorum the sorry server goes first.
  ["ill 23", { 100: "30", 101: "30", 102: "21 22 23 24", 103: "21 22 23 24" }],
  ["ill 24", { 100: "30", 101: "30", 102: "21 22 23 24", 103: "21 22 23 24" }],
  ["well 21", { 100: "30", 101: "30", 102: "21 22 23 24", 103: "21 22 23 24" }],
  ["well 22", { 100: "21 22 23 24", 101: "21 22 23 24", 102: "21 22 23 24", 103: "21 22 23 24" }],
  ["well 23", { 100: "21 22 23", 101: "21 22 23", 102: "21 22 23", 103: "21 22 23 (24)" }],
  ["well 24", { 100: "21 22 23 24", 101: "21 22 23 24", 102: "21 22 23 24", 103: "21 22 23 24" }],
];

/** What notify scripts are called with at each step, for every service. */
const CALLS: readonly (readonly string[])[] = [
  ["down 21"],
  ["down 22"],
  ["down 23", "quorum down"],
  ["down 24"],
  ["up 21"],
  ["up 22", "quorum up"],
  ["up 23"],
  ["up 24"],
];

function poolsNow(machine: Machine): Record<string, string> {
  const entries = ipvsTable(machine).map(({ address, destinations }) => {
    const servers = destinations.map(({ address: server, weight }) => {
      const last = server.split(".")[3] ?? "";
      return weight === 0 ? `(${last})` : last;
    });
    return [
      address.split(".")[3] ?? "",
      servers.toSorted((a, b) => (a.replace("(", "") < b.replace("(", "") ? -1 : 1)),
    ];
  });
  return Object.fromEntries(entries.map(([last, servers]) => [String(last), [servers].flat().join(" ")]));
}

async function pooled(machine: Machine, wanted: Readonly<Record<number, string>>, step: string): Promise<void> {
  const isSo = (): true | null => {
    const now = poolsNow(machine);
    return Object.entries(wanted).every(([last, pool]) => now[last] === pool) ? true : null;
  };
  await waitUntil(`the pools after "${step}"`, isSo, { timeoutMs: 30_000 }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : error}: ${JSON.stringify(poolsNow(machine))}`);
  });
}

/** A server of nginx is ill to HTTP by its status, and to TCP because its port refuses. */
async function change(real: Machine, step: string): Promise<void> {
  const [word, host] = step.split(" ");
  const address = `192.168.1.${host}`;
  const rule = `INPUT -d ${address} -p tcp --dport ${PROBED_PORT} -j REJECT --reject-with tcp-reset`;
  const script =
    word === "ill"
      ? `touch /run/ill-${address} && iptables-legacy -I ${rule}`
      : `rm /run/ill-${address} && iptables-legacy -D ${rule}`;
  await real.runOk(["sh", "-c", script]);
}

const NGINX = nginxConfig(`  server {
    listen 80;
    listen ${PROBED_PORT};
    if (-f /run/ill-$server_addr) {
      return 503;
    }
    return 200 "page";
  }`);

async function startNginx(real: Machine): Promise<void> {
  real.writeFile("/run/nginx.conf", NGINX);
  linesOf(real.spawn(["nginx", "-c", "/run/nginx.conf", "-p", "/run"]).stderr);
  await waitUntil("nginx", () => (/:0050 \S+ 0A /.test(real.readNetFile("tcp")) ? true : null));
}

function callsOf(director: Machine, service: string): readonly string[] {
  const prefix = `${service} `;
  const lines = director.readFile("/run/notes").split("\n");
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

async function hasTold(director: Machine, service: string, calls: readonly string[]): Promise<void> {
  const isTold = (): true | null => (callsOf(director, service).toSorted().join() === calls.join() ? true : null);
  await waitUntil(`${service} told of ${calls}`, isTold);
}

async function walk(director: Machine, real: Machine, daemon: Daemon): Promise<void> {
  const everybody = Object.fromEntries(Object.keys(SERVICES).map((last) => [last, HOSTS.join(" ")]));
  await pooled(director, everybody, "the start");
  // Its scripts may still be under way, and would then be taken for those of the first step.
  for (const service of Object.keys(SERVICES)) await hasTold(director, service, ["quorum up"]);
  for (const [index, [step, wanted]] of STEPS.entries()) {
    director.writeFile("/run/notes", "");
    await change(real, step);
    await pooled(director, wanted, step);
    const calls = [...(CALLS[index] ?? [])].sort();
    for (const service of Object.keys(SERVICES)) await hasTold(director, service, calls);
  }
  for (const service of Object.keys(SERVICES)) {
    const told = daemon.log.items.filter(({ text }) => text.includes(`Panic threshold of VS [192.168.1.${service}]`));
    assert.deepEqual(
      told.map(({ text }) => text.replace(/^.*:tcp:80: /, "")),
      ["only 2 of 4 servers are up, so all of them serve", "3 of 4 servers are up, only those serve again"],
    );
  }
}

const missing = ["nginx", "iptables-legacy"].filter((program) => findProgram(program) === null);
const skip = !daemonNames().includes("holdfast")
  ? "is about holdfast alone"
  : missing.length > 0
    ? `needs ${missing.join(", ")}`
    : false;
await test("panic_threshold over TCP_CHECK and HTTP_GET, with quorum, sorry server and inhibition", {
  skip,
  timeout: 280_000,
}, async () => {
  // The machines have no modprobe that finds anything.
  const loader = readFileSync("/proc/sys/kernel/modprobe", "utf8").trim();
  execFileSync(loader, ["-a", "iptable_filter", "ipt_REJECT", "xt_tcpudp"]);
  const network = await Network.build();
  try {
    const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
    const addresses = HOSTS.map((host) => `192.168.1.${host}/24`);
    const real = await network.addMachine({ name: "real", addresses });
    await startNginx(real);
    director.writeFile("/run/note.sh", '#!/bin/sh\necho "$@" >> /run/notes\n');
    await director.runOk(["chmod", "755", "/run/note.sh"]);
    director.writeFile("/run/notes", "");
    const daemon = new Daemon(director, { name: "holdfast", config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
    await walk(director, real, daemon).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
    });
    await daemon.terminate();
  } finally {
    await network.close();
  }
});
