import type { CompleteConfiguration } from "../model/complete.ts";
import type { InterfaceAddress, Link, VrrpEvent } from "../native/contract.ts";
import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";
import type { StateObserver } from "./state-observers.ts";
import { VirtualAddressSet } from "./vrrp-network.ts";

export interface AddressReportsDependencies {
  readonly log: Logger;
  /** Of the namespace that VRRP works in. */
  readonly readInterfaces: () => Promise<{
    readonly links: readonly Link[];
    readonly addresses: readonly InterfaceAddress[];
  }>;
}

/** `-a`: tells of each address that is there at the start, and that comes or goes later. keepalived: not of virtual ones. */
export class AddressReports implements StateObserver {
  readonly #dependencies: AddressReportsDependencies;
  readonly #names = new Map<number, string>();
  #virtual = new VirtualAddressSet([]);
  #hasBegun = false;

  constructor(dependencies: AddressReportsDependencies) {
    this.#dependencies = dependencies;
  }

  configured({ vrrpInstances }: CompleteConfiguration): void {
    this.#virtual = new VirtualAddressSet(vrrpInstances);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    void this.#tellAll();
  }

  networkNews(events: readonly VrrpEvent[]): void {
    for (const event of events) {
      if (event.kind === "link") this.#names.set(event.link.ifindex, event.link.name);
      if (event.kind === "address") this.#tell(event.address, event.isDeleted ? "address gone" : "address there");
    }
  }

  async #tellAll(): Promise<void> {
    try {
      const { links, addresses } = await this.#dependencies.readInterfaces();
      for (const { ifindex, name } of links) this.#names.set(ifindex, name);
      for (const address of addresses) this.#tell(address, "address there");
    } catch (error) {
      this.#dependencies.log.warning("interfaces not readable", { reason: errorText(error) });
    }
  }

  #tell(address: InterfaceAddress, message: "address there" | "address gone"): void {
    if (this.#virtual.has(address)) return;
    const link = this.#names.get(address.ifindex) ?? `interface ${address.ifindex}`;
    this.#dependencies.log.info(message, { address: address.address, link });
  }
}
