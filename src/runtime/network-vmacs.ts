import { addressAddMessage, addressDeleteMessage } from "../addressing/address-message.ts";
import {
  decodeLinkFacts,
  groupDeleteMessage,
  ipvlanMessage,
  type LinkFacts,
  linkDumpMessage,
  linkGroupMessage,
  linkMacMessage,
  linkStateMessage,
  macvlanMessage,
} from "../addressing/link-message.ts";
import type { Vmac } from "../addressing/vmac.ts";
import type { InterfaceAddress, NetlinkMessage, Rtnetlink, SyscallFailure, VrrpEvent } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import type { Sysctls } from "./network-sysctl.ts";

/** Interface group in which ours are gathered to be deleted together. */
const DOOMED_GROUP = 0x68_6f_6c_64;
const RUNNING_ATTEMPTS = 100;
const RUNNING_PAUSE_MS = 10;
const LINK_SCOPE = 253;
/** First octet of a locally administered MAC. */
const STEPPED_ASIDE = "02";
const KINDS: ReadonlySet<string> = new Set(["macvlan", "ipvlan"]);
const IPV4_SETTINGS = { arp_ignore: "1", accept_local: "1", rp_filter: "0", promote_secondaries: "1" } as const;
const BASE_SETTINGS = { arp_ignore: "1", arp_filter: "1" } as const;

type AddressEvent = Extract<VrrpEvent, { kind: "address" }>;

export interface VmacDependencies {
  readonly rtnetlink: Rtnetlink;
  readonly sysctls: Sysctls;
  /** Where the adverts of each instance come from; null: not known yet. */
  readonly sources: () => ReadonlyMap<string, string | null>;
  readonly log: (record: SpokenRecord) => void;
}

interface SourceFacts {
  readonly addresses: readonly InterfaceAddress[];
  readonly links: ReadonlyMap<string, LinkFacts>;
  /** Of the instance's adverts; null: not known yet. */
  readonly source: string | null;
}

export async function readLinkFacts(rtnetlink: Rtnetlink): Promise<readonly LinkFacts[]> {
  const answer = await rtnetlink.query(linkDumpMessage());
  return answer.map(decodeLinkFacts).filter((link) => link !== null);
}

/** Makes the VMACs and takes them away again. */
export class VmacLinks {
  readonly #dependencies: VmacDependencies;
  #made: readonly Vmac[] = [];
  #before: readonly Vmac[] = [];
  /** By name, those that are there, with the number of the interface below. */
  readonly #there = new Map<string, number>();
  /** By VMAC, the link-local address that it has from the interface below. */
  readonly #shared = new Map<string, InterfaceAddress>();

  constructor(dependencies: VmacDependencies) {
    this.#dependencies = dependencies;
  }

  get made(): readonly Vmac[] {
    return this.#made;
  }

  /** Of those that were made, the ones that nobody has deleted since, as far as is known. */
  get present(): readonly Vmac[] {
    return this.#made.filter(({ name }) => this.#there.has(name));
  }

  /** Link-local addresses that VMACs have besides the interfaces below them. */
  get sharedLinkLocals(): readonly string[] {
    return this.#made.flatMap(({ name }) => this.#shared.get(name)?.address ?? []);
  }

  /**
   * keepalived: one that was deleted is made again, also when the interface below went and comes back; and one that sends
   * over IPv6 gets the address of that interface when it comes, and follows when it changes.
   * @returns those of the planned ones that are to be made, or completed, after this
   */
  affected(planned: readonly Vmac[], events: readonly VrrpEvent[]): readonly Vmac[] {
    const deleted = namesOf(events, true);
    const come = namesOf(events, false);
    for (const name of deleted) {
      this.#there.delete(name);
      this.#shared.delete(name);
    }
    const linkLocals = events.filter((event) => event.kind === "address").filter(isLinkLocal);
    return planned.filter((vmac) => {
      const baseIndex = this.#there.get(vmac.name);
      if (baseIndex === undefined) return deleted.has(vmac.name) || come.has(vmac.base);
      const ofBase = linkLocals.filter(({ address }) => address.ifindex === baseIndex);
      return isSource(vmac) && ofBase.some((event) => this.#mayMove(vmac, event));
    });
  }

  /** Its address has gone from the interface below, or another one has come there. */
  #mayMove({ name }: Vmac, { address, isDeleted }: AddressEvent): boolean {
    const isShared = this.#shared.get(name)?.address === address.address;
    return isDeleted ? isShared : !isShared;
  }

