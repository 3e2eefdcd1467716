import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

/** What a daemon has made of the kernel's tables, as `ip` and `nft` print it, without what differs from run to run. */
export interface KernelState {
  readonly addresses: readonly string[];
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly firewall: readonly string[];
  readonly sysctls: readonly string[];
}

const SYSCTLS = "arp_ignore arp_filter accept_local rp_filter promote_secondaries".split(" ");

async function lines(machine: Machine, words: string): Promise<readonly string[]> {
  const text = await machine.runOk(words.split(" "));
  const joined = text.replaceAll("\\", " ").split("\n");
  return joined.map((line) => line.replaceAll(/\s+/g, " ").trim()).filter((line) => line !== "");
}

/** Numbers of interfaces, queue settings, the address protocol and the order of creation are left out. */
function plain(line: string): string {
  return line
    .replace(/^\d+: /, "")
    .replaceAll(/\b(proto (0x12|keepalived) )(?=(valid_lft|$))/g, "")
    .replaceAll(
      / (valid_lft|linkmode|qlen|numtxqueues|numrxqueues|gso_\S+|gro_\S+|tso_\S+|bcqueuelen\S*|usedbcqueuelen) \S+/g,
      "",
    )
    .replaceAll(/@if\d+|link-netnsid \d+|link-netns \S+/g, "")
    .replaceAll(/ brd ff:ff:ff:ff:ff:ff| addrgenmode \S+| allmulti \d+/g, "");
}

export async function kernelState(machine: Machine): Promise<KernelState> {
  const sysctlText = await machine.runOk([
    "sh",
    "-c",
    `cd /proc/sys/net/ipv4/conf && grep . ${SYSCTLS.map((name) => `*/${name}`).join(" ")}`,
  ]);
  const routes = [
    ...(await lines(machine, "ip -4 -o -d route show table all")),
    ...(await lines(machine, "ip -6 -o -d route show table all")),
  ];
  const own = (line: string): boolean => /proto (keepalived|0x12|18|static)/.test(line);
  return {
    addresses: (await lines(machine, "ip -o -d addr show")).map(plain).sort(),
    links: (await lines(machine, "ip -o -d link show")).map(plain).sort(),
    routes: routes
      .filter(own)
      .map((line) => line.replaceAll(/ (pref medium|expires \S+)/g, ""))
      .sort(),
    rules: [...(await lines(machine, "ip -4 -d rule show")), ...(await lines(machine, "ip -6 -d rule show"))],
    firewall: await lines(machine, "nft -s list ruleset"),
    sysctls: sysctlText.trim().split("\n").sort(),
  };
}

export interface Observation {
  readonly before: KernelState;
  readonly master: KernelState;
  readonly after: KernelState;
  readonly log: string;
}

/** Runs one daemon alone on a machine, and looks before it starts, while it is master, and after it has stopped. */
export async function observe(
  name: DaemonName,
  config: string,
  options: {
    readonly vip: string;
    readonly setup?: string;
    /** Waits until every instance of the configuration has taken over. */
    readonly settles?: boolean;
    readonly whileMaster?: (machine: Machine, daemon: Daemon) => Promise<void>;
  },
): Promise<Observation> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    if (options.setup !== undefined) await machine.ip(options.setup);
    const watch = await machine.watchAddresses();
    const before = await kernelState(machine);
    const daemon = new Daemon(machine, { name, config });
    try {
      await watch.gained(options.vip);
      await daemon.logged("gratuitous ARP").catch(() => daemon.logged("unsolicited Neighbour"));
      if (options.settles === true) {
        const names = [...config.matchAll(/vrrp_instance (\S+)/g)].map(([, instance]) => instance ?? "");
        for (const instance of names) await daemon.logged(`(${instance}) Entering MASTER STATE`);
        await daemon.logged(names.includes("VI_6") ? "unsolicited Neighbour Advert on" : "gratuitous ARP on");
      }
      const master = await kernelState(machine);
      await options.whileMaster?.(machine, daemon);
      await daemon.terminate();
      return { before, master, after: await kernelState(machine), log: daemon.text };
    } catch (error) {
      throw new Error(`${name} said:\n${daemon.text}`, { cause: error });
    } finally {
      daemon.signal("SIGKILL");
      await daemon.ended;
    }
  } finally {
    await network.close();
  }
}
