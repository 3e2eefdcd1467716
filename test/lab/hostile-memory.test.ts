/**
 * 200 servers that send without end, for 20 s, to checks over HTTP, TLS, SMTP and DNS: what each may cost the director,
 * in its process and in the kernel's buffers, and that nobody else's check suffers.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { makeCertificate } from "../helpers/certificate.ts";
import { waitUntil } from "../helpers/event-log.ts";
import { linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const PROGRAMS = join(ROOT, "dist/test/lab/programs");
const REAL = "192.168.1.2";
const SANE = `[${REAL}]:tcp:22`;
const MODE = "/run/mode";
const COUNT = 200;
const HOSTILE_MS = 20_000;
const LOOK_EVERY_MS = 500;
const KIB = 1_024;
const MIB = 1_024 * KIB;
/** What one check may hold, in the process and in the kernel. */
const PER_CHECK_BYTES = 64 * KIB;
/** What the process may grow by whoever it talks to: buffers of the loops, the worker's heap. */
const SLACK_BYTES = 64 * MIB;
const ENOUGH_MS = 60_000;

const TIMES = "connect_timeout 2\n retry 0\n delay_before_retry 1\n delay_loop 1\n warmup 1";

function web(kind: "HTTP_GET" | "SSL_GET", url: string): string {
  return `${kind} {\n url {\n path /\n ${url}\n }\n ${TIMES}\n }`;
}

/** Port and check of each kind of server. */
const KINDS: readonly (readonly [number, string])[] = [
  [80, web("HTTP_GET", "status_code 200")],
  [80, web("HTTP_GET", 'regex "page"')],
  [81, web("HTTP_GET", "status_code 200")],
  [82, web("HTTP_GET", "status_code 200")],
  [443, web("SSL_GET", "status_code 200")],
  [443, web("SSL_GET", 'regex "page"')],
  [444, web("SSL_GET", "status_code 200")],
  [25, `SMTP_CHECK {\n ${TIMES}\n }`],
  [26, `SMTP_CHECK {\n ${TIMES}\n }`],
  [53, `DNS_CHECK {\n type A\n name check.test\n ${TIMES}\n }`],
];

interface Server {
  readonly address: string;
  readonly port: number;
  readonly check: string;
}

const SERVERS: readonly Server[] = Array.from({ length: COUNT }, (_, index) => {
  const [port, check] = KINDS[index % KINDS.length] ?? [0, ""];
  return { address: `10.9.0.${index + 1}`, port, check };
});

function poolOf(protocol: string, address: string, servers: readonly Server[]): string {
  const texts = servers.map((one) => ` real_server ${one.address} ${one.port} {\n ${one.check}\n }\n`);
  return `virtual_server ${address} 80 {\n lb_kind NAT\n protocol ${protocol}\n${texts.join("")}}\n`;
}

const CONFIG =
  poolOf(
    "TCP",
    "10.0.0.1",
    SERVERS.filter(({ port }) => port !== 53),
  ) +
  poolOf(
    "UDP",
    "10.0.0.2",
    SERVERS.filter(({ port }) => port === 53),
  ) +
  poolOf("TCP", "10.0.0.3", [{ address: REAL, port: 22, check: `TCP_CHECK {\n ${TIMES}\n }` }]);

function residentBytes(pid: number): number {
  return 4_096 * Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
}

const TICK_MS = 10;

/** Processor time of each thread so far, in milliseconds. */
function threadTimes(pid: number): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    const name = thread === String(pid) ? "main" : stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    times.set(name, (times.get(name) ?? 0) + TICK_MS * (Number(fields[11]) + Number(fields[12])));
  }
  return times;
}

