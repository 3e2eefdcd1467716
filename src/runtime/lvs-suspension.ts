import { addressesToHold } from "../checker/suspension.ts";
import { type GroupMembers, rangeAddresses } from "../ipvs/groups.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { IpAddress } from "../model/units.ts";
import { HostAddresses, type HostAddressesDependencies } from "./host-addresses.ts";
import type { SpokenRecord } from "./log.ts";
import { speakAddressNews } from "./lvs-wording.ts";

export interface SuspensionDependencies {
  readonly addresses: Omit<HostAddressesDependencies, "onNews">;
  readonly log: (record: SpokenRecord) => void;
  /** By position, the virtual servers whose checkers begin to rest or to run. */
  readonly onNews: (virtualServers: readonly number[]) => void;
}

/** `ha_suspend`: which virtual servers' checkers rest, because this machine does not hold the address. */
export class Suspension {
  readonly #dependencies: SuspensionDependencies;
  readonly #addresses: HostAddresses;
  #isOpen = false;
  /** By virtual server; null for one whose checkers always run. */
  #wanted: readonly (readonly IpAddress[] | null)[] = [];
  #suspended: ReadonlySet<number> = new Set();

  constructor(dependencies: SuspensionDependencies) {
    this.#dependencies = dependencies;
    const { watch, read } = dependencies.addresses;
    this.#addresses = new HostAddresses({ watch, read, onNews: (address, isHeld) => this.#onNews(address, isHeld) });
  }

  /** Addresses are watched from the first virtual server on that asks for it. @throws NativeError */
  async configure(virtualServers: readonly VirtualServer[], groups: GroupMembers): Promise<void> {
    this.#wanted = virtualServers.map((virtualServer) =>
      addressesToHold(
        virtualServer,
        (group) => (groups.get(group) ?? []).filter((member) => member.kind !== "fwmark"),
        ({ family, from, to }) => rangeAddresses(family, from, to),
      ),
    );
    if (!this.#isOpen && this.#wanted.some((addresses) => addresses !== null)) {
      this.#isOpen = true;
      await this.#addresses.open();
    }
    this.#suspended = this.#find();
  }

  isSuspended(virtualServer: number): boolean {
    return this.#suspended.has(virtualServer);
  }

  /** Idempotent. */
  close(): void {
    this.#addresses.close();
  }

  #find(): ReadonlySet<number> {
    const suspended = new Set<number>();
    this.#wanted.forEach((addresses, index) => {
      if (addresses?.every((address) => !this.#addresses.has(address)) === true) suspended.add(index);
    });
    return suspended;
  }

  #onNews(address: IpAddress, isHeld: boolean): void {
    if (!this.#wanted.some((addresses) => addresses?.includes(address) === true)) return;
    this.#dependencies.log(speakAddressNews(address, isHeld));
    const before = this.#suspended;
    this.#suspended = this.#find();
    const news = this.#wanted.flatMap((_, index) => (before.has(index) === this.isSuspended(index) ? [] : [index]));
    if (news.length > 0) this.#dependencies.onNews(news);
  }
}
