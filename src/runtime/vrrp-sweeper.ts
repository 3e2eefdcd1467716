import type { InterfaceAddress, PreparedObject } from "../native/contract.ts";
import { objectsWithout, removeAddresses, removeObjects } from "./network-objects.ts";
import type { RunningInstance } from "./vrrp-instance.ts";
import { addressKey, type NetworkView } from "./vrrp-network.ts";
import type { VrrpRuntimeDependencies } from "./vrrp-types.ts";

/** Removes virtual addresses, routes and rules that nobody answers for. */
export class AddressSweeper {
  readonly #view: NetworkView;
  readonly #dependencies: VrrpRuntimeDependencies;

  constructor(view: NetworkView, dependencies: VrrpRuntimeDependencies) {
    this.#view = view;
    this.#dependencies = dependencies;
  }

  /** keepalived: addresses of an earlier run are removed before anything else. */
  async removeLeftOvers(instances: readonly RunningInstance[]): Promise<void> {
    const found = instances.map((instance) => ({
      name: instance.config.name,
      addresses: instance.addresses().filter((address) => this.#view.hasAddress(address)),
    }));
    for (const { name, addresses } of found) if (addresses.length > 0) this.#sayRemoval(name);
    await this.#deleteObjects(instances.flatMap((instance) => instance.objects()));
    await this.remove(found.flatMap(({ addresses }) => addresses));
  }

  /** Routes and rules that no instance has any more after a reload. */
  async removeSurplusObjects(before: readonly PreparedObject[], instances: readonly RunningInstance[]): Promise<void> {
    const kept = instances.flatMap((instance) => instance.objects());
    await this.#deleteObjects(objectsWithout(before, kept));
  }

  async #deleteObjects(objects: readonly PreparedObject[]): Promise<void> {
    for (const { syscall, message: reason } of await removeObjects(this.#dependencies.rtnetlink, objects)) {
      const message = "route or rule not removed";
      const text = `${message} command=${syscall} reason=${reason}`;
      this.#dependencies.log({ level: "warning", message, fields: { syscall, reason }, text });
    }
  }

  /** Addresses that no instance has any more after a reload. */
  async removeSurplus(before: readonly InterfaceAddress[], instances: readonly RunningInstance[]): Promise<void> {
    const kept = new Set(instances.flatMap((instance) => instance.addresses().map(addressKey)));
    const gone = before.filter((address) => !kept.has(addressKey(address)) && this.#view.hasAddress(address));
    await this.remove(gone);
  }

  /** What can't be removed is told. */
  async remove(addresses: readonly InterfaceAddress[]): Promise<void> {
    for (const { address, failure } of await removeAddresses(this.#dependencies.rtnetlink, addresses)) {
      if (failure === null) this.#view.setAddress(address, true);
      else this.#sayFailure(address.address, failure.message);
    }
  }

  #sayRemoval(instance: string): void {
    const message = "removing left-over addresses";
    this.#dependencies.log({ level: "detail", message, fields: { instance }, text: `(${instance}) removing VIPs.` });
  }

  #sayFailure(address: string, reason: string): void {
    const message = "address not removed";
    const text = `${message} address=${address} reason=${reason}`;
    this.#dependencies.log({ level: "warning", message, fields: { address, reason }, text });
  }
}