/** Octets that wait in the kernel, by connection of the machine. */
async function waitingOctets(machine: Machine): Promise<readonly number[]> {
  const text = await machine.runOk(["ss", "-Hanmtu"]);
  return [...text.matchAll(/skmem:\(r(\d+),/g)].map(([, octets]) => Number(octets));
}

interface Cost {
  readonly grownBytes: number;
  readonly largestWaiting: number;
  readonly times: ReadonlyMap<string, number>;
}

async function costOf(director: Machine, pid: number): Promise<Cost> {
  const before = residentBytes(pid);
  const began = threadTimes(pid);
  const untilMs = performance.now() + HOSTILE_MS;
  let most = before;
  let largestWaiting = 0;
  while (performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    most = Math.max(most, residentBytes(pid));
    largestWaiting = Math.max(largestWaiting, ...(await waitingOctets(director)));
  }
  const times = new Map([...threadTimes(pid)].map(([name, time]) => [name, time - (began.get(name) ?? 0)]));
  return { grownBytes: most - before, largestWaiting, times };
}

function countOf(daemon: Daemon, pattern: RegExp, from = 0): number {
  return daemon.log.items.slice(from).filter(({ text }) => pattern.test(text)).length;
}

async function logged(daemon: Daemon, pattern: RegExp, count: number, from = 0): Promise<void> {
  await waitUntil(`${count} times ${pattern}`, () => (countOf(daemon, pattern, from) >= count ? true : null), {
    timeoutMs: ENOUGH_MS,
    intervalMs: 200,
  });
}

async function startServers(real: Machine): Promise<void> {
  const { keyFile, certificateFile } = makeCertificate(mkdtempSync(join(tmpdir(), "holdfast-pouring-")));
  real.writeFile("/run/tls.key", readFileSync(keyFile, "utf8"));
  real.writeFile("/run/tls.pem", readFileSync(certificateFile, "utf8"));
  real.writeFile(MODE, "good");
  await real.ip("route add local 10.9.0.0/16 dev lo");
  const names = SERVERS.filter(({ port }) => port === 53).map(({ address }) => address);
  const words = [process.execPath, join(PROGRAMS, "pouring-server.js"), "/run/tls.key", "/run/tls.pem", MODE, ...names];
  const pouring = real.spawn(words);
  const sane = real.spawn([process.execPath, join(PROGRAMS, "web-server.js"), "sane", "22"]);
  for (const { stdout, stderr } of [pouring, sane]) {
    await linesOf(stdout, stderr).waitFor("the servers", ({ text }) => text === "ready");
  }
}

async function endure(context: TestContext, director: Machine, real: Machine, daemon: Daemon): Promise<void> {
  const probed = SERVERS.filter(({ port }) => port !== 53).length;
  await logged(daemon, /(success| succeed on service)\.$/, probed + 1);
  const [pid = 0] = daemon.pids;
  const from = daemon.log.position;
  real.writeFile(MODE, "hostile");
  const { grownBytes, largestWaiting, times } = await costOf(director, pid);
  const spent = [...times].filter(([, time]) => time >= 100).map(([name, time]) => `${name} ${time} ms`);
  context.diagnostic(`${(grownBytes / MIB).toFixed(1)} MiB more; ${largestWaiting} octets wait; ${spent.join(", ")}`);
  await logged(daemon, /Removing service \[10\.9\./, COUNT, from);
  const back = daemon.log.position;
  real.writeFile(MODE, "good");
  await logged(daemon, /Adding service \[10\.9\./, COUNT, back);
  assert.deepEqual(daemon.pids[0], pid);
  assert.equal(countOf(daemon, /orker/), 0);
  assert.ok(grownBytes < COUNT * PER_CHECK_BYTES + SLACK_BYTES, `${grownBytes} octets more`);
  assert.ok(largestWaiting < 2 * PER_CHECK_BYTES, `${largestWaiting} octets wait for one check`);
  // Nothing of a server's octets concerns the main thread.
  assert.ok((times.get("main") ?? 0) < HOSTILE_MS / 4, spent.join());
  const aboutSane = daemon.log.items.filter(({ text }) => text.includes(SANE) && /failed|Removing/.test(text));
  assert.deepEqual(aboutSane, []);
}

const skip = daemonNames().includes("holdfast") ? whyNoLab(["ss", "openssl"]) : "is about holdfast alone";

describe("servers that send without end", { skip }, () => {
  test("cost each check 64 KiB at most, and nobody else anything", { timeout: 240_000 }, async (context) => {
    const network = await Network.build();
    try {
      const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
      await startServers(real);
      await director.ip(`route add 10.9.0.0/16 via ${REAL}`);
      const env = { HOLDFAST_IPVS: "memory" };
      const daemon = new Daemon(director, { name: "holdfast", config: CONFIG, flags: [...ALL_FLAGS, "-C"], env });
      await endure(context, director, real, daemon).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
      });
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });
});
