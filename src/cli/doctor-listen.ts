import type { Instance } from "../api/schema.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { NativeAddon, VrrpEvent, VrrpProgram } from "../native/contract.ts";
import { NetworkView, sourceAddress, VirtualAddressSet } from "../runtime/vrrp-network.ts";
import { buildTransport } from "../runtime/vrrp-transport.ts";
import { renderDrop } from "../runtime/vrrp-wording.ts";
import { ask } from "./control-client.ts";

/** Adverts of a configured VRID that this machine would not take: somebody else's, or of a peer with other settings. */
export interface Stranger {
  readonly instance: string;
  /** Null when only the count is known. */
  readonly source: string | null;
  readonly why: string;
}

export interface HeardRouters {
  readonly strangers: readonly Stranger[];
  /** VRIDs that were heard on the interfaces, configured or not. */
  readonly vrids: ReadonlySet<number>;
}

type Dropped = Extract<VrrpEvent, { kind: "dropped" }>;

/** Reports every advert, reacts to none. */
const LISTENER: VrrpProgram = {
  ownPriority: 0,
  phase: "backup",
  stalledAfterUs: null,
  plans: { idle: [], adopting: [], backup: [], held: [], active: [] },
  ignored: { idle: [], adopting: [], backup: [], held: [], active: [] },
};

const ONLY_NOTED: ReadonlySet<string> = new Set(["interval-noted", "clock-skew-noted", "old-checksum-noted"]);

/**
 * Listens on the interfaces of all instances, beside a daemon that may run; sends nothing.
 * @throws NativeError without the right to open raw sockets
 */
export async function listenForRouters(
  native: NativeAddon,
  { vrrpInstances }: CompleteConfiguration,
  listenMs: number,
): Promise<HeardRouters> {
  const rtnetlink = native.openRtnetlink();
  const view = new NetworkView();
  try {
    view.replace(await rtnetlink.links(), await rtnetlink.addresses());
  } finally {
    rtnetlink.close();
  }
  const events: VrrpEvent[] = [];
  const loop = native.createVrrpLoop({ leaseUs: 0 }, (news) => {
    for (const event of news) if (event.kind !== "link" && event.kind !== "address") events.push(...asVrrp(event));
  });
  const virtualAddresses = new VirtualAddressSet(vrrpInstances);
  const vrids = new Set<number>();
  for (const [index, instance] of vrrpInstances.entries()) {
    const source = sourceAddress(instance, view, virtualAddresses);
    const transport = source === null ? null : buildTransport(instance, view, source);
    if (transport === null) continue;
    loop.openInstance(index + 1, transport);
    loop.submit(index + 1, { order: 1, epoch: 0, actions: [], program: LISTENER });
    vrids.add(instance.vrid);
  }
  await new Promise((resolve) => setTimeout(resolve, listenMs));
  loop.close();
  const dropped = events.filter((event): event is Dropped => event.kind === "dropped");
  for (const { instance, reason, received } of dropped) {
    if (instance === null && reason === "vrid") vrids.add(received);
  }
  const strangers = dropped.flatMap((event) => {
    const config = event.instance === null ? undefined : vrrpInstances[event.instance - 1];
    if (config === undefined || ONLY_NOTED.has(event.reason)) return [];
    return [{ instance: config.name, source: event.source, why: renderDrop(event, config).text }];
  });
  return { strangers, vrids };
}

function asVrrp(event: { readonly kind: string }): readonly VrrpEvent[] {
  return "instance" in event ? [event as VrrpEvent] : [];
}

/** What a daemon that runs has dropped since its start; nothing when there is none. */
export async function askForStrangers(socket: string): Promise<readonly Stranger[]> {
  try {
    const instances = await ask<readonly Instance[]>({ socket, method: "GET", path: "/v1/instances" });
    return instances.flatMap(({ name, advertsDropped }) => {
      const reasons = Object.entries(advertsDropped).filter(([reason]) => !ONLY_NOTED.has(reason));
      if (reasons.length === 0) return [];
      const counts = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
      return [{ instance: name, source: null, why: `the daemon has dropped adverts: ${counts}` }];
    });
  } catch {
    return [];
  }
}
