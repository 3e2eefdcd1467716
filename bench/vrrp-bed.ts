import { setTimeout as pause } from "node:timers/promises";
import { findProgram } from "../test/helpers/repository.ts";
import type { AddressWatch } from "../test/lab/address-watch.ts";
import { whyNoLab } from "../test/lab/capabilities.ts";
import type { Capture } from "../test/lab/capture.ts";
import { Daemon, daemonProgram } from "../test/lab/daemon.ts";
import { type Advert, advertOf } from "../test/lab/frames.ts";
import type { Machine } from "../test/lab/machine.ts";
import { Network } from "../test/lab/network.ts";
import { daemonNameOf, type Subject } from "./case.ts";
import { preloadLibrary } from "./compiled.ts";

/** @returns why VRRP cases can't run here, or null */
export function whyNoVrrp(subject: Subject): string | null {
  const why = whyNoLab(["dumpcap"]);
  if (why !== false) return why;
  return daemonProgram(daemonNameOf(subject)) === null ? `${subject} is not there` : null;
}

/** RFC 9568 §6.1 */
export function skewMs(intervalMs: number, priority: number): number {
  return ((256 - priority) * intervalMs) / 256;
}

/** RFC 9568 §6.1 */
export function activeDownMs(intervalMs: number, priority: number): number {
  return 3 * intervalMs + skewMs(intervalMs, priority);
}

/** Addresses of the machines' network that are nobody's, from 10.1.0.1 on. */
export function vipAt(index: number): string {
  return `10.${1 + ((index + 1) >> 16)}.${((index + 1) >> 8) & 255}.${(index + 1) & 255}`;
}

export interface Router {
  readonly machine: Machine;
  readonly watch: AddressWatch;
}

/** Two machines on a switch whose VRRP and ARP traffic is recorded. */
export class VrrpBed {
  readonly first: Router;
  readonly second: Router;
  readonly capture: Capture;
  readonly #network: Network;

  private constructor(network: Network, routers: readonly [Router, Router], capture: Capture) {
    this.#network = network;
    [this.first, this.second] = routers;
    this.capture = capture;
  }

  static async build(): Promise<VrrpBed> {
    const network = await Network.build();
    const bufferLibrary = findProgram("cc") === null ? null : preloadLibrary("receive-buffer");
    const router = async (name: string, address: string): Promise<Router> => {
      const machine = await network.addMachine({ name, addresses: [address] });
      return { machine, watch: await machine.watchAddresses({ bufferLibrary }) };
    };
    const routers = [await router("one", "10.0.0.5/8"), await router("two", "10.0.0.6/8")] as const;
    return new VrrpBed(network, routers, await network.capture());
  }

  /** One more interface, on the same switch but out of the others' hearing. */
  addPort(router: Router, name: string, address: string): Promise<void> {
    return this.#network.addPort(router.machine, name, address);
  }

  start(router: Router, subject: Subject, config: string, env: NodeJS.ProcessEnv = {}): Daemon {
    return new Daemon(router.machine, { name: daemonNameOf(subject), config, env });
  }

  advertsFrom(router: Router): readonly Advert[] {
    const adverts = this.capture.frames.items.map(advertOf);
    return adverts.filter((advert) => advert !== null).filter((advert) => advert.source === router.machine.address);
  }

  /** How much later than the interval each advert came after the one before. */
  latenessMs(router: Router, from: number, intervalMs: number): readonly number[] {
    const atMs = this.advertsFrom(router)
      .slice(from)
      .map((advert) => advert.atMs);
    return atMs.slice(1).map((at, index) => at - (atMs[index] ?? at) - intervalMs);
  }

  /** Waits for so many adverts more. */
  async waitForAdverts(router: Router, count: number, timeoutMs: number): Promise<void> {
    let left = count;
    const isWanted = (): boolean => {
      left -= 1;
      return left === 0;
    };
    await this.capture.frames.waitFor(
      `${count} adverts`,
      (frame) => advertOf(frame)?.source === router.machine.address && isWanted(),
      { from: this.capture.frames.position, timeoutMs },
    );
  }

  /** A crash at a fixed phase of the interval would flatter or harm by chance. */
  async randomPhase(intervalMs: number): Promise<void> {
    await pause(Math.random() * intervalMs);
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}

export async function withBed<Result>(body: (bed: VrrpBed) => Promise<Result>): Promise<Result> {
  const bed = await VrrpBed.build();
  try {
    return await body(bed);
  } finally {
    await bed.close();
  }
}
