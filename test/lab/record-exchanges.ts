/**
 * Records what keepalived does beside holdfast, for `test/unit/vrrp/recordings.test.ts`: its adverts, those that it heard, and its
 * lines about the instance, with times. Not a test; as root, with keepalived in PATH:
 * `node dist/test/lab/record-exchanges.js [NAME...]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nowMs, runOk } from "../helpers/process.ts";
import type { Daemon } from "./daemon.ts";
import { advertOf } from "./frames.ts";
import type { Pair, PairSettings, Side, SideText } from "./pair.ts";
import { withPair } from "./pair.ts";

const FOLDER = join("test", "vectors", "recordings");
const INSTANCE = "(VI_1) ";
/** An address owner does not say that it is a backup first. */
const FIRST_LINES = [`${INSTANCE}Entering BACKUP STATE (init)`, `${INSTANCE}Receive advertisement timeout`];
/** What a line takes from keepalived to here, at most. */
const LOG_DELAY_MS = 100;
/** The capture comes in parts, a quarter of a second late at most. */
const CAPTURE_PATIENCE_MS = 1_000;

/** One thing that happened. Times count from keepalived's first state. */
type Entry =
  | { readonly atUs: number; readonly sent: number }
  | { readonly atUs: number; readonly received: number; readonly from: string; readonly intervalUs: number }
  | { readonly atUs: number; readonly log: string }
  | { readonly atUs: number; readonly did: "stop" };

interface Stage {
  readonly pair: Pair;
  readonly keepalived: Side;
  readonly holdfast: Side;
  /** Starts keepalived, which is what is recorded. */
  readonly record: (text: SideText, globals?: string) => Daemon;
  readonly stop: () => Promise<void>;
  readonly pause: (intervals: number) => Promise<void>;
  /** Neither hears the other from now on, until `heal`. */
  readonly cut: () => Promise<void>;
  readonly heal: () => Promise<void>;
}

interface Exchange {
  readonly about: string;
  /** keepalived has the higher address. */
  readonly isSecond?: boolean;
  readonly play: (stage: Stage) => Promise<void>;
}

const TRACK_FILE = "/run/lab/low";
const TRACKED = `vrrp_script low {\n    script "/usr/bin/test ! -e ${TRACK_FILE}"\n    interval 1\n    weight 100\n    user root\n}\n`;

async function meetTwoOwners({ pair, keepalived, holdfast, record, stop, pause }: Stage): Promise<void> {
  record({ priority: 255, state: "MASTER" });
  await keepalived.watch.gained("192.168.1.100");
  await pause(2.4);
  pair.startDaemon(holdfast, { priority: 255, state: "MASTER" });
  await pause(8.4);
  await stop();
}

