import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ProbeEvent, ProbeHttp, ProbeTarget, ProbeTls } from "../../src/native/contract.ts";
import { openProbeLoops } from "../../src/runtime/probe-loops.ts";
import { type Certificate, makeCertificate } from "../helpers/certificate.ts";
import type { EventLog } from "../helpers/event-log.ts";
import { type Line, linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { addon, httpTarget, REPORT_ONCE, RecordedLoop, tcpTarget } from "./probe-helpers.ts";

const LIMIT = { timeout: 60_000 };
const PROGRAM = join(ROOT, "dist/test/lab/programs/tls-server.js");

let folder: string;
let certificate: Certificate;
let recorded: RecordedLoop;
let server: ChildProcess;
let requests: EventLog<Line>;
let port: number;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  certificate = makeCertificate(folder);
  recorded = new RecordedLoop(1_000, (...words) => openProbeLoops(addon, ...words));
  port = await freePort();
  const { keyFile, certificateFile } = certificate;
  server = spawn(process.execPath, [PROGRAM, join(folder, "manners"), String(port), keyFile, certificateFile]);
  requests = linesOf(server.stdout, server.stderr);
  await requests.waitFor("the server", ({ text }) => text === "ready");
});

after(() => {
  recorded.loop.close();
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Changes {
  readonly http?: Partial<ProbeHttp>;
  readonly tls?: Partial<ProbeTls>;
  readonly target?: Partial<ProbeTarget>;
}

function httpsTarget({ http = {}, tls = {}, target = {} }: Changes = {}): ProbeTarget {
  const settings: ProbeTls = { serverName: null, isStrict: false, credentials: null, ...tls };
  return httpTarget(port, http, { kind: "https", tls: settings, ...target });
}

function probeOf(manners: string, changes: Changes = {}): Promise<ProbeEvent> {
  writeFileSync(join(folder, "manners"), manners);
  return recorded.probe(httpsTarget(changes));
}

/** `ok`, or what it failed with and where. */
async function endOf(manners: string, changes: Changes = {}): Promise<string> {
  const { result, reason, stage } = await probeOf(manners, changes);
  return result === "success" ? reason : `${reason} ${stage}`;
}

function digestOf(text: string): Pick<ProbeHttp, "digest"> {
  return { digest: createHash("md5").update(text).digest("hex") };
}

const SHORT: Changes = { target: { timeoutUs: 300_000 } };

test("a page passes by status, digest and regex", LIMIT, async () => {
  const regex = { pattern: "w.ll", options: [], isNegated: false, minOffset: 0, maxOffset: null };
  assert.equal(await endOf("page well"), "ok");
  assert.equal(await endOf("page well", { http: digestOf("well") }), "ok");
  assert.equal(await endOf("page well", { http: digestOf("ill") }), "mismatch digest");
  assert.equal(await endOf("page well", { http: { regex } }), "ok");
  assert.equal(await endOf("page ill", { http: { regex } }), "mismatch regex");
  assert.equal(await endOf("status 500"), "mismatch status");
  assert.equal(await endOf("status 500", { http: { statusCodes: [{ from: 500, to: 500 }] } }), "ok");
});

test("SNI is sent when there is a name, and never an address", LIMIT, async () => {
  const sni = (serverName: string | null, seen: string): Promise<string> =>
    endOf("sni", { tls: { serverName }, http: digestOf(seen) });
  assert.equal(await sni("www.lab.example", "www.lab.example"), "ok");
  assert.equal(await sni(null, "-"), "ok");
  assert.equal(await sni("192.0.2.1", "-"), "ok");
});

test("a server that asks for a certificate gets that of the SSL block", LIMIT, async () => {
  const client = makeCertificate(folder, "client");
  const credentials = { ...client, password: null, caFile: null };
  assert.equal(await endOf("client", { http: digestOf("lab.example"), tls: { credentials } }), "ok");
  assert.equal(await endOf("client", { http: digestOf("-") }), "ok");
  const missing = { ...credentials, keyFile: join(folder, "no-such-file") };
  assert.equal(await endOf("client", { tls: { credentials: missing } }), "other handshake");
});

test("authorities of the SSL block are read, and judge no server", LIMIT, async () => {
  const { certificateFile: caFile } = makeCertificate(folder, "stranger");
  const none = { certificateFile: null, keyFile: null, password: null };
  assert.equal(await endOf("client", { http: digestOf("-"), tls: { credentials: { ...none, caFile } } }), "ok");
  const both = { ...makeCertificate(folder, "client"), password: null, caFile };
  assert.equal(await endOf("client", { http: digestOf("lab.example"), tls: { credentials: both } }), "ok");
  const missing = { ...none, caFile: join(folder, "no-such-file") };
  assert.equal(await endOf("client", { tls: { credentials: missing } }), "ok");
});

test("what has come counts, however the connection ends", LIMIT, async () => {
  assert.equal(await endOf("unclean well", { http: digestOf("well") }), "ok");
  assert.equal(await endOf("reset", { http: digestOf("we") }), "ok");
  assert.equal(await endOf("open well"), "ok");
  assert.equal(await endOf("empty"), "reset answer");
  assert.equal(await endOf("behead"), "mismatch answer");
  assert.equal(await endOf("garble"), "mismatch status");
});

test("tls_compliant: an end without close_notify fails", LIMIT, async () => {
  const strict: Changes = { tls: { isStrict: true } };
  assert.equal(await endOf("page well", { ...strict, http: digestOf("well") }), "ok");
  assert.equal(await endOf("status 404", strict), "mismatch status");
  assert.equal(await endOf("unclean well", strict), "reset answer");
  assert.equal(await endOf("reset", strict), "reset answer");
  assert.equal(await endOf("hangup", strict), "other handshake");
});

test("servers that do not get through a handshake fail in it", LIMIT, async () => {
  assert.equal(await endOf("rubbish"), "other handshake");
  assert.equal(await endOf("hangup"), "other handshake");
  assert.equal(await endOf("cut"), "reset connect");
  assert.equal(await endOf("old well"), "other handshake");
});

test("silence, drips and floods end at the timeout of their stage", LIMIT, async () => {
  assert.equal(await endOf("mute", SHORT), "timeout connect");
  assert.equal(await endOf("silent", SHORT), "timeout answer");
  assert.equal(await endOf("drip", SHORT), "timeout answer");
  assert.match(await endOf("flood", SHORT), /^timeout answer$/);
});

test("a closed port refuses, a foreign source is local", LIMIT, async () => {
  const closed = await freePort();
  assert.equal(await endOf("page well", { target: { port: closed } }), "refused connect");
  const { local } = recorded.loop.counters();
  recorded.loop.addTarget(5, httpsTarget({ target: { bindAddress: "192.0.2.99" } }), REPORT_ONCE, 0);
  await recorded.counted((counters) => counters.local > local);
  recorded.loop.removeTarget(5);
});

test("the next check of a target resumes the session", LIMIT, async () => {
  writeFileSync(join(folder, "manners"), "page well");
  const from = requests.position;
  const often = { expected: "success", intervalUs: 20_000, unexpectedIntervalUs: 20_000 } as const;
  recorded.loop.addTarget(6, httpsTarget(), often, 0);
  await requests.waitFor("a full handshake", ({ text }) => text.startsWith("- full"), { from });
  await requests.waitFor("a resumed session", ({ text }) => text.startsWith("- resumed"), { from });
  recorded.loop.removeTarget(6);
});

test("a target may become one of another kind, and hundreds are under way at a time", LIMIT, async () => {
  writeFileSync(join(folder, "manners"), "page well");
  recorded.loop.addTarget(1, httpsTarget(), { ...REPORT_ONCE, expected: "success" }, 3_600_000_000);
  assert.equal((await recorded.probe(tcpTarget(port))).reason, "ok");
  const numbers = Array.from({ length: 300 }, (_, index) => 1_000 + index);
  for (const number of numbers) recorded.loop.addTarget(number, httpsTarget(), REPORT_ONCE, 0);
  const seen = new Map<number, string>();
  while (seen.size < numbers.length) {
    const { target, reason } = await recorded.next();
    seen.set(target, reason);
  }
  assert.deepEqual([...new Set(seen.values())], ["ok"]);
  for (const number of numbers) recorded.loop.removeTarget(number);
  await recorded.counted(({ inFlight }) => inFlight === 0);
});

test("the worker counts times in the buckets of the native loop, each check in one", LIMIT, () => {
  const { https, http } = recorded.loop.counters().kinds;
  assert.deepEqual(https.latency.boundsUs, http.latency.boundsUs);
  assert.equal(https.latency.counts.length, http.latency.counts.length);
  const judged = https.latency.counts.reduce((all, count) => all + count, 0);
  assert.ok(judged > 0);
  assert.equal(judged, https.succeeded + https.failed);
});
