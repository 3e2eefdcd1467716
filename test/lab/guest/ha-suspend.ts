import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const WEB_SERVER = join(ROOT, "dist/test/lab/programs/web-server.js");
const VIP = "192.168.1.100";
const SERVER = "192.168.1.7";

const CONFIG = `virtual_server ${VIP} 80 {
  delay_loop 1
  lb_algo rr
  lb_kind DR
  protocol TCP
  ha_suspend
  real_server ${SERVER} 80 {
    TCP_CHECK {
      connect_ip 192.168.1.1
      connect_port 8080
      connect_timeout 1
      retry 1
      delay_before_retry 1
      warmup 0
    }
  }
}
`;

async function startServer(machine: Machine): Promise<ChildProcess> {
  const server = machine.spawn([process.execPath, WEB_SERVER, "real", "8080"]);
  await linesOf(server.stdout, server.stderr).waitFor("the server", (line) => line.text === "ready");
  return server;
}

async function pooled(machine: Machine, expected: string): Promise<void> {
  await waitUntil(`the pool "${expected}"`, () => (poolOf(machine, VIP, 80)?.join(" ") === expected ? true : null));
}

/** Nothing but time shows that checkers rest: three delay loops of it. */
async function restsFor(machine: Machine, expected: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await pooled(machine, expected);
}

async function story(machine: Machine, daemon: Daemon): Promise<void> {
  // Nobody answers, but nobody asks either.
  await daemon.logged("Deactivating healthchecker");
  await restsFor(machine, SERVER);
  await machine.ip(`addr add ${VIP}/24 dev eth0`);
  await pooled(machine, "");
  await machine.ip(`addr del ${VIP}/24 dev eth0`);
  await daemon.logged("Suspending healthchecker");
  const server = await startServer(machine);
  await restsFor(machine, "");
  // On any interface.
  await machine.ip(`addr add ${VIP}/32 dev lo`);
  await pooled(machine, SERVER);
  // From one interface to the other it is held all the time.
  await machine.ip(`addr add ${VIP}/24 dev eth0`);
  await machine.ip(`addr del ${VIP}/32 dev lo`);
  process.kill(machine.pidOf(server) ?? 0, "SIGKILL");
  await pooled(machine, "");
}

async function saidBy(machine: Machine, name: DaemonName): Promise<readonly string[]> {
  const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  try {
    await story(machine, daemon);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  }
  await daemon.terminate();
  const lines = daemon.text.split("\n").map((line) => line.replace(/^.*? \d{4}: /, ""));
  return lines.filter((line) => /\[192\.168\.1\.7\]/.test(line) && !line.startsWith("Shutting down"));
}

for (const name of daemonNames()) {
  await test(`ha_suspend: checkers rest while the address is elsewhere (${name})`, { timeout: 90_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      const service = `service [${SERVER}]:tcp:80`;
      const server = `VS [${VIP}]:tcp:80`;
      const checker = (step: string): string => `${step} healthchecker for ${service} for ${server}`;
      assert.deepEqual(await saidBy(machine, name), [
        checker("Deactivating"),
        checker("Activating"),
        `TCP_CHECK on ${service} failed.`,
        `Removing ${service} from ${server}`,
        checker("Suspending"),
        checker("Activating"),
        `TCP connection to [${SERVER}]:tcp:80 success.`,
        `Adding ${service} to ${server}`,
        `TCP_CHECK on ${service} failed after 1 retries.`,
        `Removing ${service} from ${server}`,
      ]);
    } finally {
      await network.close();
    }
  });
}
