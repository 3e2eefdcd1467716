import type { ConfiguredAddress } from "../model/addressing.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { UnicastPeer } from "../model/vrrp.ts";
import { isLinkLocal } from "./address.ts";
import { complain, type InstanceDraft } from "./instance-draft.ts";

/** What an instance without interface speaks from and to. */
export interface UnicastEnds {
  readonly family: AddressFamily;
  readonly source: IpAddress | null;
  readonly peers: readonly UnicastPeer[];
}

/** @returns empty for an instance that does without; null for one that cannot exist, with the reason as a diagnostic */
export function readInterface(draft: InstanceDraft, ends: UnicastEnds): string | null {
  const name = draft.settings.text("interface");
  if (name === null) return canDoWithout(draft, ends) ? "" : null;
  if (draft.settings.has("vrf")) complain(draft, "bad-value", "vrf cannot go with interface, it is left out", "vrf");
  const { interfaces } = draft.context.host;
  const facts = interfaces?.get(name);
  if (interfaces !== null && facts === undefined && !draft.globals.allowsMissingInterfaces) {
    complain(draft, "missing-interface", `there is no interface ${name}`, "interface");
  }
  if (facts?.isLoopback === true) complain(draft, "no-interface", `${name} is a loopback interface`, "interface");
  return name;
}

/** `vrf`: where an instance without interface speaks. */
export function readVrf(draft: InstanceDraft): string | null {
  if (draft.settings.has("interface")) return null;
  const name = draft.settings.text("vrf");
  const { interfaces } = draft.context.host;
  if (name === null || interfaces === null) return name;
  const facts = interfaces.get(name);
  if (facts?.isLoopback === true) {
    complain(draft, "bad-value", `${name} is a loopback interface and no VRF, it is left out`, "vrf");
    return null;
  }
  if (facts === undefined && !draft.globals.allowsMissingInterfaces) {
    complain(draft, "missing-interface", `there is no VRF device ${name}`, "vrf");
  }
  return name;
}

function canDoWithout(draft: InstanceDraft, ends: UnicastEnds): boolean {
  const { family, peers } = ends;
  const without = whyNot(draft, ends);
  if (without !== null) {
    complain(draft, "no-interface", without);
    return false;
  }
  for (const { address } of peers.filter((peer) => isLinkLocal({ family, address: peer.address }))) {
    complain(draft, "vrrp-adjusted", `the peer ${address} is link-local and out of reach without an interface`);
  }
  for (const word of ["promote_secondaries", "linkbeat_use_polling"]) {
    if (draft.settings.has(word)) complain(draft, "advice", `${word} has no effect without an interface`, word);
  }
  return true;
}

function whyNot({ settings }: InstanceDraft, { family, source, peers }: UnicastEnds): string | null {
  if (peers.length === 0) return "needs an interface";
  if (source === null) return "needs an interface, or the unicast_src_ip that its peers know";
  if (isLinkLocal({ family, address: source })) return `needs an interface, since ${source} is link-local`;
  const stacked = ["use_vmac", "use_ipvlan"].find((word) => settings.has(word));
  return stacked === undefined ? null : `needs an interface for ${stacked}`;
}

/**
 * Addresses of an instance without interface go where they say, or else to `default_interface`, as keepalived's manual has it;
 * 2.4.3 itself leaves them out. Where that is missing they are left out here, too.
 */
export function placeAddresses(
  draft: InstanceDraft,
  addresses: readonly ConfiguredAddress[],
): readonly ConfiguredAddress[] {
  const { context, globals } = draft;
  const { defaultInterface } = globals.settings;
  const { interfaces } = context.host;
  const isThere = globals.allowsMissingInterfaces || interfaces === null || interfaces.has(defaultInterface);
  return addresses.flatMap((address) => {
    if (address.interfaceName !== null) return [address];
    const where = isThere
      ? `it goes to the default interface ${defaultInterface}`
      : `it is left out, since there is no default interface ${defaultInterface}`;
    const message = `vrrp_instance ${draft.name}: ${address.address} needs a dev, since the instance has no interface; ${where}`;
    context.reporter.add("vrrp-adjusted", message, address.place);
    return isThere ? [{ ...address, interfaceName: defaultInterface }] : [];
  });
}
