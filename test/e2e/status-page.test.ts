import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { type ApiSources, answer } from "../../src/api/router.ts";
import type { Snapshot } from "../../src/api/views.ts";
import { guardListener } from "../../src/runtime/control-guard.ts";
import { createControlServer } from "../../src/runtime/control-server.ts";
import { EventLog } from "../../src/runtime/event-log.ts";
import { ROOT } from "../helpers/repository.ts";
import { FACTS, snapshot } from "../unit/api/samples.ts";

/** The status page in a real browser, with 20,000 real servers behind it. */

const CHROMIUM = "/usr/bin/chromium";
const skip = existsSync(CHROMIUM) ? false : "needs Debian's chromium";
const COUNT = 20_000;
const EVIL = "<img src=x onerror=alert(1)>";

const base = snapshot();
const [virtual] = base.lvs?.virtualServers ?? [];
const [server] = virtual?.realServers ?? [];
const [instance] = base.instances;
assert.ok(base.lvs !== null && virtual !== undefined && server !== undefined && instance !== undefined);
const realServers = Array.from({ length: COUNT }, (_, index) => {
  const isAlive = index % 1000 !== 7;
  return { ...server, name: `[10.0.${index >> 8}.${index & 255}]:tcp:80`, isAlive };
});
let shown: Snapshot = {
  ...base,
  lvs: { ...base.lvs, virtualServers: [{ ...virtual, realServers }] },
  instances: [
    { ...instance, state: "active" as const },
    { ...instance, name: "VI_2", state: "fault" as const, faultReasons: ["interface eth1 down"], activeRouter: null },
  ],
};

const events = new EventLog(100);
const sources: ApiSources = {
  snapshot: () => shown,
  facts: () => FACTS,
  usage: async () => null,
  nowUs: () => 100_000_000,
  nowMs: () => 1_700_000_000_000,
  eventsSince: (sequence) => events.since(sequence),
  overrides: { list: () => [], set: () => true, clear: () => true },
  operator: { give: () => true, release: () => null, orderFor: () => null },
  reload: async () => ({ isComplete: true, messages: [] }),
  planReload: async () => ({ wouldBeRefused: false, changes: [], complaints: [] }),
  explain: async () => ["[]"],
};
const { server: http, close } = createControlServer({
  handle: (request) => answer(request, sources),
  events,
  streamPath: "/v1/events",
  guard: (request) => guardListener(request, null),
});

/** An instance of the configuration that a script has brought down. */
function recorded(): (typeof base.instances)[0] {
  assert.ok(instance !== undefined);
  const before = {
    ...{ kind: "backup" as const, weight: 0, isStartupDelayed: false, activeAdverIntervalUs: 1_000_000 },
    ...{ activeRouter: null, preemptDelay: "off" as const },
  };
  const event = { kind: "fault-raised" as const, reason: "tracked script chk" as const };
  return { ...instance, recording: [{ atUs: 90_000_000, before, event, basePriority: 100, counts: null }] };
}

/** Adverts of two directors that are not the active one any more, at 80 s and 90 s. */
function heard(): NonNullable<(typeof base.instances)[0]["recording"]> {
  const before = { kind: "active" as const, weight: 0, isStartupDelayed: false };
  return (["10.0.0.7", "10.0.0.8"] as const).map((source, at) => {
    const advert = { source, priority: at === 0 ? 80 : 0, intervalUs: 1_000_000 };
    const event = {
      kind: "advert" as const,
      class: at === 0 ? ("lower-priority" as const) : ("priority-zero" as const),
      advert,
    };
    return { atUs: 80_000_000 + at * 10_000_000, before, event, basePriority: 100, counts: null };
  });
}

let browser: Browser;
let page: Page;
let origin = "";
const requests: string[] = [];
const complaints: string[] = [];

function say(text: string): void {
  events.write({ timeMs: 1_700_000_000_000, level: "info", subsystem: "vrrp", message: "m", fields: {}, text });
}

before(async () => {
  if (skip !== false) return;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  page = await browser.newPage({ colorScheme: "light", viewport: { width: 1100, height: 1000 } });
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(dialog.message());
    void dialog.dismiss();
  });
  say("(VI_1) Entering MASTER STATE");
  await page.goto(origin);
  await page.waitForSelector(".row");
});
after(async () => {
  if (skip !== false) return;
  await browser.close();
  await close();
});

test("instances and virtual servers are shown, names are text, and nobody else is asked", { skip }, async () => {
  const text = await page.innerText("#instances");
  assert.match(text, /VI_1\s+MASTER/);
  assert.match(text, /VI_2\s+FAULT/);
  assert.match(text, /VI_1\s+MASTER.*this one/);
  assert.match(text, /VI_2\s+FAULT.*none heard/);
  assert.match(await page.innerText("#virtual"), /\[10\.0\.0\.100\]:tcp:80\s+rr\s+19980\/20000\s+yes/);
  assert.match(await page.innerText("#summary"), /19980 of 20000 real servers alive/);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(`${origin}/`)),
    [],
  );
  shown = { ...shown, instances: [{ ...instance, name: EVIL }] };
  say("reload complete");
  await page.locator("#instances td", { hasText: EVIL }).waitFor();
});

