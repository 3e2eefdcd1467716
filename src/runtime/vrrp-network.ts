import { objectInterfaces } from "../addressing/object-interfaces.ts";
import { boundInterface } from "../model/bound-interface.ts";
import { isSameModel } from "../model/equality.ts";
import type { AddressFamily, IpAddress } from "../model/units.ts";
import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance } from "../model/vrrp-complete.ts";
import type { InterfaceAddress, Link } from "../native/contract.ts";
import { signedWeight } from "../tracking/effect.ts";
import { type FaultReason, interfaceDown, noSourceAddress, SOURCE_NOT_CONFIGURED } from "../vrrp/types.ts";

const LINK_SCOPE = 253;

/** Links and addresses as the kernel last told of them. */
export class NetworkView {
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, InterfaceAddress>();

  replace(links: readonly Link[], addresses: readonly InterfaceAddress[]): void {
    this.#links.clear();
    this.#addresses.clear();
    for (const link of links) this.#links.set(link.ifindex, link);
    for (const address of addresses) this.#addresses.set(addressKey(address), address);
  }

  /** @returns the link as it was before, null when it is new */
  setLink(link: Link, isDeleted: boolean): Link | null {
    const before = this.#links.get(link.ifindex) ?? null;
    if (isDeleted) this.#links.delete(link.ifindex);
    else this.#links.set(link.ifindex, link);
    if (isDeleted) this.#dropAddresses(link.ifindex);
    return before;
  }

  setAddress(address: InterfaceAddress, isDeleted: boolean): void {
    if (isDeleted) this.#addresses.delete(addressKey(address));
    else this.#addresses.set(addressKey(address), address);
  }

  hasAddress(address: InterfaceAddress): boolean {
    return this.#addresses.has(addressKey(address));
  }

