import type { ConfiguredAddress } from "../model/addressing.ts";
import type { AddressFamily } from "../model/units.ts";
import type { VirtualAddress } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance, IpvlanSettings } from "../model/vrrp-complete.ts";
import type { LinkFacts } from "./link-message.ts";
import { familyBits } from "./netlink-writer.ts";

const LONGEST_NAME = 15;
const NAME_ATTEMPTS = 1_000;
const NO_OPTIONS = { scope: 0, label: null, broadcast: null, peer: null } as const;

/** What an instance runs on in place of its interface: a macvlan with the virtual router MAC, or an ipvlan. */
export interface Vmac {
  /** Null for a macvlan. */
  readonly ipvlan: IpvlanLink | null;
  readonly name: string;
  /** As the configuration has it; null: generated. */
  readonly wantedName: string | null;
  readonly base: string;
  /** An ipvlan has that of the interface below: empty. */
  readonly mac: string;
  /** The instance that it was made for. */
  readonly instance: string;
  readonly family: AddressFamily;
  /** IPv6 runs on it: for an IPv6 instance, or because IPv6 addresses are there. */
  readonly hasIpv6: boolean;
  /** Adverts of an IPv6 instance go out of it, so it needs a link-local address. */
  readonly sendsAdverts: boolean;
  /** Interface group; null is that of the interface below. */
  readonly group: number | null;
  /** Down until the instance is active. */
  readonly isHeldDown: boolean;
  /** `netlink_notify_msg`: the kernel is made to tell of it once more. */
  readonly forcesNetlinkMessage: boolean;
  /** A link that is there already and fits. */
  readonly isFound: boolean;
}

/** An ipvlan of mode L2. The kernel keeps the mode for all ipvlans of an interface: that of the last one holds. */
export interface IpvlanLink {
  readonly mode: IpvlanSettings["mode"];
  /** It is given this address, which is the source of the adverts. */
  readonly address: VirtualAddress | null;
}

export interface VmacPlan {
  /** With the addresses moved onto the VMACs. */
  readonly instances: readonly ConfiguredVrrpInstance[];
  readonly vmacs: readonly Vmac[];
}

export interface VmacNames {
  readonly prefix: string;
  readonly addressPrefix: string;
}

/**
 * Which VMACs there must be, and which addresses go on them: those of the instance's family on its own
 * interface, and on other interfaces where `use_vmac_addr` or the address asks for it. keepalived: over an ipvlan only
 * adverts go, the addresses stay on the interface below.
 * @param made before a reload: one that was made for another name is not taken
 */
export function planVmacs(
  instances: readonly ConfiguredVrrpInstance[],
  names: VmacNames,
  links: readonly LinkFacts[],
  made: readonly Vmac[] = [],
): VmacPlan {
  const wanted = instances.flatMap(({ vmac, ipvlan }) => vmac?.name ?? ipvlan?.name ?? []);
  const planner = new Planner({ ...names, wanted: new Set(wanted) }, links, made);
  const placed = instances.map((instance) => planner.place(instance));
  return { instances: placed, vmacs: planner.vmacs };
}

interface PlannedNames extends VmacNames {
  /** Names that the configuration gives, so that none of them is generated for another instance. */
  readonly wanted: ReadonlySet<string>;
}

/** @see RFC 9568 §7.3 */
function virtualRouterMac(family: AddressFamily, vrid: number): string {
  return `00:00:5e:00:0${family === "inet" ? 1 : 2}:${vrid.toString(16).padStart(2, "0")}`;
}

class Planner {
  readonly vmacs: Vmac[] = [];
  readonly #names: PlannedNames;
  readonly #links: readonly LinkFacts[];
  readonly #made: readonly Vmac[];

  constructor(names: PlannedNames, links: readonly LinkFacts[], made: readonly Vmac[]) {
    this.#names = names;
    this.#links = links;
    this.#made = made;
  }

  place(instance: ConfiguredVrrpInstance): ConfiguredVrrpInstance {
    if (instance.ipvlan !== null) return this.#placeOnIpvlan(instance, instance.ipvlan);
    const own = instance.vmac === null ? null : this.#own(instance);
    const place = (address: ConfiguredAddress): ConfiguredAddress => {
      const interfaceName = this.#interfaceOf(instance, address, own);
      return interfaceName === null ? address : { ...address, interfaceName };
    };
    const placed = {
      ...instance,
      virtualAddresses: instance.virtualAddresses.map(place),
      excludedAddresses: instance.excludedAddresses.map(place),
    };
    const heldInterfaces = this.vmacs
      .filter((vmac) => vmac.instance === instance.name && vmac.isHeldDown)
      .map(({ name }) => name);
    const ownInterfaces = this.vmacs.filter((vmac) => vmac.instance === instance.name).map(({ name }) => name);
    if (ownInterfaces.length === 0) return placed;
    if (own === null || instance.vmac?.transmitsOnBase === true) return { ...placed, ownInterfaces, heldInterfaces };
    return { ...placed, ownInterfaces, advertInterfaceName: own.name };
  }