  /** Those that are there already are left as they are, apart from their settings. */
  async make(vmacs: readonly Vmac[]): Promise<void> {
    if (vmacs.length === 0) return;
    const before = await readLinkFacts(this.#dependencies.rtnetlink);
    await this.#create(vmacs, before);
    const links = new Map((await readLinkFacts(this.#dependencies.rtnetlink)).map((link) => [link.name, link]));
    const present = vmacs.filter(({ name }) => links.has(name));
    for (const { name, base } of present) this.#there.set(name, links.get(base)?.ifindex ?? 0);
    this.#before = this.#made;
    const others = this.#made.filter(({ name }) => !present.some((vmac) => vmac.name === name));
    this.#made = [...others, ...present];
    this.#openAllFilters(present);
    for (const vmac of present) this.#configure(vmac);
    // A held one that was there before is up or down as its instance, or that of a run that was killed, is active or not.
    const known = new Set(this.#before.map(({ name }) => name));
    const settled = present.filter(({ name, isHeldDown, isFound }) => !isHeldDown || !(isFound || known.has(name)));
    const states = settled.map(({ name, isHeldDown }) => linkStateMessage(links.get(name)?.ifindex ?? 0, !isHeldDown));
    const macs = this.#macChanges(present, links);
    await this.#dependencies.rtnetlink.send([...macs, ...states, ...this.#reminders(present, links)]);
    await this.#addSources(present, links);
    await this.#untilRunning(present);
  }

  /**
   * Of the macvlans of an interface only one can be up with a MAC. One that is about to be replaced, since the configuration has
   * another name for it, steps aside: it keeps its addresses until the instance has moved, and what comes for them arrives on the new one.
   */
  #macChanges(vmacs: readonly Vmac[], links: ReadonlyMap<string, LinkFacts>): readonly NetlinkMessage[] {
    const macvlans = vmacs.filter(({ ipvlan }) => ipvlan === null);
    const isPlanned = (name: string): boolean => vmacs.some((vmac) => vmac.name === name);
    const macOf = (name: string): string | undefined => links.get(name)?.mac;
    const indexOf = (name: string): number => links.get(name)?.ifindex ?? 0;
    const replaced = this.#made.filter(
      ({ name, base }) => !isPlanned(name) && macvlans.some((vmac) => vmac.base === base && vmac.mac === macOf(name)),
    );
    const changed = macvlans.filter(({ name, mac }) => macOf(name) !== mac);
    return [
      ...replaced.map(({ name, mac }) => linkMacMessage(indexOf(name), `${STEPPED_ASIDE}${mac.slice(2)}`)),
      ...changed.map(({ name, mac }) => linkMacMessage(indexOf(name), mac)),
    ];
  }

  /** Of a group that is set the kernel tells everybody, also when it is the group of before. */
  #reminders(vmacs: readonly Vmac[], links: ReadonlyMap<string, LinkFacts>): readonly NetlinkMessage[] {
    return vmacs.flatMap(({ name, forcesNetlinkMessage }) => {
      const link = links.get(name);
      return forcesNetlinkMessage && link !== undefined ? [linkGroupMessage(link.ifindex, link.group)] : [];
    });
  }

  /** All at once. */
  async remove(vmacs: readonly Vmac[]): Promise<void> {
    const { rtnetlink, sysctls } = this.#dependencies;
    const names = new Set(vmacs.map(({ name }) => name));
    const doomed = (await readLinkFacts(rtnetlink)).filter(({ name, kind }) => names.has(name) && KINDS.has(kind));
    this.#made = this.#made.filter(({ name }) => !names.has(name));
    for (const name of names) {
      this.#there.delete(name);
      this.#shared.delete(name);
    }
    if (doomed.length > 0) {
      const messages = doomed.map(({ ifindex }) => linkGroupMessage(ifindex, DOOMED_GROUP));
      const failures = await rtnetlink.send([...messages, groupDeleteMessage(DOOMED_GROUP)]);
      const failure = failures.at(-1) ?? null;
      for (const vmac of vmacs) this.#tell(vmac, "removing", failure);
    }
    for (const { base } of vmacs) {
      if (this.#made.every((vmac) => vmac.base !== base)) sysctls.restoreBelow(`ipv4/conf/${base}/`);
    }
    if (this.#made.length === 0) sysctls.restore();
  }

  async #create(vmacs: readonly Vmac[], links: readonly LinkFacts[]): Promise<void> {
    const known = new Map(links.map((link) => [link.name, link]));
    const missing = vmacs.filter(({ name, base }) => !known.has(name) && known.has(base));
    const messages = missing.map(({ name, base, mac, ipvlan, group: own }) => {
      const { ifindex: baseIfindex = 0, group = 0, masterIfindex = 0 } = known.get(base) ?? {};
      const isInVrf = links.some(({ ifindex, kind }) => ifindex === masterIfindex && kind === "vrf");
      const spec = { name, baseIfindex, group: own ?? group, masterIfindex: isInVrf ? masterIfindex : 0 };
      return ipvlan === null ? macvlanMessage(spec, mac) : ipvlanMessage(spec, ipvlan.mode);
    });
    const failures = messages.length === 0 ? [] : await this.#dependencies.rtnetlink.send(messages);
    for (const [index, vmac] of missing.entries()) this.#tell(vmac, "creating", failures[index] ?? null);
  }

  #configure(vmac: Vmac): void {
    const { sysctls } = this.#dependencies;
    const { name, base, family, hasIpv6, ipvlan } = vmac;
    if (ipvlan !== null) {
      sysctls.set(`ipv6/conf/${name}/disable_ipv6`, hasIpv6 ? "0" : "1");
      return;
    }
    if (family === "inet") {
      for (const [key, value] of Object.entries(BASE_SETTINGS)) sysctls.borrow(`ipv4/conf/${base}/${key}`, value);
      for (const [key, value] of Object.entries(IPV4_SETTINGS)) sysctls.set(`ipv4/conf/${name}/${key}`, value);
    }
    sysctls.set(`ipv6/conf/${name}/addr_gen_mode`, "1");
    if (vmac.isHeldDown) sysctls.set(`ipv6/conf/${name}/keep_addr_on_down`, "1");
    if (!hasIpv6) sysctls.set(`ipv6/conf/${name}/disable_ipv6`, "1");
  }

  /** The larger of `all` and the interface holds: a filter for all would also hold on the VMACs. */
  #openAllFilters(vmacs: readonly Vmac[]): void {
    const { sysctls, log } = this.#dependencies;
    const all = sysctls.read("ipv4/conf/all/rp_filter");
    const isOverruling = vmacs.some(({ family, ipvlan }) => family === "inet" && ipvlan === null);
    if (all === null || all === "0" || !isOverruling) return;
    const own = new Set(vmacs.map(({ name }) => name));
    for (const name of ["default", ...sysctls.interfaces()]) {
      const path = `ipv4/conf/${name}/rp_filter`;
      if (!own.has(name) && Number(sysctls.read(path) ?? all) < Number(all)) sysctls.borrow(path, all);
    }
    const text = `NOTICE: setting sysctl net.ipv4.conf.all.rp_filter from ${all} to 0`;
    log({ level: "info", message: "rp_filter moved to the interfaces", fields: { from: all }, text });
    sysctls.borrow("ipv4/conf/all/rp_filter", "0");
  }

  /**
   * keepalived: adverts of a VMAC come from the address of the interface below, so the VMAC must have it too; an ipvlan has
   * an address of its own, or over IPv6 the one that the kernel gives it.
   */
  async #addSources(vmacs: readonly Vmac[], links: ReadonlyMap<string, LinkFacts>): Promise<void> {
    const { rtnetlink } = this.#dependencies;
    const own = vmacs.flatMap(({ name, ipvlan }) => {
      const ifindex = links.get(name)?.ifindex;
      const address = ipvlan?.address ?? null;
      return address === null || ifindex === undefined ? [] : [addressAddMessage(address, ifindex)];
    });
    const senders = vmacs.filter(isSource);
    if (senders.length + own.length === 0) return;
    const addresses = senders.length === 0 ? [] : await rtnetlink.addresses();
    const sources = this.#dependencies.sources();
    const messages = senders.flatMap((vmac) => {
      return this.#shareSource(vmac, { addresses, links, source: sources.get(vmac.instance) ?? null });
    });
    await rtnetlink.send([...own, ...messages]);
  }