  /** On whichever interface. */
  hasAnywhere(address: IpAddress): boolean {
    for (const own of this.#addresses.values()) if (own.address === address) return true;
    return false;
  }

  /** On whichever interface of this VRF. @param vrf null: on one that is in no VRF */
  hasInVrf(address: IpAddress, vrf: Link | null): boolean {
    const domain = vrf?.ifindex ?? 0;
    const own = [...this.#addresses.values()].filter((one) => one.address === address);
    return own.some(({ ifindex }) => ifindex === domain || this.#vrfOf(ifindex) === domain);
  }

  #vrfOf(ifindex: number): number {
    const link = this.linkAt(ifindex);
    if (link?.kind === "vrf") return ifindex;
    const master = this.linkAt(link?.masterIfindex ?? 0);
    return master?.kind === "vrf" ? master.ifindex : 0;
  }

  linkNamed(name: string): Link | null {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return null;
  }

  linkAt(ifindex: number): Link | null {
    return this.#links.get(ifindex) ?? null;
  }

  isUp(name: string): boolean {
    const link = this.linkNamed(name);
    return link?.isUp === true && link.isRunning;
  }

  /** In the kernel's order. */
  addressesOf(ifindex: number, family: AddressFamily): readonly InterfaceAddress[] {
    return [...this.#addresses.values()].filter((address) => address.ifindex === ifindex && address.family === family);
  }

  #dropAddresses(ifindex: number): void {
    for (const [key, address] of this.#addresses) if (address.ifindex === ifindex) this.#addresses.delete(key);
  }
}

/** The kernel tells addresses of an interface apart by these. */
export function addressKey(address: InterfaceAddress): string {
  return `${address.ifindex} ${address.address}/${address.prefixLength}`;
}

/** VIPs and eVIPs, in the order in which they are added. */
export function allVirtualAddresses(instance: VrrpInstance): readonly VirtualAddress[] {
  return [...instance.virtualAddresses, ...instance.excludedAddresses];
}

/**
 * keepalived's `garp_extra_if`: the first address of `virtual_ipaddress` on each VMAC, or with `all` on each interface, other
 * than the one that the adverts go out of.
 */
export function extraAddresses(
  instance: VrrpInstance & Partial<Pick<ConfiguredVrrpInstance, "extraInterfaceGarp">>,
): readonly VirtualAddress[] {
  const {
    extraInterfaceGarp = null,
    ownInterfaces = [],
    interfaceName,
    advertInterfaceName,
    virtualAddresses,
  } = instance;
  if (extraInterfaceGarp === null) return [];
  const nameOf = (address: VirtualAddress): string => address.interfaceName ?? interfaceName;
  const names = new Set(virtualAddresses.map(nameOf));
  names.delete(advertInterfaceName ?? interfaceName);
  const isMeant = (name: string): boolean => extraInterfaceGarp.coversAll || ownInterfaces.includes(name);
  return [...names].filter(isMeant).flatMap((name) => virtualAddresses.find((one) => nameOf(one) === name) ?? []);
}

/** A configured address on the interface where it belongs; null while that does not exist. */
export function locate(instance: VrrpInstance, address: VirtualAddress, view: NetworkView): InterfaceAddress | null {
  const link = view.linkNamed(address.interfaceName ?? instance.interfaceName);
  if (link === null) return null;
  const { family, prefixLength, scope, label, broadcast, peer } = address;
  return { ifindex: link.ifindex, family, address: address.address, prefixLength, scope, label, broadcast, peer };
}

/** Addresses that the kernel has as they were before a reload and that are wanted with another label, scope or the like. */
export function replacedAddresses(
  before: VrrpInstance,
  after: VrrpInstance,
  view: NetworkView,
): readonly InterfaceAddress[] {
  const wanted = new Map(allVirtualAddresses(after).map((address) => [formlessKey(after, address), address]));
  const replaced = allVirtualAddresses(before).filter((address) => {
    const next = wanted.get(formlessKey(before, address));
    return (
      next !== undefined && !isSameModel({ ...address, ...NAMES_AND_TRACKING }, { ...next, ...NAMES_AND_TRACKING })
    );
  });
  return replaced
    .flatMap((address) => locate(before, address, view) ?? [])
    .filter((address) => view.hasAddress(address));
}

/** What is no part of an address in the kernel. */
const NAMES_AND_TRACKING = { interfaceName: null, isTracked: true } as const;

function formlessKey(instance: VrrpInstance, { address, prefixLength, interfaceName }: VirtualAddress): string {
  return `${interfaceName ?? instance.interfaceName} ${address}/${prefixLength}`;
}

/** VIPs and eVIPs of all instances, and the static addresses: the machine has them from us. */
export class VirtualAddressSet {
  readonly #addresses: ReadonlySet<string>;
  readonly #exact: ReadonlySet<string>;

  constructor(instances: readonly VrrpInstance[], statics: readonly VirtualAddress[] = []) {
    const all = instances.flatMap(allVirtualAddresses);
    this.#addresses = new Set([...all, ...statics].map(({ address }) => address));
    this.#exact = new Set(all.map(({ address, prefixLength }) => `${address}/${prefixLength}`));
  }

  hasAddress({ address }: InterfaceAddress): boolean {
    return this.#addresses.has(address);
  }

  /** With the same prefix: false for the own address of an address owner. */
  has({ address, prefixLength }: InterfaceAddress): boolean {
    return this.#exact.has(`${address}/${prefixLength}`);
  }
}

/**
 * Source of adverts: the configured one, else the first address of the interface (IPv6: the first
 * link-local one) that is nobody's VIP. An owner may have no other address than its VIP's, and an interface none but
 * a static one.
 */
export function sourceAddress(
  instance: VrrpInstance,
  view: NetworkView,
  virtualAddresses: VirtualAddressSet,
): IpAddress | null {
  const link = view.linkNamed(instance.sourceInterfaceName ?? instance.interfaceName);
  if (instance.sourceAddress !== null) return configuredSource(instance, instance.sourceAddress, view, link);
  if (link === null) return null;
  const own = view.addressesOf(link.ifindex, instance.family).filter((address) => !virtualAddresses.has(address));
  const usable = instance.family === "inet" ? own : own.filter(({ scope }) => scope === LINK_SCOPE);
  const first = usable.find((address) => !virtualAddresses.hasAddress(address)) ?? usable[0];
  return first?.address ?? null;
}

function configuredSource(
  instance: VrrpInstance,
  address: IpAddress,
  view: NetworkView,
  link: Link | null,
): IpAddress | null {
  if (instance.interfaceName === "") return hasSource(instance, address, view) ? address : null;
  if (instance.tracksSourceAddress !== true) return address;
  const present = link === null ? [] : view.addressesOf(link.ifindex, instance.family);
  return present.some((one) => one.address === address) ? address : null;
}

/** Interfaces whose loss is a fault. */
export function requiredInterfaces(instance: VrrpInstance): readonly string[] {
  const own = instance.ignoresOwnInterface ? [] : boundInterfaces(instance);
  const tracking = allVirtualAddresses(instance).filter(({ isTracked }) => isTracked !== false);
  const ofAddresses = tracking.flatMap(({ interfaceName }) => interfaceName ?? []);
  const held = instance.heldInterfaces ?? [];
  const isElsewhere = (name: string): boolean => name !== instance.interfaceName && !held.includes(name);
  const elsewhere = ofAddresses.filter(isElsewhere);
  const tracked = instance.trackedInterfaces.filter(({ weight, isReversed }) => weight === 0 && !isReversed);
  const objects = objectInterfaces(instance).filter(isElsewhere);
  return [...new Set([...own, ...elsewhere, ...objects, ...tracked.map(({ name }) => name)])];
}

/** Every interface that the configuration names. */
export function namedInterfaces(instance: VrrpInstance): readonly string[] {
  const ofAddresses = allVirtualAddresses(instance).flatMap(({ interfaceName }) => interfaceName ?? []);
  const tracked = instance.trackedInterfaces.map(({ name }) => name);
  return [...new Set([...boundInterfaces(instance), ...ofAddresses, ...tracked])];
}

function boundInterfaces(instance: VrrpInstance): readonly string[] {
  const name = boundInterface(instance);
  return name === null ? [] : [name];
}

/** Why the instance cannot take part, as far as the network is concerned. */
export function networkFaults(instance: VrrpInstance, view: NetworkView, source: IpAddress | null): FaultReason[] {
  const reasons = requiredInterfaces(instance)
    .filter((name) => !view.isUp(name))
    .map(interfaceDown);
  const reversed = instance.trackedInterfaces.filter(({ weight, isReversed }) => weight === 0 && isReversed);
  for (const { name } of reversed) if (view.isUp(name)) reasons.push(`interface ${name} up`);
  if (instance.faultsWithoutPeer === true && instance.fallsBackToMulticast === true) reasons.push("no unicast peer");
  if (source === null && instance.sourceAddress !== null) reasons.push(SOURCE_NOT_CONFIGURED);
  else if (source === null || boundInterfaces(instance).some((name) => view.linkNamed(name) === null))
    reasons.push(noSourceAddress(instance.family));
  return reasons;
}

/** Whether the machine has no address from which the peers could be spoken to, and at which they answer. */
export function lacksUnicastSource(instance: VrrpInstance, view: NetworkView): boolean {
  const { sourceAddress: source, unicastPeers } = instance;
  return source !== null && unicastPeers.length > 0 && !hasSource(instance, source, view);
}

/** An instance without interface hears only what its VRF, or the main routing table, takes for its own. */
function hasSource({ interfaceName, vrf = null }: VrrpInstance, source: IpAddress, view: NetworkView): boolean {
  if (interfaceName !== "") return view.hasAnywhere(source);
  const device = vrf === null ? null : view.linkNamed(vrf);
  return (vrf === null || device !== null) && view.hasInVrf(source, device);
}

/** Sum of the weights of tracked interfaces: positive ones count while up, negative ones while down. */
export function trackedWeight(instance: VrrpInstance, view: NetworkView): number {
  return instance.trackedInterfaces.reduce((sum, tracked) => sum + signedWeight(tracked, view.isUp(tracked.name)), 0);
}
