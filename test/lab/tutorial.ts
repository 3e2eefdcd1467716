import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

export const VIP = "192.168.1.100";
export const REAL_SERVERS: readonly string[] = ["192.168.1.7", "192.168.1.8"];

const WEB_SERVER = join(ROOT, "dist/test/lab/programs/web-server.js");

export interface TutorialTiming {
  /** Seconds. */
  readonly delayLoop: number;
  readonly retries: number;
  readonly delayBeforeRetry: number;
}

/** As it stands in the tutorials, so that a dead server is noticed after up to 15 s. */
export const TUTORIAL_TIMING: TutorialTiming = { delayLoop: 6, retries: 3, delayBeforeRetry: 3 };
export const QUICK_TIMING: TutorialTiming = { delayLoop: 1, retries: 1, delayBeforeRetry: 1 };

function realServer(address: string, timing: TutorialTiming): string {
  return `
    real_server ${address} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
            nb_get_retry ${timing.retries}
            delay_before_retry ${timing.delayBeforeRetry}
            connect_port 80
        }
    }`;
}

/** keepalived's classic tutorial: an LVS-DR pair, words of old versions included. */
export function tutorialConfig(state: "MASTER" | "BACKUP", priority: number, timing: TutorialTiming): string {
  return `! Configuration File for keepalived

global_defs {
    router_id LVS_${state}
}

vrrp_instance VI_1 {
    state ${state}
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${VIP}
    }
}

virtual_server ${VIP} 80 {
    delay_loop ${timing.delayLoop}
    lb_algo rr
    lb_kind DR
    nat_mask 255.255.255.0
    protocol TCP
${REAL_SERVERS.map((address) => realServer(address, timing)).join("\n")}
}
`;
}

/** What the tutorial's vip.sh does. */
async function prepareByHand(machine: Machine): Promise<void> {
  const scopes = ["lo", "all"];
  const settings = scopes.flatMap((scope) => [
    [`net/ipv4/conf/${scope}/arp_ignore`, "1"],
    [`net/ipv4/conf/${scope}/arp_announce`, "2"],
  ]);
  await machine.sysctl(Object.fromEntries(settings));
  await machine.ip(`addr add ${VIP}/32 dev lo`);
}

/** Makes a machine a DR real server. */
export type PrepareRealServer = (machine: Machine) => Promise<void>;

/** The tutorial's machines: two directors, two real servers with a web server each, a client. */
export class Tutorial {
  readonly network: Network;
  readonly master: Machine;
  readonly backup: Machine;
  readonly realServers: readonly Machine[];
  readonly client: Machine;
  readonly #webServers = new Map<Machine, ChildProcess>();

  private constructor(network: Network, machines: readonly [Machine, Machine, Machine, Machine, Machine]) {
    this.network = network;
    [this.master, this.backup] = machines;
    this.realServers = [machines[2], machines[3]];
    this.client = machines[4];
  }

  static async build(prepareRealServer: PrepareRealServer = prepareByHand): Promise<Tutorial> {
    const network = await Network.build();
    try {
      const add = (name: string, address: string): Promise<Machine> =>
        network.addMachine({ name, addresses: [`${address}/24`] });
      const tutorial = new Tutorial(network, [
        await add("director1", "192.168.1.5"),
        await add("director2", "192.168.1.6"),
        await add("real1", REAL_SERVERS[0] ?? ""),
        await add("real2", REAL_SERVERS[1] ?? ""),
        await add("client", "192.168.1.20"),
      ]);
      await Promise.all(tutorial.realServers.map(prepareRealServer));
      await Promise.all(tutorial.realServers.map((machine) => tutorial.startWebServer(machine)));
      return tutorial;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  async startWebServer(machine: Machine): Promise<void> {
    const child = machine.spawn([process.execPath, WEB_SERVER, machine.name, "80"]);
    this.#webServers.set(machine, child);
    await linesOf(child.stdout, child.stderr).waitFor("the web server", (line) => line.text === "ready");
  }

  stopWebServer(machine: Machine): void {
    const child = this.#webServers.get(machine);
    const pid = child === undefined ? null : machine.pidOf(child);
    if (pid !== null) process.kill(pid, "SIGKILL");
  }

  /** One request of the client to the VIP, each over a connection of its own. @returns the answering server's name */
  async request(): Promise<string> {
    const [answer = ""] = await this.requests(1);
    return answer;
  }

  /** @returns the answering servers in order; `no answer` for each request that got none within two seconds */
  async requests(count: number): Promise<readonly string[]> {
    const one = `exec 3<>/dev/tcp/${VIP}/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3`;
    const script = `for i in $(seq ${count}); do timeout 2 bash -c "$1" 2>/dev/null || echo 'no answer'; done`;
    const output = await this.client.runOk(["bash", "-c", script, "bash", one]);
    return output.trim().split("\n");
  }

  close(): Promise<void> {
    return this.network.close();
  }
}
