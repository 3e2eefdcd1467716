import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon } from "../daemon.ts";
import { ipvsTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { Network } from "../network.ts";
import { Tutorial, VIP } from "../tutorial.ts";

/** Runtime overrides against a real table and a real connection. */

const [A, B] = ["192.168.1.7", "192.168.1.8"];
const SOCKET = "/run/lab/own/control.sock";
const HOLDFAST = join(ROOT, "bin", "holdfast");
const CONFIG = `global_defs {
  control_socket ${SOCKET}
}
virtual_server ${VIP} 80 {
  delay_loop 1
  lb_algo wrr
  lb_kind DR
  protocol TCP
  real_server ${A} 80 {
    weight 10
    TCP_CHECK {
      warmup 0
    }
  }
  real_server ${B} 80 {
    weight 10
    TCP_CHECK {
      warmup 0
    }
  }
}
`;

function weights(machine: Machine): string {
  return ipvsTable(machine)
    .flatMap(({ destinations }) => destinations.map(({ address, weight }) => `${address.split(".")[3]}=${weight}`))
    .sort()
    .join(" ");
}

async function settled(machine: Machine, expected: string): Promise<void> {
  await waitUntil(`the pool ${expected}`, () => (weights(machine) === expected ? true : null));
}

function rs(machine: Machine, ...words: readonly string[]): Promise<string> {
  return machine.runOk([process.execPath, HOLDFAST, "rs", ...words, "--socket", SOCKET]);
}

/** A scrape tells of the server that stayed what ipvsadm does. */
async function sameCounts(machine: Machine): Promise<void> {
  const source = `require("node:http").get({ socketPath: "${SOCKET}", path: "/metrics" }, (got) => got.pipe(process.stdout))`;
  const metrics = await machine.runOk([process.execPath, "-e", source]);
  const series = (name: string): string | undefined =>
    metrics
      .split("\n")
      .find((line) => line.startsWith(`holdfast_real_server_${name}{`) && line.includes(`"[${B}]:tcp:80"`))
      ?.split(" ")
      .at(-1);
  const listed = await machine.runOk(["ipvsadm", "-Ln", "--stats", "--exact"]);
  const [, connections = "", packets, , bytes] =
    new RegExp(`-> ${B}:80 +(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+)`).exec(listed) ?? [];
  assert.ok(Number(connections) > 0, listed);
  assert.deepEqual(
    [series("connections_total"), series("packets_total"), series("bytes_total")],
    [connections, packets, bytes],
    metrics + listed,
  );
}

/** A connection through the VIP that stays until it is closed. */
async function connection(client: Machine): Promise<{ close(): void }> {
  const source = `require("node:net").connect(80, "${VIP}", () => console.log("connected"))`;
  const child = client.spawn([process.execPath, "-e", source]);
  await linesOf(child.stdout, child.stderr).waitFor("a connection", (line) => line.text === "connected");
  return {
    close: () => {
      const pid = client.pidOf(child);
      if (pid !== null) process.kill(pid, "SIGKILL");
    },
  };
}

await test("overrides are in the kernel's table, survive reload and kill -9, and a drain waits for connections", {
  timeout: 120_000,
}, async () => {
  const tutorial = await Tutorial.build();
  const { master, client } = tutorial;
  const start = (): Daemon => new Daemon(master, { name: "holdfast", config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  try {
    await master.ip(`addr add ${VIP}/32 dev eth0`);
    await master.runOk(["mount", "-t", "tmpfs", "state", "/var/lib"]);
    let daemon = start();
    await daemon.logged("Control socket at");
    await settled(master, "7=10 8=10");

    await rs(master, "weight", A, "3", "--reason", "half a machine");
    await rs(master, "disable", `${B}:80`);
    await settled(master, "7=3");
    daemon.reload(CONFIG.replace("weight 10", "weight 20"));
    await daemon.logged("Reload complete");
    assert.equal(weights(master), "7=3");
    assert.match(await rs(master, "list"), /half a machine/);

    daemon.crash();
    await daemon.ended;
    daemon = start();
    await daemon.logged("Control socket at");
    assert.equal(weights(master), "7=3");
    await rs(master, "enable", A);
    await rs(master, "enable", B);
    await settled(master, "7=10 8=10");

    await rs(master, "weight", B, "0");
    const held = await connection(client);
    await rs(master, "enable", B);
    await rs(master, "drain", A, "--deadline", "1h");
    await settled(master, "7=0 8=10");
    const drained = (): true | null => (weights(master) === "8=10" ? true : null);
    await assert.rejects(waitUntil("a drain that does not wait", drained, { timeoutMs: 3000 }));
    daemon.crash();
    await daemon.ended;
    daemon = start();
    // Longer than the first checks take: the server that is drained never leaves the table.
    await assert.rejects(waitUntil("a restart that forgets the connection", drained, { timeoutMs: 8000 }));
    assert.match(daemon.text, /Control socket at/);
    held.close();
    await tutorial.requests(2);
    await rs(master, "drain", A, "--deadline", "1s");
    await settled(master, "8=10");
    await sameCounts(master);
    assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
  } finally {
    await tutorial.network.close();
  }
});

const EXPIRY = / until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: half a machine/;

await test("an override tells owner, reason and expiry over a restart, and is taken back when its time has come", {
  timeout: 120_000,
}, async () => {
  const network = await Network.build();
  try {
    const master = await network.addMachine({ name: "director", addresses: ["192.168.1.5/24"] });
    await network.addMachine({ name: "real", addresses: [`${A}/24`, `${B}/24`] });
    await master.runOk(["mount", "-t", "tmpfs", "state", "/var/lib"]);
    // Without checks: the table is the configuration's, and what is told by hand.
    const config = CONFIG.replaceAll(/ +TCP_CHECK \{\n.*\n +\}\n/g, "");
    const start = async (): Promise<Daemon> => {
      const daemon = new Daemon(master, { name: "holdfast", config, flags: [...ALL_FLAGS, "-C"] });
      await daemon.logged("Control socket at");
      return daemon;
    };
    let daemon = await start();
    await settled(master, "7=10 8=10");
    await rs(master, "weight", A, "3", "-m", "half a machine", "--for", "1h");
    await rs(master, "drain", B, "--deadline", "1h");
    await settled(master, "7=3");
    daemon.crash();
    await daemon.ended;
    daemon = await start();
    await settled(master, "7=3");
    const listed = await rs(master, "list");
    assert.match(listed, EXPIRY);
    assert.match(listed, /weight by \S+/);
    assert.match(listed, /drain by \S+/);
    await rs(master, "enable", B);
    await rs(master, "weight", A, "4", "--for", "3s");
    await settled(master, "7=4 8=10");
    await settled(master, "7=10 8=10");
    assert.match(daemon.text, /expired|taken back/i);
    // Its time comes while nobody runs.
    await rs(master, "disable", B, "--for", "2s");
    await settled(master, "7=10");
    daemon.crash();
    await daemon.ended;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    daemon = await start();
    await settled(master, "7=10 8=10");
    assert.doesNotMatch(await rs(master, "list"), /disable/);
    await daemon.terminate();
  } finally {
    await network.close();
  }
});
