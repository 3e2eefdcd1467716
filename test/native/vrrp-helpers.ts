import { openSync } from "node:fs";
import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type {
  BfdLoop,
  LoopEvent,
  VrrpCounters,
  VrrpEvent,
  VrrpLoop,
  VrrpLoopOptions,
  VrrpOrder,
  VrrpTransport,
} from "../../src/native/contract.ts";
import { loadNative } from "../../src/native/load.ts";
import { step } from "../../src/vrrp/machine.ts";
import { deriveProgram } from "../../src/vrrp/program.ts";
import { actionsOf, INITIAL_STATE } from "../../src/vrrp/types.ts";
import { EventLog } from "../helpers/event-log.ts";
import { virtualRouter } from "../helpers/virtual-router.ts";
import type { Machine } from "../lab/machine.ts";

export const addon = loadNative();

export const INSTANCE = 1;
const IFINDEX_OF_ETH0 = 2;
const NO_LEASE: VrrpLoopOptions = { leaseUs: 0 };
const OWN_NAMESPACE = openSync("/proc/self/ns/net", "r");

/** VRRPv3 at a quarter of a second, so that tests are short. */
export function fastRouter(priority: number, overrides: Partial<VrrpInstance> = {}): VrrpInstance {
  return virtualRouter({ version: 3, priority, advertisementIntervalUs: 250_000, ...overrides });
}

/** RFC 9568 §6.1 */
export function activeDownMs(router: VrrpInstance): number {
  const intervalMs = router.advertisementIntervalUs / 1_000;
  return 3 * intervalMs + ((256 - router.priority) * intervalMs) / 256;
}

/** What the router starts with: a step of the machine and the program derived from it. */
export function startOrder(router: VrrpInstance): VrrpOrder {
  const { state, effects } = step(router, INITIAL_STATE, { kind: "startup", isDelayed: false });
  return { order: 1, epoch: 0, actions: actionsOf(effects), program: deriveProgram(router, state) };
}

/** @param addresses virtual addresses, all advertised */
export function transportOf(router: VrrpInstance, machine: Machine, addresses: readonly string[]): VrrpTransport {
  return {
    family: "inet",
    version: router.version,
    vrid: router.vrid,
    ifindex: IFINDEX_OF_ETH0,
    interfaceName: "eth0",
    sourceAddress: machine.address,
    mac: machine.mac,
    multicastGroup: router.multicastGroup,
    unicastPeers: [],
    checksUnicastSource: false,
    unicastTtl: 255,
    advertisedInterval: router.advertisementIntervalUs / (router.version === 2 ? 1_000_000 : 10_000),
    authentication: router.authentication.kind === "pass" ? router.authentication : null,
    checksumAsV2: false,
    oldUnicastChecksum: "never",
    skipsAddressCheck: false,
    addresses: addresses.map((address) => ({
      ifindex: IFINDEX_OF_ETH0,
      family: "inet",
      address,
      prefixLength: 32,
      scope: 0,
      label: null,
      broadcast: null,
      peer: null,
      isAdvertised: true,
      mac: machine.mac,
      addMessage: null,
      isPermanent: false,
      isExtra: false,
    })),
    objects: [],
    extraAnnounceUs: 0,
    socketPriority: 0,
    receiveBufferBytes: 0,
  };
}

/** A vrrp loop in a machine's network namespace, in this process. */
export class LoopOnMachine {
  readonly events = new EventLog<LoopEvent>();
  readonly loop: VrrpLoop & BfdLoop;
  readonly #machine: Machine;

  constructor(machine: Machine, options: Partial<VrrpLoopOptions> = {}) {
    this.#machine = machine;
    addon.enterNetworkNamespace(`/proc/${machine.holder.pid}/ns/net`);
    try {
      this.loop = addon.createVrrpLoop({ ...NO_LEASE, ...options }, (events) => {
        for (const event of events) this.events.push(event);
      });
    } finally {
      addon.enterNetworkNamespace(`/proc/self/fd/${OWN_NAMESPACE}`);
    }
  }

  /** Opens the router as instance 1 and starts it. */
  start(router: VrrpInstance, addresses: readonly string[]): void {
    this.loop.openInstance(INSTANCE, transportOf(router, this.#machine, addresses));
    this.loop.submit(INSTANCE, startOrder(router));
  }

  async ran(trigger: string, from = 0): Promise<Extract<VrrpEvent, { kind: "ran" }>> {
    const isWanted = (event: LoopEvent): boolean => event.kind === "ran" && event.trigger === trigger;
    const event = await this.events.waitFor(`${trigger} on ${this.#machine.name}`, isWanted, { from });
    if (event.kind !== "ran") throw new Error("unreachable");
    return event;
  }

  counters(): VrrpCounters {
    const counters = this.loop.counters(INSTANCE);
    if (counters === null) throw new Error("the instance is not known");
    return counters;
  }

  close(): void {
    this.loop.close();
  }
}

/** Keeps this thread from doing anything else. */
export function blockMainThread(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

/** Of eth0, IPv4, beside those that the machine has itself. */
export async function countAddresses(machine: Machine): Promise<number> {
  const output = await machine.runOk(["ip", "-o", "-4", "address", "show", "dev", "eth0"]);
  return output.split("\n").filter((line) => line !== "").length - machine.addresses.length;
}

/** Takes away what a test left behind. */
export async function forget(machine: Machine, vip: string): Promise<void> {
  await machine.runOk(["ip", "address", "flush", "to", `${vip}/32`]);
}
