import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { childrenOf, type Finished, type RunOptions, run, runOk } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { AddressWatch, type WatchOptions } from "./address-watch.ts";
import { NamespaceHolder, type Sandbox } from "./sandbox.ts";

export interface MachineOptions {
  readonly name: string;
  /** With prefix length, on eth0. */
  readonly addresses: readonly string[];
  readonly mac: string;
}

/**
 * The repository may lie below a folder that gets a tmpfs, so it is kept aside meanwhile. /sys is mounted anew because
 * it shows the interfaces of the namespace in which it was mounted. What daemons keep in /var/lib stays in the machine, where
 * the kernel has overlayfs: neither the host nor a test beside this one shall find it.
 */
const SETUP = `
set -e
echo "$1" > /proc/sys/kernel/hostname
mount --bind "$2" /mnt
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
if [ ! -e "$2/package.json" ]; then mkdir -p "$2"; mount --bind /mnt "$2"; fi
umount /mnt
mount -t sysfs sysfs /sys
mkdir -p /run/lab/etc /run/lab/state /run/lab/work /run/lock
mount -t overlay overlay -o lowerdir=/var/lib,upperdir=/run/lab/state,workdir=/run/lab/work /var/lib 2> /dev/null || true
if [ -d /etc/keepalived ]; then mount --bind /run/lab/etc /etc/keepalived; fi
for scope in all default; do
  if [ -d /proc/sys/net/ipv6 ]; then echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad; fi
done
ip link set lo up
echo ready
exec cat
`;

/** One machine of the lab: a network namespace with an eth0, own /run, /tmp, /sys, /etc/keepalived and changes of /var/lib. */
export class Machine {
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly holder: NamespaceHolder;
  readonly #watches: AddressWatch[] = [];

  private constructor(options: MachineOptions, holder: NamespaceHolder) {
    this.name = options.name;
    this.mac = options.mac;
    this.addresses = options.addresses;
    this.holder = holder;
  }

  static async start(sandbox: Sandbox, options: MachineOptions): Promise<Machine> {
    const words = ["unshare", "-m", "-n", "-u", "sh", "-c", SETUP, "sh", options.name, ROOT];
    return new Machine(options, await NamespaceHolder.start(sandbox.holder.enter(words)));
  }

  /** The first address of eth0 without its prefix length. */
  get address(): string {
    return this.addresses[0]?.split("/")[0] ?? "";
  }

  run(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.holder.enter(words), options);
  }

  runOk(words: readonly string[], options: RunOptions = {}): Promise<string> {
    return runOk(this.holder.enter(words), options);
  }

  /** @param commands of `ip`, one per line */
  ip(commands: string): Promise<string> {
    return this.runOk(["ip", "-batch", "-"], { input: commands });
  }

  /** @param settings for example `{ "net/ipv4/ip_forward": "1" }` */
  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([key, value]) => `echo ${value} > /proc/sys/${key}`);
    await this.runOk(["sh", "-e"], { input: lines.join("\n") });
  }

  /** Starts a program that goes on running; it ends with the lab at the latest. */
  spawn(words: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    const [command = "", ...rest] = this.holder.enter(words);
    return spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], env });
  }

  /** @returns the pid, seen from here, of a program started by `spawn`; null when it has ended */
  pidOf(child: ChildProcess): number | null {
    return childrenOf(child.pid ?? 0)[0] ?? null;
  }

  /** @param path as the machine sees it; below /run or /tmp */
  writeFile(path: string, text: string): void {
    const outside = this.#outside(path);
    mkdirSync(dirname(outside), { recursive: true });
    writeFileSync(outside, text);
  }

  readFile(path: string): string {
    return readFileSync(this.#outside(path), "utf8");
  }

  /** @param name below /proc/net, for example `ip_vs`; costs no program start */
  readNetFile(name: string): string {
    return readFileSync(`/proc/${this.holder.pid}/net/${name}`, "utf8");
  }

  async watchAddresses(options: WatchOptions = {}): Promise<AddressWatch> {
    const watch = await AddressWatch.start(this, options);
    this.#watches.push(watch);
    return watch;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    await this.holder.close();
  }

  #outside(path: string): string {
    return `/proc/${this.holder.pid}/root${path}`;
  }
}
