import type { InterfaceAddress, Link, VrrpEvent } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";

export interface AddressMonitorDependencies {
  readonly read: () => Promise<{ readonly links: readonly Link[]; readonly addresses: readonly InterfaceAddress[] }>;
  readonly log: (record: SpokenRecord) => void;
}

/** `-a`: tells of every address of this machine, first of those that are there, then of each that comes or goes. */
export class AddressMonitor {
  readonly #dependencies: AddressMonitorDependencies;
  readonly #names = new Map<number, string>();
  /** Of events that came before the addresses were read. */
  #early: VrrpEvent[] | null = [];

  constructor(dependencies: AddressMonitorDependencies) {
    this.#dependencies = dependencies;
  }

  /** Resolves when those that are there have been told. */
  async open(): Promise<void> {
    const { links, addresses } = await this.#dependencies.read();
    for (const { ifindex, name } of links) this.#names.set(ifindex, name);
    for (const address of addresses) this.#tell(address, false);
    const early = this.#early ?? [];
    this.#early = null;
    this.onEvents(early);
  }

  onEvents(events: readonly VrrpEvent[]): void {
    if (this.#early !== null) this.#early.push(...events);
    else for (const event of events) this.#note(event);
  }

  #note(event: VrrpEvent): void {
    if (event.kind === "link") this.#names.set(event.link.ifindex, event.link.name);
    if (event.kind === "address") this.#tell(event.address, event.isDeleted);
  }

  #tell({ address, ifindex }: InterfaceAddress, isDeleted: boolean): void {
    const name = this.#names.get(ifindex) ?? String(ifindex);
    const text = `Netlink reflector reports IP ${address} ${isDeleted ? "removed from" : "added to"} ${name}`;
    const message = isDeleted ? "address removed" : "address added";
    this.#dependencies.log({ level: "info", message, fields: { address, interface: name }, text });
  }
}
