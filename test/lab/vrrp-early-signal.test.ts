/** Signals that come before the daemon's code runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { CONFIG_PATH, daemonProgram, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const CONFIG = `vrrp_instance VI_1 {
 interface eth0
 virtual_router_id 51
 priority 100
 virtual_ipaddress {
  192.168.1.100
 }
}
`;
/** At the last one handlers are there, also on a busy machine. */
const DELAYS_MS = [10, 25, 40, 55, 70, 100, 140, 3_000];
/** Port 9229 in the kernel's table. */
const DEBUGGER = /:240D 00000000:0000 0A/;

interface Outcome {
  /** The signal did not end it. */
  readonly hasStarted: boolean;
  /** What it said, if Node opened its debugger. */
  readonly opened: string | null;
}

async function startAndSignal(machine: Machine, delayMs: number): Promise<Outcome> {
  const child = machine.spawn([daemonProgram("holdfast") ?? "", "-f", CONFIG_PATH, ...VRRP_FLAGS]);
  const said = linesOf(child.stdout, child.stderr);
  const ended = new Promise<null>((resolve) => child.once("close", () => resolve(null)));
  await pause(delayMs);
  const pid = machine.pidOf(child);
  if (pid !== null) process.kill(pid, "SIGUSR1");
  const started = said.waitFor("the start", ({ text }) => text.includes("Entering BACKUP STATE"));
  if ((await Promise.race([started, ended])) === null) return { hasStarted: false, opened: null };
  assert.doesNotMatch(machine.readNetFile("tcp"), DEBUGGER, `open after a signal ${delayMs} ms after the start`);
  child.kill("SIGTERM");
  if (pid !== null) process.kill(pid, "SIGTERM");
  await ended;
  const opened = said.items.map(({ text }) => text).find((text) => text.includes("Debugger listening")) ?? null;
  return { hasStarted: true, opened };
}

test("an early SIGUSR1 leaves no debugger open", {
  skip: whyNoLab() || (daemonNames().includes("holdfast") ? false : "without holdfast"),
  timeout: 120_000,
}, async (context) => {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "router", addresses: ["192.168.1.5/24"] });
    machine.writeFile(CONFIG_PATH, CONFIG);
    let survived = 0;
    for (const delayMs of DELAYS_MS) {
      const { hasStarted, opened } = await startAndSignal(machine, delayMs);
      if (hasStarted) survived += 1;
      if (opened !== null) context.diagnostic(`${delayMs} ms: opened for a while`);
    }
    assert.ok(survived > 0, "no start survived its signal: nothing was tried");
  } finally {
    await network.close();
  }
});