const EXCHANGES: Readonly<Record<string, Exchange>> = {
  takeover: {
    about: "a backup takes over from a master that falls silent, yields when it comes back, and stops",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      const master = pair.startDaemon(holdfast, { priority: 200 });
      await holdfast.watch.gained("192.168.1.100");
      record({ priority: 100 });
      await pause(3.4);
      master.crash();
      await holdfast.machine.ip("addr flush dev eth0\naddr add 192.168.1.6/24 dev eth0");
      await keepalived.watch.gained("192.168.1.100");
      await pause(2.4);
      pair.startDaemon(holdfast, { priority: 200 });
      await keepalived.watch.lost("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
  preempt: {
    about:
      "a better router discards the adverts of the master and takes over when its timer ends; priority 0 at the stop",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      pair.startDaemon(holdfast, { priority: 100 });
      await holdfast.watch.gained("192.168.1.100");
      record({ priority: 200 });
      await keepalived.watch.gained("192.168.1.100");
      await pause(3.4);
      await stop();
    },
  },
  "preempt-delay": {
    about: "preempt_delay holds a better router back",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      pair.startDaemon(holdfast, { priority: 100 });
      await holdfast.watch.gained("192.168.1.100");
      record({ priority: 200, extraLines: ["preempt_delay 3"] });
      await keepalived.watch.gained("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
  nopreempt: {
    about: "nopreempt follows a worse master, and takes over after its priority 0",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      const master = pair.startDaemon(holdfast, { priority: 100 });
      await holdfast.watch.gained("192.168.1.100");
      record({ priority: 200, nopreempt: true });
      await pause(4.4);
      master.signal("SIGTERM");
      await keepalived.watch.gained("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
  "track-script": {
    about: "a script takes a weight away from the master and gives it back",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      record({ priority: 50, extraLines: ["track_script {\n    low\n}"] }, TRACKED);
      await keepalived.watch.gained("192.168.1.100");
      pair.startDaemon(holdfast, { priority: 100 });
      await pause(3.4);
      keepalived.machine.writeFile(TRACK_FILE, "");
      await holdfast.watch.gained("192.168.1.100");
      await pause(2.4);
      const from = keepalived.watch.events.position;
      await keepalived.machine.runOk(["rm", TRACK_FILE]);
      await keepalived.watch.gained("192.168.1.100", { from });
      await pause(2.4);
      await stop();
    },
  },
  "two-masters": {
    about: "a cut makes two masters; healed, the worse one yields",
    play: async ({ pair, keepalived, holdfast, record, stop, pause, cut, heal }) => {
      pair.startDaemon(holdfast, { priority: 200 });
      await holdfast.watch.gained("192.168.1.100");
      record({ priority: 100 });
      await pause(2.4);
      await cut();
      await keepalived.watch.gained("192.168.1.100");
      await pause(2.4);
      await heal();
      await keepalived.watch.lost("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
  "two-masters-better": {
    about: "a cut makes two masters; healed, the better one speaks at once and stays",
    play: async ({ pair, keepalived, holdfast, record, stop, pause, cut, heal }) => {
      record({ priority: 200 });
      await keepalived.watch.gained("192.168.1.100");
      pair.startDaemon(holdfast, { priority: 100 });
      await pause(2.4);
      await cut();
      await holdfast.watch.gained("192.168.1.100");
      await pause(2.4);
      await heal();
      await holdfast.watch.lost("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
  owner: {
    about: "an address owner is master at once, and a worse one changes nothing",
    play: async ({ pair, keepalived, holdfast, record, stop, pause }) => {
      record({ priority: 255, state: "MASTER" });
      await keepalived.watch.gained("192.168.1.100");
      pair.startDaemon(holdfast, { priority: 254 });
      await pause(4.4);
      await stop();
    },
  },
  "two-owners-lower": {
    about: "two address owners: the one with the lower address",
    play: meetTwoOwners,
  },
  "two-owners-higher": {
    about: "two address owners: the one with the higher address",
    isSecond: true,
    play: meetTwoOwners,
  },
  "startup-delay": {
    // keepalived 2.2.7 listens meanwhile, 2.4 does not; so nobody speaks.
    about: "vrrp_startup_delay holds a router back that is alone",
    play: async ({ keepalived, record, stop, pause }) => {
      record({ priority: 200 }, "global_defs {\n    vrrp_startup_delay 2\n}\n");
      await keepalived.watch.gained("192.168.1.100");
      await pause(2.4);
      await stop();
    },
  },
};

const SETTINGS: readonly PairSettings[] = [
  { version: 2, isUnicast: false, password: null, advertInt: "1" },
  { version: 3, isUnicast: false, password: null, advertInt: "0.5" },
];

/** What happened besides what the daemons did, on the wall clock. */
interface Chronicle {
  stoppedMs: number;
  /** Adverts in between were not delivered. */
  cutMs: number;
  healedMs: number;
}

function entriesOf(pair: Pair, keepalived: Side, daemon: Daemon, chronicle: Chronicle): readonly Entry[] {
  const lines = daemon.log.items.filter(({ text }) => text.includes(INSTANCE));
  const originMs = lines.find(({ text }) => FIRST_LINES.some((line) => text.endsWith(line)))?.atMs;
  if (originMs === undefined) throw new Error(`keepalived has no first state:\n${daemon.text}`);
  const atUs = (ms: number): number => Math.round((ms - originMs) * 1000);
  const { stoppedMs, cutMs, healedMs } = chronicle;
  const entries: Entry[] = [{ atUs: atUs(stoppedMs), did: "stop" }];
  for (const { atMs, text } of lines) {
    if (atMs >= originMs) entries.push({ atUs: atUs(atMs), log: text.slice(text.indexOf(INSTANCE)) });
  }
  for (const frame of pair.capture.frames.items) {
    const advert = advertOf(frame);
    if (advert === null) continue;
    const { source, priority, interval } = advert;
    const isOwn = source === keepalived.machine.address;
    // An owner speaks before it says so.
    if (advert.atMs < originMs - (isOwn ? LOG_DELAY_MS : 0)) continue;
    const intervalUs = advert.version === 2 ? interval * 1_000_000 : interval * 10_000;
    if (isOwn) entries.push({ atUs: Math.max(0, atUs(advert.atMs)), sent: priority });
    else if (advert.atMs < cutMs || advert.atMs > healedMs)
      entries.push({ atUs: atUs(advert.atMs), received: priority, from: source, intervalUs });
  }
  return entries.sort((left, right) => left.atUs - right.atUs);
}

async function record(name: string, exchange: Exchange, settings: PairSettings, version: string): Promise<void> {
  const names =
    exchange.isSecond === true ? (["holdfast", "keepalived"] as const) : (["keepalived", "holdfast"] as const);
  await withPair(settings, names, async (pair) => {
    const [keepalived, holdfast] = exchange.isSecond === true ? [pair.second, pair.first] : [pair.first, pair.second];
    let daemon: Daemon | null = null;
    let config = "";
    const chronicle: Chronicle = { stoppedMs: 0, cutMs: Infinity, healedMs: 0 };
    const intervalMs = Number(settings.advertInt) * 1000;
    await exchange.play({
      pair,
      keepalived,
      holdfast,
      record: (text, more = "") => {
        config = more + pair.config(keepalived, text);
        daemon = pair.startRaw(keepalived, config);
        return daemon;
      },
      pause: (intervals) => new Promise((resolve) => setTimeout(resolve, intervals * intervalMs)),
      stop: async () => {
        chronicle.stoppedMs = daemon?.signal("SIGTERM") ?? 0;
        await daemon?.ended;
      },
      cut: async () => {
        chronicle.cutMs = nowMs();
        chronicle.healedMs = Infinity;
        await pair.network.cut(keepalived.machine, holdfast.machine);
      },
      heal: async () => {
        await pair.network.heal();
        chronicle.healedMs = nowMs();
      },
    });
    await new Promise((resolve) => setTimeout(resolve, CAPTURE_PATIENCE_MS));
    if (daemon === null) throw new Error("nothing was recorded");
    const header = {
      recording: name,
      about: exchange.about,
      daemon: version,
      address: keepalived.machine.address,
      config,
    };
    const lines = [header, ...entriesOf(pair, keepalived, daemon, chronicle)].map((line) => JSON.stringify(line));
    writeFileSync(join(FOLDER, `${name}-v${settings.version}.jsonl`), `${lines.join("\n")}\n`);
  });
}

const wanted = process.argv.slice(2);
const version = (await runOk(["sh", "-c", "keepalived --version 2>&1 | head -1"])).replace(/ \(.*/s, "").trim();
mkdirSync(FOLDER, { recursive: true });
for (const [name, exchange] of Object.entries(EXCHANGES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await Promise.all(SETTINGS.map((settings) => record(name, exchange, settings, version)));
  console.log(name);
}