  #placeOnIpvlan(instance: ConfiguredVrrpInstance, settings: IpvlanSettings): ConfiguredVrrpInstance {
    const { family, interfaceName: base, excludedAddresses, place } = instance;
    const { address, prefixLength, mode } = settings;
    const found = this.#links.find(
      (link) => link.ipvlanMode === mode && this.#isOn(link, base) && this.#isWanted(link, instance, settings),
    );
    const name = found?.name ?? this.#freeName(instance, settings.name, true);
    const source =
      address === null
        ? null
        : {
            ...NO_OPTIONS,
            family,
            address,
            prefixLength: prefixLength ?? familyBits(family),
            interfaceName: name,
            place,
          };
    this.vmacs.push({
      ipvlan: { mode, address: source },
      name,
      wantedName: settings.name,
      base,
      mac: "",
      instance: instance.name,
      family,
      hasIpv6: family === "inet6" || excludedAddresses.some((excluded) => excluded.family === "inet6"),
      sendsAdverts: true,
      group: settings.group,
      isHeldDown: false,
      forcesNetlinkMessage: false,
      isFound: found !== undefined,
    });
    return { ...instance, ownInterfaces: [name], advertInterfaceName: name, sourceInterfaceName: name };
  }

  /** By name, since nothing else tells ipvlans of one interface apart. */
  #isWanted(link: LinkFacts, { vrid }: ConfiguredVrrpInstance, { name }: IpvlanSettings): boolean {
    return link.name === (name ?? `${this.#names.prefix}.${vrid}`) && !this.#isPlanned(link.name);
  }

  #isOn(link: LinkFacts, base: string): boolean {
    return link.baseIfindex === this.#links.find(({ name }) => name === base)?.ifindex;
  }

  #own(instance: ConfiguredVrrpInstance): Vmac {
    return this.#vmacOn(instance, instance.interfaceName, instance.vmac?.name ?? null, true);
  }

  /** Null where it stays on the interface that it names. */
  #interfaceOf(instance: ConfiguredVrrpInstance, address: ConfiguredAddress, own: Vmac | null): string | null {
    const base = address.interfaceName ?? instance.interfaceName;
    if (own !== null && base === instance.interfaceName && address.family === instance.family) return own.name;
    const isMoved = address.usesVmac || instance.vmac?.coversOtherInterfaces === true;
    return isMoved && base !== instance.interfaceName ? this.#vmacOn(instance, base, null, false).name : null;
  }

  #vmacOn(instance: ConfiguredVrrpInstance, base: string, wanted: string | null, isOwn: boolean): Vmac {
    const mac = instance.vmac?.macAddress ?? virtualRouterMac(instance.family, instance.vrid);
    const known = this.vmacs.find((vmac) => vmac.base === base && vmac.mac === mac && vmac.instance === instance.name);
    if (known !== undefined) return known;
    const found = this.#ours(base, mac, wanted) ?? this.#matching(base, mac);
    const all = [...instance.virtualAddresses, ...instance.excludedAddresses];
    const vmac: Vmac = {
      ipvlan: null,
      name: found?.name ?? this.#freeName(instance, wanted, isOwn),
      wantedName: wanted,
      base,
      mac,
      instance: instance.name,
      family: instance.family,
      hasIpv6: instance.family === "inet6" || (isOwn && all.some(({ family }) => family === "inet6")),
      sendsAdverts: isOwn && instance.vmac?.transmitsOnBase !== true,
      group: instance.vmac?.group ?? null,
      isHeldDown: instance.vmac?.isHeldDown === true,
      forcesNetlinkMessage: instance.vmac?.forcesNetlinkMessage === true,
      isFound: found !== undefined,
    };
    this.vmacs.push(vmac);
    return vmac;
  }

  /** Made before for the same purpose, whatever hardware address it has at the moment. */
  #ours(base: string, mac: string, wanted: string | null): LinkFacts | undefined {
    const made = this.#made.find((vmac) => vmac.base === base && vmac.mac === mac && vmac.wantedName === wanted);
    return made === undefined
      ? undefined
      : this.#links.find((link) => link.name === made.name && this.#isUsable(link, base));
  }

  #matching(base: string, mac: string): LinkFacts | undefined {
    const isOurs = (link: LinkFacts): boolean => this.#made.some(({ name }) => name === link.name);
    return this.#links.find((link) => link.mac === mac && this.#isUsable(link, base) && !isOurs(link));
  }

  #isUsable(link: LinkFacts, base: string): boolean {
    return link.kind === "macvlan" && link.isPrivate && this.#isOn(link, base) && !this.#isPlanned(link.name);
  }

  #isPlanned(name: string): boolean {
    return this.vmacs.some((vmac) => vmac.name === name);
  }

  #freeName({ family, vrid }: ConfiguredVrrpInstance, wanted: string | null, isOwn: boolean): string {
    const prefix = isOwn ? this.#names.prefix : this.#names.addressPrefix;
    const numbers = Array.from({ length: NAME_ATTEMPTS }, (_, index) => String(index + 1));
    const middles = family === "inet6" ? ["", "6", ...numbers] : ["", ...numbers];
    const generated = middles.map((middle) => {
      const end = `${middle}.${vrid}`;
      return `${prefix.slice(0, LONGEST_NAME - end.length)}${end}`;
    });
    const free = generated.filter((name) => !this.#names.wanted.has(name));
    const candidates = wanted === null ? free : [wanted.slice(0, LONGEST_NAME), ...free];
    const isFree = (name: string): boolean => !this.#isPlanned(name) && !this.#links.some((link) => link.name === name);
    return candidates.find(isFree) ?? `${prefix}.${vrid}`;
  }
}
