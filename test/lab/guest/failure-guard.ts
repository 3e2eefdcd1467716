import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const WEB_SERVER = join(ROOT, "dist/test/lab/programs/web-server.js");
const REAL = "192.168.1.2";
const LAST = [21, 22, 23, 24];
const PROBED = "192.168.1.100";
const SCRIPTED = "192.168.1.101";
const PANICKY = "192.168.1.102";
const FILED = "192.168.1.103";

const TIMES = "retry 1\n delay_before_retry 1\n delay_loop 2\n warmup 0";

function service(address: string, words: string, check: (last: number) => string): string {
  const servers = LAST.map((last) => ` real_server 192.168.1.${last} 80 {\n ${check(last)}\n }\n`).join("");
  return `virtual_server ${address} 80 {\n lb_algo rr\n lb_kind DR\n protocol TCP\n ${words}\n${servers}}\n`;
}

function misc(path: string): string {
  return `MISC_CHECK {\n misc_path "${path}"\n misc_timeout 5\n user root\n ${TIMES}\n }`;
}

/** What somebody else finds out about the servers, and writes into files. */
const TRACK_FILES = LAST.map((last) => `track_file health${last} {\n file "/run/ill-${last}"\n weight 0\n}\n`).join("");

const CONFIG =
  TRACK_FILES +
  service(FILED, "", (last) => `FILE_CHECK {\n track_file health${last}\n }`) +
  service(PROBED, "", () => `TCP_CHECK {\n connect_ip ${REAL}\n connect_port 8080\n connect_timeout 1\n ${TIMES}\n }`) +
  service(SCRIPTED, "", () => misc("/run/connects.sh")) +
  service(PANICKY, "panic_threshold 60\n correlated_failure_guard off", (last) =>
    misc(`/bin/test -e /run/healthy-${last}`),
  );

async function pooled(machine: Machine, address: string, expected: readonly number[]): Promise<void> {
  const wanted = expected.map((last) => `192.168.1.${last}`).join();
  const options = { timeoutMs: 30_000 };
  await waitUntil(
    `the pool ${wanted} of ${address}`,
    () => (poolOf(machine, address, 80)?.join() === wanted ? true : null),
    options,
  );
}

function writeIll(machine: Machine, value: number, hosts: readonly number[] = LAST): void {
  for (const last of hosts) machine.writeFile(`/run/ill-${last}`, `${value}\n`);
}

async function startServer(machine: Machine): Promise<ChildProcess> {
  const server = machine.spawn([process.execPath, WEB_SERVER, "real", "8080"]);
  await linesOf(server.stdout, server.stderr).waitFor("the server", (line) => line.text === "ready");
  return server;
}

interface Stage {
  readonly network: Network;
  readonly director: Machine;
  readonly real: Machine;
  readonly daemon: Daemon;
  server: ChildProcess;
}

async function holdsWithoutLink({ network, director, daemon }: Stage): Promise<void> {
  await network.unplug(director);
  const { text } = await daemon.logged("Correlated failure: ", { timeoutMs: 30_000 });
  assert.match(text, /but eth0 has no carrier: the servers stay in their pools$/);
  writeIll(director, 1);
  // All have failed now, probes, files and scripts.
  for (const words of ["TCP_CHECK on service", "Misc check for"]) {
    const failed = (): number =>
      daemon.log.items.filter((line) => line.text.includes(words) && / failed| timed out/.test(line.text)).length;
    await waitUntil(`four times "${words} ... failed"`, () => (failed() >= 4 ? true : null), { timeoutMs: 30_000 });
  }
  await pooled(director, PROBED, LAST);
  await pooled(director, SCRIPTED, LAST);
  await pooled(director, FILED, LAST);
  // One file stays as it is: of that server the verdict was held, not lost.
  const [first = 0, ...rest] = LAST;
  writeIll(director, 0, rest);
  await network.plugIn(director);
  await daemon.logged("Correlated failure is over, the own network is in order", {
    timeoutMs: 60_000,
  });
  await pooled(director, PROBED, LAST);
  await pooled(director, SCRIPTED, LAST);
  await pooled(director, FILED, rest);
  writeIll(director, 0, [first]);
  await pooled(director, FILED, LAST);
}

async function believesWithLink(stage: Stage): Promise<void> {
  const { director, real, daemon } = stage;
  const from = daemon.log.position;
  writeIll(director, 1);
  await pooled(director, FILED, []);
  writeIll(director, 0);
  await pooled(director, FILED, LAST);
  process.kill(real.pidOf(stage.server) ?? 0, "SIGKILL");
  await pooled(director, PROBED, []);
  await pooled(director, SCRIPTED, []);
  assert.ok(daemon.log.items.slice(from).every(({ text }) => !text.includes("Correlated failure")));
  stage.server = await startServer(real);
  await pooled(director, PROBED, LAST);
  await pooled(director, SCRIPTED, LAST);
}

async function panics({ director, daemon }: Stage): Promise<void> {
  await director.runOk(["rm", "/run/healthy-21"]);
  await pooled(director, PANICKY, [22, 23, 24]);
  await director.runOk(["rm", "/run/healthy-22"]);
  await daemon.logged(`Panic threshold of VS [${PANICKY}]:tcp:80: only 2 of 4 servers are up, so all of them serve`);
  await pooled(director, PANICKY, LAST);
  director.writeFile("/run/healthy-21", "");
  await daemon.logged(`Panic threshold of VS [${PANICKY}]:tcp:80: 3 of 4 servers are up, only those serve again`);
  await pooled(director, PANICKY, [21, 23, 24]);
}

const STEPS = {
  "without its link the director keeps its pools, probed, scripted or told by files": holdsWithoutLink,
  "with a sound network the pools are emptied as ever": believesWithLink,
  "panic_threshold counts what scripts say": panics,
};

const skip = daemonNames().includes("holdfast") ? false : "is about holdfast alone";
await test("correlated failures", { skip, timeout: 240_000 }, async (context) => {
  const network = await Network.build();
  try {
    const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
    const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`] });
    director.writeFile("/run/connects.sh", `#!/bin/bash\nexec 3<>/dev/tcp/${REAL}/8080\n`);
    await director.runOk(["chmod", "755", "/run/connects.sh"]);
    for (const last of LAST) director.writeFile(`/run/healthy-${last}`, "");
    writeIll(director, 0);
    const server = await startServer(real);
    const daemon = new Daemon(director, { name: "holdfast", config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
    const stage: Stage = { network, director, real, daemon, server };
    await pooled(director, PROBED, LAST);
    await daemon.logged("Misc check for [[192.168.1.24]:tcp:80", { timeoutMs: 30_000 });
    for (const [title, step] of Object.entries(STEPS)) {
      await context.test(title, () =>
        step(stage).catch((error: unknown) => {
          throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
        }),
      );
    }
    await daemon.terminate();
  } finally {
    await network.close();
  }
});