test("directors are shown: this one, the active one and who was heard before", { skip }, async () => {
  shown = { ...shown, instances: [{ ...instance, recording: heard() }] };
  say("another look");
  await page.locator("#directors td", { hasText: "silent" }).waitFor();
  const rows = (await page.innerText("#directors")).split("\n").map((line) => line.replace(/\s+/g, " "));
  assert.deepEqual(rows, [
    "VI_1 51 10.0.0.1 (this one) BACKUP 90 now",
    "VI_1 51 10.0.0.9 MASTER 200 keeps sending",
    "VI_1 51 10.0.0.8 has left 0 10 s ago",
    "VI_1 51 10.0.0.7 silent 80 20 s ago",
  ]);
});

test("20,000 servers are a list of a few rows that the keyboard scrolls to its end", { skip }, async () => {
  assert.ok((await page.locator(".row").count()) < 60);
  await page.focus("#list");
  await page.keyboard.press("End");
  await page.getByText(`[10.0.${(COUNT - 1) >> 8}.${(COUNT - 1) & 255}]:tcp:80`).waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  await page.getByLabel("only those that are down").check();
  await page.getByText("(20)").waitFor();
  assert.equal(await page.locator('.row:has-text("up")').count(), 0);
});

test("the latency of checks is a line with words for those who can't see it, changes have their cause", {
  skip,
}, async () => {
  const lvs = shown.lvs;
  assert.ok(lvs !== null && lvs.probes !== null);
  const { probes } = lvs;
  const tcp = { ...probes.kinds.tcp, latency: { boundsUs: [1000, 10_000], counts: [8, 100, 1], sumUs: 3_500_000 } };
  shown = {
    ...shown,
    lvs: { ...lvs, probes: { ...probes, kinds: { ...probes.kinds, tcp } } },
    instances: [recorded()],
  };
  say("a look");
  await page.locator("#latency li", { hasText: "tcp 5.0 ms" }).waitFor();
  const image = page.getByRole("img", { name: "tcp: latency of the last 2 looks, 5.0 to 333.3 ms" });
  assert.equal(await image.locator("polyline").getAttribute("points"), "58,1.0 59,18.7");
  if (process.env["HOLDFAST_WRITE"] === "1") await page.screenshot({ path: join(ROOT, "docs/status-page.png") });
  const changes = await page.innerText("#changes");
  assert.match(changes, /VI_1\s+BACKUP to FAULT\s+a fault came up: tracked script chk/);
});

test("everything has a name for screen readers, and the keyboard reaches what can be used", { skip }, async () => {
  for (const name of ["VRRP instances", "Last changes of state", "Latency of checks", "Virtual servers"])
    await page.getByRole("region", { name }).waitFor();
  assert.ok((await page.getByRole("table").count()) >= 3);
  const reached: string[] = [];
  await page.locator("body").press("Home");
  for (let press = 0; press < 4; press += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate<string>("document.activeElement.id"));
  }
  assert.ok(reached.includes("down") && reached.includes("list"), reached.join());
});

test("what happens shows up by itself; light and dark have their own colours", { skip }, async () => {
  say("(VI_1) Entering BACKUP STATE");
  await page.locator("#events li", { hasText: "Entering BACKUP STATE" }).waitFor();
  const background = (): Promise<string> => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.notEqual(await background(), light);
  assert.deepEqual(complaints, []);
});

test("a page from elsewhere can't use the listener, and nobody can change anything", { skip }, async () => {
  const status = async (headers: Record<string, string>, method = "GET"): Promise<number | undefined> =>
    guardListener({ headers, method }, null)?.status;
  assert.equal(await status({ host: "evil.example" }), 403);
  assert.equal(await status({}), 403);
  assert.equal(await status({ host: "localhost:9650" }), undefined);
  assert.equal(await status({ host: "[::1]:9650" }), undefined);
  assert.equal(await status({ host: "127.0.0.1" }, "POST"), 403);
  const withToken = (authorization?: string): number | undefined =>
    guardListener(
      { headers: { host: "localhost", ...(authorization === undefined ? {} : { authorization }) }, method: "POST" },
      "sesame",
    )?.status;
  assert.equal(withToken(), 401);
  assert.equal(withToken("Bearer wrong!"), 401);
  assert.equal(withToken("Bearer sesame"), undefined);
  assert.equal((await fetch(`${origin}/v1/reload`, { method: "POST" })).status, 403);
});
