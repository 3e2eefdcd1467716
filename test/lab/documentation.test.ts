import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { blocksOf, examplesOf } from "../helpers/examples.ts";
import { linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { BUS_ENVIRONMENT, startBus, whyNoBus } from "./bus.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, VRRP_FLAGS } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { whyNoSnmp } from "./snmp-master.ts";

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
  readonly env?: Readonly<Record<string, string>>;
  /** What else runs on the machine, before the daemon does. */
  readonly prepare?: (machine: Machine) => Promise<void>;
  /** What the daemon says once the commands can be given. */
  readonly isReady?: string;
  readonly skip?: string | false;
}

function withGlobals(words: string): string {
  return `global_defs {\n  ${words}\n}\n${CONFIG}`;
}

/** With the page's own file. */
async function startSnmpMaster(machine: Machine): Promise<void> {
  const [file = ""] = blocksOf("snmp.md", "snmpd.conf");
  machine.writeFile("/run/lab/snmpd.conf", file);
  // It asks for the names of who asks; no name server is there to be waited for.
  await machine.runOk(["mount", "--bind", "/dev/null", "/etc/resolv.conf"]);
  machine.spawn(["snmpd", "-f", "-C", "-c", "/run/lab/snmpd.conf", "-Lf", "/dev/null"]);
}

async function listenOnPort22(machine: Machine): Promise<void> {
  const program = "require('node:net').createServer((one) => one.destroy()).listen(22, () => console.log('ready'))";
  const server = machine.spawn([process.execPath, "-e", program]);
  await linesOf(server.stdout, server.stderr).waitFor("the server", ({ text }) => text === "ready");
}

const VRRP: Setting = { config: CONFIG, flags: VRRP_FLAGS };
/** Some of the commands find a daemon that leaves its addresses at the end, some one that balances load. */
const PAGES: Readonly<Record<string, Setting>> = {
  "getting-started.md": VRRP,
  "operations.md": { ...VRRP, flags: [...VRRP_FLAGS, "-V"] },
  "api.md": { config: `${CONFIG}${VIRTUAL_SERVER}`, flags: ALL_FLAGS },
  "load-balancing.md": { config: `${CONFIG}${VIRTUAL_SERVER}`, flags: ALL_FLAGS },
  "metrics.md": VRRP,
  "dbus.md": {
    ...VRRP,
    config: withGlobals("enable_dbus"),
    env: BUS_ENVIRONMENT,
    prepare: startBus,
    isReady: "Acquired the name",
    skip: whyNoBus(),
  },
  "snmp.md": {
    ...VRRP,
    config: withGlobals("enable_snmp_vrrp\n  snmp_socket tcp:127.0.0.1:705"),
    prepare: startSnmpMaster,
    isReady: "AgentX subagent connected",
    skip: whyNoSnmp(),
  },
  "library.md": { ...VRRP, prepare: listenOnPort22 },
};

/** Runs the commands of a page in order; what follows a command has to be somewhere in its output. */
async function follow(page: string, setting: Setting): Promise<void> {
  const { config, flags, isReady = "Control socket at" } = setting;
  const examples = examplesOf(page, "console lab");
  assert.ok(examples.length > 0);
  const own = setting.env ?? {};
  const env = { ...process.env, ...own, PATH: `${join(ROOT, "bin")}${delimiter}${process.env["PATH"]}` };
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await setting.prepare?.(machine);
    const daemon = new Daemon(machine, { name: "holdfast", config, flags, env: { ...own, HOLDFAST_IPVS: "memory" } });
    await daemon.logged("(VI_1) Entering MASTER STATE");
    await daemon.logged("Control socket at");
    await daemon.logged(isReady, { timeoutMs: 30_000 });
    for (const { command, output } of examples) {
      const result = await machine.run(["bash", "-c", `cd ${ROOT}\n${command}`], { env });
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
  for (const [page, setting] of Object.entries(PAGES))
    test(page, { skip: setting.skip ?? false }, () => follow(page, setting));
});
