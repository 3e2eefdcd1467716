import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { ipvsTable } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const SCRIPT = "/run/check";
const STATUS = "/run/status";
const VALUE = "/run/value";

const CONFIG = `global_defs {
  script_user root
  enable_script_security
}
track_file load {
  file ${VALUE}
}
virtual_server 192.168.1.100 80 {
  delay_loop 1
  lb_algo wrr
  lb_kind DR
  protocol TCP
  real_server 192.168.1.7 80 {
    weight 10
    MISC_CHECK {
      misc_path "${SCRIPT} word"
      misc_dynamic
      misc_timeout 1
      retry 2
      delay_before_retry 1
      warmup 0
      log_all_failures
    }
  }
  real_server 192.168.1.8 80 {
    weight 10
    MISC_CHECK {
      misc_path ${SCRIPT}
      warmup 0
    }
  }
  real_server 192.168.1.9 80 {
    weight 10
    FILE_CHECK {
      track_file load
      weight 2
    }
  }
  real_server 192.168.1.10 80 {
    FILE_CHECK {
      track_file load
      weight 0
    }
  }
}
`;

/** `192.168.1.7=10` of each real server that is there. */
function weights(machine: Machine): string {
  return ipvsTable(machine)
    .flatMap(({ destinations }) =>
      destinations.map(({ address, weight }) => `${address.replace("192.168.1.", "")}=${weight}`),
    )
    .sort()
    .join(" ");
}

/** What scripts report and files say, and the pool that follows. */
const STEPS: readonly (readonly [string, string])[] = [
  [`echo exit 0 > ${STATUS}`, "10=1 7=10 8=10 9=10"],
  [`echo exit 5 > ${STATUS}`, "10=1 7=3 9=10"],
  [`echo exit 1 > ${STATUS}`, "10=1 9=10"],
  [`echo exit 0 > ${STATUS}`, "10=1 7=10 8=10 9=10"],
  [`echo 'kill -9 $$' > ${STATUS}`, "10=1 9=10"],
  [`echo exit 0 > ${STATUS}`, "10=1 7=10 8=10 9=10"],
  [`echo 'sleep 9' > ${STATUS}`, "10=1 9=10"],
  [`echo exit 0 > ${STATUS}`, "10=1 7=10 8=10 9=10"],
  [`echo 3 > ${VALUE}`, "7=10 8=10 9=16"],
  [`echo -9 > ${VALUE}`, "7=10 8=10 9=0"],
  [`echo 0 > ${VALUE}`, "10=1 7=10 8=10 9=10"],
];

/** What is said of each server until the stop, in order. */
const SAID: Readonly<Record<string, readonly string[]>> = {
  7: [
    "good",
    "Changing weight from 10 to 3 for active",
    "failed, will do 2 retries (exited with status 1).",
    "failed on retry 1/2 (exited with status 1).",
    "failed after 2 retries (exited with status 1).",
    "Removing",
    "good",
    "Adding",
    "failed, will do 2 retries (due to signal 9).",
    "failed on retry 1/2 (due to signal 9).",
    "failed after 2 retries (due to signal 9).",
    "Removing",
    "good",
    "Adding",
    "timed out, will do 2 retries.",
    "timed out on retry 1/2.",
    "timed out after 2 retries.",
    "Removing",
    "good",
    "Adding",
  ],
  8: [
    "good",
    "failed with retry disabled (exited with status 5).",
    "Removing",
    "good",
    "Adding",
    "failed with retry disabled (due to signal 9).",
    "Removing",
    "good",
    "Adding",
    "timed out with retry disabled.",
    "Removing",
    "good",
    "Adding",
  ],
  9: [
    "Changing weight from 10 to 16 for active",
    "Changing weight from 16 to 0 for active",
    "Changing weight from 0 to 10 for active",
  ],
  10: ["load now FAULT state", "Removing", "load leaving FAULT state", "Adding"],
};

/** One line of `SAID` as it is logged. */
function logged(host: string, said: string): string {
  const server = `[192.168.1.${host}]:tcp:80`;
  const service = "VS [192.168.1.100]:tcp:80";
  const misc = `Misc check for [${server} ${service}] by [${SCRIPT}]`;
  if (said === "good") return `${misc} succeeded.`;
  if (/^(failed|timed)/.test(said)) return `${misc} ${said}`;
  if (said.startsWith("load")) return `(${server}): tracked file ${said}`;
  if (said.startsWith("Changing")) return `${said} service ${server} of ${service}`;
  return `${said} service ${server} ${said === "Adding" ? "to" : "from"} ${service}`;
}

async function logBy(machine: Machine, name: DaemonName): Promise<readonly string[]> {
  const shell = (script: string): Promise<string> => machine.runOk(["sh", "-c", script]);
  await shell(
    `printf '#!/bin/sh\\n. ${STATUS}\\n' > ${SCRIPT}; chmod 755 ${SCRIPT}; echo exit 0 > ${STATUS}; echo 0 > ${VALUE}`,
  );
  const daemon = new Daemon(machine, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  try {
    await daemon.logged("Misc check for [[192.168.1.8]");
    for (const [script, expected] of STEPS) {
      await shell(script);
      await waitUntil(`the pool ${expected} after ${script}`, () => (weights(machine) === expected ? true : null));
    }
    await daemon.terminate();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; ${weights(machine)}\n${daemon.text}`, {
      cause: error,
    });
  }
  return daemon.text.split("\n");
}

for (const name of daemonNames()) {
  await test(`MISC_CHECK and FILE_CHECK set weights and take servers out and in (${name})`, {
    timeout: 120_000,
  }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      const lines = await logBy(machine, name);
      for (const [host, expected] of Object.entries(SAID)) {
        const own = lines.filter((line) => line.includes(`[192.168.1.${host}]`) && !/Activating|Shutting/.test(line));
        assert.deepEqual(
          own.map((line) => line.replace(/^.*? \d{4}: /, "")),
          expected.map((said) => logged(host, said)),
        );
      }
    } finally {
      await network.close();
    }
  });
}
