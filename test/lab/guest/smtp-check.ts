import assert from "node:assert/strict";
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

const SERVER = join(ROOT, "dist/test/lab/programs/smtp-server.js");
const MANNERS = "/run/manners";
const GOOD = "220 hi|250 ok|221 bye";

const CHECK = `SMTP_CHECK {
      helo_name lab.example
      connect_ip 192.168.1.1
      connect_port 2525
      connect_timeout 1
      retry 1
      delay_before_retry 1
      delay_loop 1
      warmup 0`;

/** The second server's check tells of all failures. */
const CONFIG = `virtual_server 192.168.1.100 25 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 192.168.1.7 25 {
    ${CHECK}
    }
  }
  real_server 192.168.1.8 25 {
    ${CHECK}
      log_all_failures
    }
  }
}
`;

/** How the server behaves, and what is said of it. */
const STEPS: readonly (readonly [string, string])[] = [
  ["554 go away|250 ok|221 bye", "Bad greeting banner from server"],
  ["220-hi~220 ho|250 ok|221 bye", "Bad greeting banner from server"],
  ["220 hi|502 no|221 bye", "Bad HELO response from server"],
  ["220 hi|250-a~250 b|221 bye", "Bad HELO response from server"],
  ["-|250 ok|221 bye", "Read timeout from server"],
  ["220 hi|250 ok|-", "Read timeout from server"],
  ["220 hi|.|221 bye", "Read failure from server"],
];

async function saidBy(machine: Machine, name: DaemonName): Promise<readonly string[]> {
  machine.writeFile(MANNERS, GOOD);
  const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  const pooled = async (expected: string): Promise<void> => {
    await waitUntil(`the pool ${expected}`, () =>
      poolOf(machine, "192.168.1.100", 25)?.join(" ") === expected ? true : null,
    );
  };
  try {
    await daemon.logged("Remote SMTP server [192.168.1.8]");
    for (const [manners] of STEPS) {
      machine.writeFile(MANNERS, manners);
      await pooled("");
      machine.writeFile(MANNERS, GOOD);
      await pooled("192.168.1.7 192.168.1.8");
    }
    await daemon.terminate();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  }
  return daemon.text.split("\n").map((line) => line.replace(/^.*? \d{4}: /, ""));
}

for (const name of daemonNames()) {
  await test(`SMTP_CHECK takes servers out and in, with keepalived's words (${name})`, {
    timeout: 120_000,
  }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      machine.writeFile(MANNERS, GOOD);
      const server = machine.spawn([process.execPath, SERVER, MANNERS, "2525"]);
      await linesOf(server.stdout, server.stderr).waitFor("the server", (line) => line.text === "ready");
      const lines = await saidBy(machine, name);
      for (const host of ["7", "8"]) {
        const own = `[192.168.1.${host}]:tcp:25`;
        const good = `Remote SMTP server ${own} succeed on service.`;
        const expected = [good, ...STEPS.flatMap(() => [`Removing ${own}`, good, `Adding ${own}`])];
        const said = lines
          .filter((line) => line.includes(own) && !/Activating|Shutting/.test(line))
          .map((line) => line.replace(/^(Adding|Removing) service (\S+) .*/, "$1 $2"));
        assert.deepEqual(said, expected);
      }
      const failures = lines.filter((line) => line.startsWith("SMTP_CHECK "));
      // Both tell of the verdict, one of them of the failure before it too.
      const expected = STEPS.flatMap(([, words]) => Array(3).fill(`SMTP_CHECK ${words} [192.168.1.1]:2525`));
      assert.deepEqual(failures, expected);
    } finally {
      await network.close();
    }
  });
}
