import assert from "node:assert/strict";
import type { AddressWatch } from "./address-watch.ts";
import type { Capture } from "./capture.ts";
import { type InstanceText, vrrpConfig } from "./config.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Expectation } from "./judge.ts";
import { judgeFrames } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { judgeByTshark } from "./tshark.ts";

export const VIP = "192.168.1.100";

/** One VRRP setting of the pair. */
export interface PairSettings {
  readonly version: 2 | 3;
  readonly isUnicast: boolean;
  readonly password: string | null;
  readonly isAh?: boolean;
  /** As written in the file. */
  readonly advertInt: string;
}

/** What is said on either side besides the settings. */
export type SideText = Pick<InstanceText, "priority" | "state" | "nopreempt" | "extraLines" | "globalLines"> & {
  readonly virtualAddresses?: readonly string[];
};

export interface Side {
  readonly machine: Machine;
  readonly watch: AddressWatch;
  readonly daemonName: DaemonName;
}

/** Two machines on a switch, ready for a daemon each, and everything on the wire recorded. */
export class Pair {
  readonly network: Network;
  readonly settings: PairSettings;
  readonly first: Side;
  readonly second: Side;
  readonly capture: Capture;
  readonly #daemons: Daemon[] = [];

  private constructor(network: Network, settings: PairSettings, sides: readonly [Side, Side], capture: Capture) {
    this.network = network;
    this.settings = settings;
    [this.first, this.second] = sides;
    this.capture = capture;
  }

  /** @param daemons of the first (192.168.1.5) and the second machine (192.168.1.6) */
  static async build(settings: PairSettings, daemons: readonly [DaemonName, DaemonName]): Promise<Pair> {
    const network = await Network.build();
    try {
      return await Pair.#plugIn(network, settings, daemons);
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  static async #plugIn(
    network: Network,
    settings: PairSettings,
    daemons: readonly [DaemonName, DaemonName],
  ): Promise<Pair> {
    const side = async (name: string, address: string, daemonName: DaemonName): Promise<Side> => {
      const machine = await network.addMachine({ name, addresses: [`${address}/24`] });
      return { machine, watch: await machine.watchAddresses(), daemonName };
    };
    const first = await side("one", "192.168.1.5", daemons[0]);
    const second = await side("two", "192.168.1.6", daemons[1]);
    return new Pair(network, settings, [first, second], await network.capture());
  }

  config(side: Side, text: SideText): string {
    const peer = side === this.first ? this.second : this.first;
    const { isUnicast, ...settings } = this.settings;
    const unicast = { source: side.machine.address, peers: [peer.machine.address] };
    return vrrpConfig({ virtualAddresses: [VIP], ...settings, ...text, ...(isUnicast ? { unicast } : {}) });
  }

  startDaemon(side: Side, text: SideText, env: NodeJS.ProcessEnv = {}): Daemon {
    return this.startRaw(side, this.config(side, text), env);
  }

  /** @param config the whole file */
  startRaw(side: Side, config: string, env: NodeJS.ProcessEnv = {}): Daemon {
    const daemon = new Daemon(side.machine, { name: side.daemonName, config, env });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Ends the capture and fails if tshark or the own judge has a complaint about any frame. */
  async assertWireIsClean(virtualAddresses: readonly string[] = [VIP]): Promise<void> {
    await this.capture.stop();
    const frames = this.capture.frames.items;
    assert.ok(frames.length > 0, "nothing was captured");
    const verdict = await judgeByTshark(this.capture.path);
    assert.equal(verdict.frames, frames.length, "tshark saw another number of frames");
    assert.deepEqual([...verdict.complaints, ...judgeFrames(frames, this.#expectation(virtualAddresses))], []);
  }

  /** @returns everything the daemons logged, for the report of a failure */
  get logs(): string {
    return this.#daemons.map((daemon, index) => `--- ${daemon.name} (${index + 1})\n${daemon.text}`).join("\n");
  }

  close(): Promise<void> {
    return this.network.close();
  }

  #expectation(virtualAddresses: readonly string[]): Expectation {
    const seconds = Number(this.settings.advertInt);
    return {
      version: this.settings.version,
      vrids: [51],
      virtualAddresses,
      unicastPeers: this.settings.isUnicast ? [this.first.machine.address, this.second.machine.address] : [],
      interval: this.settings.version === 2 ? seconds : Math.round(seconds * 100),
      password: this.settings.password,
      isAh: this.settings.isAh === true,
    };
  }
}

/** Builds a pair, runs the scenario, and adds the daemons' logs to a failure. Always cleans up. */
export async function withPair(
  settings: PairSettings,
  daemons: readonly [DaemonName, DaemonName],
  scenario: (pair: Pair) => Promise<void>,
): Promise<void> {
  const pair = await Pair.build(settings, daemons);
  try {
    await scenario(pair);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n${pair.logs}`, { cause: error });
  } finally {
    await pair.close();
  }
}
