import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, CONFIG_PATH, Daemon } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { QUICK_TIMING, REAL_SERVERS, Tutorial, tutorialConfig, VIP } from "../tutorial.ts";

const CONFIG = tutorialConfig("MASTER", 100, QUICK_TIMING);
/** Opens a connection, asks only when told to, and tells what the server answers. */
const HOLD = `exec 3<>/dev/tcp/${VIP}/80 && echo open && while [ ! -e /tmp/go ]; do sleep 0.2; done
printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3`;
/** One interval of five seconds, and what a busy guest needs on top. */
const REPAIR_MS = 12_000;

function director(machine: Machine): Daemon {
  return new Daemon(machine, { name: "holdfast", config: CONFIG, flags: ALL_FLAGS });
}

async function waitForPool(machine: Machine, timeoutMs = 30_000): Promise<void> {
  const isThere = (): true | null => (poolOf(machine, VIP, 80)?.join() === REAL_SERVERS.join() ? true : null);
  await waitUntil("both real servers in the pool", isThere, { timeoutMs });
}

describe("restart and repair", () => {
  let tutorial: Tutorial;
  let daemon: Daemon;
  before(async () => {
    tutorial = await Tutorial.build();
    const watch = await tutorial.master.watchAddresses();
    daemon = director(tutorial.master);
    await watch.gained(VIP);
    await waitForPool(tutorial.master);
  });
  after(() => tutorial.close());

  test("kill -9 and a restart drop no connection and reset no counter", { timeout: 90_000 }, async () => {
    const holder = tutorial.client.spawn(["bash", "-c", HOLD]);
    const lines = linesOf(holder.stdout, holder.stderr);
    await lines.waitFor("an open connection", ({ text }) => text === "open");
    daemon.crash();
    await daemon.ended;
    assert.deepEqual(poolOf(tutorial.master, VIP, 80), REAL_SERVERS);
    daemon = director(tutorial.master);
    await daemon.logged("Startup complete");
    await waitForPool(tutorial.master);
    tutorial.client.writeFile("/tmp/go", "");
    const answer = await lines.waitFor("an answer", ({ text }) => /^real[12]$/.test(text));
    assert.match(answer.text, /^real[12]$/);
    const stats = await tutorial.master.runOk(["ipvsadm", "-Ln", "--stats", "--exact", "-t", `${VIP}:80`]);
    assert.ok(Number(/^TCP +\S+ +(\d+)/m.exec(stats)?.[1]) >= 1, stats);
  });

  test("a table that somebody clears or changes is put right within an interval", { timeout: 90_000 }, async () => {
    await tutorial.master.runOk(["ipvsadm", "-C"]);
    await waitForPool(tutorial.master, REPAIR_MS);
    await tutorial.master.runOk(["ipvsadm", "-d", "-t", `${VIP}:80`, "-r", `${REAL_SERVERS[0]}:80`]);
    await tutorial.master.runOk(["ipvsadm", "-E", "-t", `${VIP}:80`, "-s", "lc"]);
    await waitForPool(tutorial.master, REPAIR_MS);
    await daemon.logged("IPVS table was changed by another program, restoring it (3 commands)");
    assert.match(tutorial.master.readNetFile("ip_vs"), /^TCP .* rr /m);
  });

  test("stop removes what is ours, also after a restart", { timeout: 60_000 }, async () => {
    await tutorial.master.runOk(["ipvsadm", "-A", "-t", "192.168.1.200:80", "-s", "wlc"]);
    assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
    assert.equal(await tutorial.master.runOk(["ipvsadm", "-Sn"]), "-A -t 192.168.1.200:80 -s wlc\n");
  });

  test("cleanup removes the services of a killed daemon and leaves a stranger's", { timeout: 90_000 }, async () => {
    daemon = director(tutorial.master);
    await daemon.logged("Startup complete");
    await waitForPool(tutorial.master);
    daemon.crash();
    await daemon.ended;
    const words = [join(ROOT, "bin", "holdfast"), "cleanup", "--", "-f", CONFIG_PATH];
    const said = await tutorial.master.runOk(words, { timeoutMs: 60_000 });
    assert.match(said, new RegExp(`^removed IPVS service tcp ${VIP} 80$`, "m"));
    assert.equal(await tutorial.master.runOk(["ipvsadm", "-Sn"]), "-A -t 192.168.1.200:80 -s wlc\n");
  });
});
