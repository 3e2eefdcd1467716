import { Capture } from "./capture.ts";
import { Machine } from "./machine.ts";
import { Sandbox } from "./sandbox.ts";

export interface MachineDescription {
  readonly name: string;
  /** With prefix length, for example `192.168.1.5/24`. */
  readonly addresses: readonly string[];
}

/** Snooping and forward delay off, else multicast adverts come late or not at all. */
const SWITCH = `
link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
link set br0 up
`;

function portOf(machine: Machine): string {
  return `p-${machine.name}`;
}

/** A switch with machines plugged in, in a sandbox of its own. */
export class Network {
  readonly sandbox: Sandbox;
  readonly #machines: Machine[] = [];
  readonly #captures: Capture[] = [];

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async build(): Promise<Network> {
    const sandbox = await Sandbox.open();
    const network = new Network(sandbox);
    // The switch itself shall say nothing.
    await sandbox.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"]);
    await sandbox.runOk(["ip", "-batch", "-"], { input: SWITCH });
    return network;
  }

  /** @param description name of at most 13 characters */
  async addMachine(description: MachineDescription): Promise<Machine> {
    const number = this.#machines.length + 1;
    const mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
    const machine = await Machine.start(this.sandbox, { ...description, mac });
    this.#machines.push(machine);
    await this.plugInAnew(machine);
    return machine;
  }

  /** Gives a machine that has none its eth0, with the addresses it is described with. */
  async plugInAnew(machine: Machine): Promise<void> {
    const port = portOf(machine);
    await this.#ip(
      `link add ${port} type veth peer name eth0 address ${machine.mac} netns ${machine.holder.innerPid}\nlink set ${port} master br0 up`,
    );
    const addresses = machine.addresses.map((address) => `addr add ${address} dev eth0`);
    await machine.ip([...addresses, "link set eth0 up"].join("\n"));
  }

  /** One more interface of a machine. Ports of one machine that are made so hear the others, but not each other. */
  async addPort(machine: Machine, name: string, address: string): Promise<void> {
    const port = `${portOf(machine)}-${name}`;
    await this.#ip(
      `link add ${port} type veth peer name ${name} netns ${machine.holder.innerPid}\nlink set ${port} master br0 up`,
    );
    for (const each of [portOf(machine), port]) {
      await this.sandbox.runOk(["bridge", "link", "set", "dev", each, "isolated", "on"]);
    }
    await machine.ip(`addr add ${address} dev ${name}\nlink set ${name} up`);
  }

  /** The machine sees its carrier go. */
  async unplug(machine: Machine): Promise<void> {
    await this.#ip(`link set ${portOf(machine)} down`);
  }

  async plugIn(machine: Machine): Promise<void> {
    await this.#ip(`link set ${portOf(machine)} up`);
  }

  /** Drops all frames between the two machines, which neither of them notices. */
  async cut(one: Machine, other: Machine): Promise<void> {
    const rules = [
      "table bridge cut { chain between { type filter hook forward priority 0; }; }",
      `add rule bridge cut between iifname ${portOf(one)} oifname ${portOf(other)} drop`,
      `add rule bridge cut between iifname ${portOf(other)} oifname ${portOf(one)} drop`,
    ];
    await this.sandbox.runOk(["nft", "-f", "-"], { input: rules.join("\n") });
  }

  /** Drops all frames from one machine to the other, but not those that come back. */
  async cutFrom(one: Machine, other: Machine): Promise<void> {
    const rules = [
      "table bridge cut { chain between { type filter hook forward priority 0; }; }",
      `add rule bridge cut between iifname ${portOf(one)} oifname ${portOf(other)} drop`,
    ];
    await this.sandbox.runOk(["nft", "-f", "-"], { input: rules.join("\n") });
  }

  /** Undoes all cuts. */
  async heal(): Promise<void> {
    await this.sandbox.runOk(["nft", "delete", "table", "bridge", "cut"]);
  }

  /** Everything VRRP and ARP that crosses the switch, from now on. */
  async capture(): Promise<Capture> {
    const capture = await Capture.start(this.sandbox, "br0");
    this.#captures.push(capture);
    return capture;
  }

  /** What passes an interface of a machine, from now on. @param filter of pcap */
  async captureIn(machine: Machine, interfaceName: string, filter: string): Promise<Capture> {
    const capture = await Capture.start(machine, interfaceName, filter);
    this.#captures.push(capture);
    return capture;
  }

  async close(): Promise<void> {
    for (const capture of this.#captures) await capture.close();
    await Promise.all(this.#machines.map((machine) => machine.close()));
    await this.sandbox.close();
  }

  async #ip(commands: string): Promise<void> {
    await this.sandbox.runOk(["ip", "-batch", "-"], { input: commands });
  }
}
