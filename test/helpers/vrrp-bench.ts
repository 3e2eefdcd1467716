import assert from "node:assert/strict";
import type { VrrpInstance } from "../../src/model/vrrp.ts";
import { createVrrpRuntime } from "../../src/runtime/vrrp-runtime.ts";
import type { TrackingVerdict, VrrpRuntime, VrrpRuntimeOptions } from "../../src/runtime/vrrp-types.ts";
import { ModelHost } from "./model-host.ts";

export const VIP = "192.168.1.100/32";
export const OWN = "192.168.1.5/24";
export const NO_GROUPS = { syncGroups: [], garpGroups: [] } as const;
export const PEER = "192.168.1.6";

/** A host with eth0 and a runtime on it. */
export class Bench {
  readonly host = new ModelHost();
  readonly lines: string[] = [];
  readonly changes: string[] = [];
  readonly adverts: { readonly priority: number; readonly atUs: number }[] = [];
  /** What scripts and files say; `runtime.refreshTracking()` makes it known. */
  tracking: TrackingVerdict = { weight: 0, faults: [], isPending: false };
  readonly runtime: VrrpRuntime;

  constructor(instances: readonly VrrpInstance[], options: Partial<VrrpRuntimeOptions> = {}) {
    this.host.addLink("eth0", 2);
    this.host.addAddress(this.host.address("eth0", "192.168.1.5", 24));
    this.host.onAdvert = (_transport, priority, atUs) => void this.adverts.push({ priority, atUs });
    const leaseUs = options.leaseUs ?? 0;
    this.runtime = createVrrpRuntime(
      {
        instances,
        syncGroups: [],
        garpGroups: [],
        startupDelayUs: 0,
        adoptsAddresses: false,
        keepsAddresses: false,
        allowsMissingInterfaces: false,
        onAddressRemoved: "repair",
        ...options,
        leaseUs,
      },
      {
        createLoop: (onEvents) => this.host.createLoop(leaseUs, onEvents),
        rtnetlink: this.host.rtnetlink,
        clock: this.host.clock,
        isDetailed: true,
        log: (record) => void this.lines.push(record.text),
        trackingOf: () => this.tracking,
        onGroupChange: ({ group, to }) => void this.changes.push(`${group} ${to}`),
        onStateChange: ({ instance, to, priority }) => void this.changes.push(`${instance} ${to} ${priority}`),
      },
    );
  }

  async start(): Promise<void> {
    assert.deepEqual(await this.finish(this.runtime.start()), []);
    await this.host.settle();
  }

  /** Lets the loop work while something waits for it. */
  async finish<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) await this.host.settle();
    return done;
  }

  hear(priority: number, source: string = PEER): Promise<void> {
    this.host.loop.receive(1, { source, priority, intervalUs: 1_000_000 });
    return this.host.settle();
  }

  state(): string | undefined {
    return this.runtime.snapshot()[0]?.state;
  }
}

/** Four seconds in, when the default router has taken over. */
export async function activeBench(instance: VrrpInstance, options: Partial<VrrpRuntimeOptions> = {}): Promise<Bench> {
  const bench = new Bench([instance], options);
  await bench.start();
  await bench.host.advanceTo(4_000_000);
  assert.equal(bench.state(), "active");
  return bench;
}
