/**
 * A whole daemon whose real servers fail and come back all at once, told by one file. HOLDFAST_MASS: how many, then also
 * beside keepalived.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const COUNT = Number(process.env["HOLDFAST_MASS"] ?? 3_000);
const PER_SERVICE = 1_000;
const SERVICES = COUNT / PER_SERVICE;
/** What a round of deletions may take away at once. @see src/ipvs/pacing.ts */
const DELETED_MAX = 1_024;
const LOOK_EVERY_MS = 250;

const CONFIG = `track_file ill {\n file "/run/ill"\n weight 0\n}\n${Array.from({ length: SERVICES }, serviceOf).join("")}`;

function serviceOf(_: unknown, number: number): string {
  const servers = Array.from({ length: PER_SERVICE }, (__, index) => {
    const address = `10.${number}.${index >> 8}.${index & 255}`;
    return ` real_server ${address} 80 {\n  FILE_CHECK {\n   track_file ill\n  }\n }\n`;
  });
  return `virtual_server 192.0.2.${number + 1} 80 {\n lb_algo wlc\n lb_kind NAT\n protocol TCP\n${servers.join("")}}\n`;
}

interface Counts {
  readonly inTable: number;
  readonly serving: number;
}

function countsOf(machine: Machine): Counts {
  const weights = [...machine.readNetFile("ip_vs").matchAll(/^ {2}-> [0-9A-F:]+ +\S+ +(\d+)/gm)].map(
    ([, weight]) => weight,
  );
  return { inTable: weights.length, serving: weights.filter((weight) => weight !== "0").length };
}

/** @returns milliseconds until so many servers serve */
async function untilServing(machine: Machine, count: number): Promise<number> {
  const began = performance.now();
  const isReached = (): true | null => (countsOf(machine).serving === count ? true : null);
  await waitUntil(`${count} servers`, isReached, { timeoutMs: 400_000, intervalMs: LOOK_EVERY_MS });
  return Math.round(performance.now() - began);
}

interface Times {
  readonly startMs: number;
  readonly downMs: number;
  readonly upMs: number;
  /** Entries that the table still had when none served. */
  readonly kept: number;
}

async function timesOf(machine: Machine, name: DaemonName): Promise<Times> {
  machine.writeFile("/run/ill", "0\n");
  const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  try {
    const startMs = await untilServing(machine, COUNT);
    machine.writeFile("/run/ill", "1\n");
    const downMs = await untilServing(machine, 0);
    const kept = countsOf(machine).inTable;
    machine.writeFile("/run/ill", "0\n");
    const upMs = await untilServing(machine, COUNT);
    assert.deepEqual(countsOf(machine), { inTable: COUNT, serving: COUNT });
    return { startMs, downMs, upMs, kept };
  } catch (error) {
    const last = daemon.log.items.slice(-20).map(({ text }) => text);
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${last.join("\n")}`, { cause: error });
  } finally {
    await daemon.terminate();
    // keepalived's first process waits five seconds, then kills the one that takes the table away.
    if (name === "holdfast") assert.deepEqual(countsOf(machine), { inTable: 0, serving: 0 });
  }
}

const names =
  process.env["HOLDFAST_MASS"] === undefined ? daemonNames().filter((name) => name === "holdfast") : daemonNames();
for (const name of names) {
  await test(`${COUNT} real servers go and come back at once (${name})`, { timeout: 590_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
      const times = await timesOf(machine, name);
      process.stderr.write(`${name} with ${COUNT}: ${JSON.stringify(times)}\n`);
      if (name !== "holdfast") return;
      // What comes back so soon was not deleted: the kernel walks its whole trash for each that is added.
      assert.ok(times.kept >= COUNT - DELETED_MAX, `${times.kept} kept`);
      assert.ok(times.upMs < 5 * times.downMs + 5_000, JSON.stringify(times));
    } finally {
      await network.close();
    }
  });
}
