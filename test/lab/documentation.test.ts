import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { examplesOf } from "../helpers/examples.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, VRRP_FLAGS } from "./daemon.ts";
import { Network } from "./network.ts";

/** The one of getting-started.md. */
const CONFIG = `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  virtual_ipaddress {
    192.168.1.100/24
  }
}
`;

const VIRTUAL_SERVER = `virtual_server 192.168.1.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 192.168.1.11 80 {
    weight 1
  }
}
`;

interface Setting {
  readonly config: string;
  readonly flags: readonly string[];
}

const VRRP: Setting = { config: CONFIG, flags: VRRP_FLAGS };
/** Some of the commands find a daemon that leaves its addresses at the end, some one that balances load. */
const PAGES: Readonly<Record<string, Setting>> = {
  "getting-started.md": VRRP,
  "operations.md": { ...VRRP, flags: [...VRRP_FLAGS, "-V"] },
  "api.md": { config: `${CONFIG}${VIRTUAL_SERVER}`, flags: ALL_FLAGS },
  "load-balancing.md": { config: `${CONFIG}${VIRTUAL_SERVER}`, flags: ALL_FLAGS },
  "metrics.md": VRRP,
};

/** Runs the commands of a page in order; what follows a command has to be somewhere in its output. */
async function follow(page: string, { config, flags }: Setting): Promise<void> {
  const examples = examplesOf(page, "console lab");
  assert.ok(examples.length > 0);
  const env = { ...process.env, PATH: `${join(ROOT, "bin")}${delimiter}${process.env["PATH"]}` };
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const daemon = new Daemon(machine, { name: "holdfast", config, flags, env: { HOLDFAST_IPVS: "memory" } });
    await daemon.logged("(VI_1) Entering MASTER STATE");
    await daemon.logged("Control socket at");
    for (const { command, output } of examples) {
      const result = await machine.run(["bash", "-c", command], { env });
      const said = `${command}\n${result.stdout}${result.stderr}\n${daemon.text}`;
      assert.equal(result.status, 0, said);
      for (const line of output.split("\n").filter((text) => text !== ""))
        assert.ok(result.stdout.includes(line), `no "${line}": ${said}`);
    }
  } finally {
    await network.close();
  }
}

describe("commands of the pages, on a machine of the lab", { skip: whyNoLab() }, () => {
  for (const [page, setting] of Object.entries(PAGES)) test(page, () => follow(page, setting));
});