  /** The one that the adverts come from; before that is known the first one. It takes the place of the one before. */
  #shareSource({ name, base }: Vmac, { addresses, links, source }: SourceFacts): readonly NetlinkMessage[] {
    const baseIndex = links.get(base)?.ifindex;
    const ifindex = links.get(name)?.ifindex;
    const ofBase = addresses.filter(
      (address) => address.ifindex === baseIndex && address.family === "inet6" && address.scope === LINK_SCOPE,
    );
    const from = ofBase.find(({ address }) => address === source) ?? ofBase[0];
    if (from === undefined || ifindex === undefined) return [];
    const before = this.#shared.get(name);
    this.#shared.set(name, from);
    const placed = { interfaceName: name, preferredLifetime: 0, place: { file: "", line: 1, column: 1 } };
    const added = addressAddMessage({ ...from, ...placed }, ifindex);
    if (before === undefined || before.address === from.address) return [added];
    return [added, addressDeleteMessage({ ...before, ...placed }, ifindex)];
  }

  /** The kernel says so a moment after the link is up; until then the instances would be at fault. */
  async #untilRunning(vmacs: readonly Vmac[]): Promise<void> {
    for (let attempt = 0; attempt < RUNNING_ATTEMPTS; attempt += 1) {
      const links = new Map((await readLinkFacts(this.#dependencies.rtnetlink)).map((link) => [link.name, link]));
      const isAwaited = ({ name, base, isHeldDown }: Vmac): boolean =>
        !isHeldDown && links.get(base)?.isRunning === true && links.get(name)?.isRunning === false;
      if (!vmacs.some(isAwaited)) return;
      await new Promise((resolve) => setTimeout(resolve, RUNNING_PAUSE_MS));
    }
  }

  #tell({ instance, name, ipvlan }: Vmac, action: "creating" | "removing", failure: SyscallFailure | null): void {
    const { log } = this.#dependencies;
    const fields = { instance, interface: name };
    // keepalived: at the end it calls both a VMAC, and has no colon.
    const what = ipvlan !== null && action === "creating" ? "ipvlan" : "VMAC";
    if (failure === null) {
      const colon = action === "creating" ? ":" : "";
      const text = `(${instance})${colon} Success ${action} ${what} interface ${name}`;
      log({ level: "detail", message: `${action} VMAC`, fields, text });
    } else {
      const text = `(${instance}): Error ${action} ${what} interface ${name}: ${failure.message}`;
      log({ level: "error", message: `${action} VMAC failed`, fields: { ...fields, reason: failure.message }, text });
    }
  }
}

/** Adverts over IPv6 go out of it, from the address of the interface below. */
function isSource({ family, sendsAdverts, ipvlan }: Vmac): boolean {
  return family === "inet6" && sendsAdverts && ipvlan === null;
}

function namesOf(events: readonly VrrpEvent[], isDeleted: boolean): ReadonlySet<string> {
  return new Set(
    events.flatMap((event) => (event.kind === "link" && event.isDeleted === isDeleted ? [event.link.name] : [])),
  );
}

function isLinkLocal({ address }: AddressEvent): boolean {
  return address.family === "inet6" && address.scope === LINK_SCOPE;
}
