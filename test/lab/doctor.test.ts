import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { CONFIG_PATH, Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

function config(vrid: number, vip: string): string {
  return `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id ${vrid}
  advert_int 1
  virtual_ipaddress {
    ${vip}
  }
}
`;
}

interface Found {
  readonly severity: string;
  readonly text: string;
  readonly fix: string;
}

async function doctor(machine: Machine, text: string): Promise<readonly Found[]> {
  await machine.runOk(["sh", "-c", `mkdir -p $(dirname ${CONFIG_PATH}) && cat > ${CONFIG_PATH}`], { input: text });
  const words = [process.execPath, join(ROOT, "bin", "holdfast"), "doctor", CONFIG_PATH, "--json"];
  const { stdout } = await machine.run(words);
  const findings = JSON.parse(stdout) as readonly Found[];
  return findings.filter(({ text: said }) => said.includes("VRID"));
}

/** Somebody with VRID 51 and an address of his own on the LAN. */
async function withStranger(name: DaemonName, body: (own: Machine) => Promise<void>): Promise<void> {
  const network = await Network.build();
  try {
    const other = await network.addMachine({ name: "other", addresses: ["192.168.1.6/24"] });
    const own = await network.addMachine({ name: "own", addresses: ["192.168.1.5/24"] });
    const stranger = new Daemon(other, { name, config: config(51, "192.168.1.200/24"), flags: VRRP_FLAGS });
    await stranger.logged("Entering MASTER STATE");
    await body(own);
  } finally {
    await network.close();
  }
}

describe("holdfast doctor", { skip: whyNoLab(), concurrency: 2 }, () => {
  for (const name of ["keepalived", "holdfast"] as const) {
    test(`hears that ${name} uses the VRID for other addresses; a peer is no stranger`, { timeout: 60_000 }, () =>
      withStranger(name, async (own) => {
        const [found, ...others] = await doctor(own, config(51, "192.168.1.100/24"));
        assert.equal(others.length, 0);
        assert.match(found?.text ?? "", /VI_1: 192\.168\.1\.6 uses VRID 51 on eth0/);
        const [, free] = /virtual_router_id (\d+)\//.exec(found?.fix ?? "") ?? [];
        assert.equal(free, "52");
        await own.runOk(["sh", "-c", found?.fix ?? "false"]);
        assert.match(await own.runOk(["cat", CONFIG_PATH]), /virtual_router_id 52\n/);
        assert.deepEqual(await doctor(own, config(52, "192.168.1.100/24")), []);
        assert.deepEqual(await doctor(own, config(51, "192.168.1.200/24")), []);
      }),
    );
  }

  test("beside a daemon that runs it tells what that has dropped", { timeout: 60_000 }, () =>
    withStranger("holdfast", async (own) => {
      const text = config(51, "192.168.1.100/24");
      const daemon = new Daemon(own, { name: "holdfast", config: text, flags: VRRP_FLAGS });
      await daemon.logged("Control socket at");
      const [found] = await doctor(own, text);
      assert.match(found?.text ?? "", /192\.168\.1\.6 uses VRID 51/);
      const quiet = await own.run([
        process.execPath,
        join(ROOT, "bin", "holdfast"),
        "doctor",
        CONFIG_PATH,
        "--listen",
        "0",
      ]);
      assert.match(quiet.stdout, /the daemon has dropped adverts: \d+ address-list/);
    }),
  );
});
