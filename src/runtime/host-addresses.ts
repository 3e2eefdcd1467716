import type { IpAddress } from "../model/units.ts";
import type { InterfaceAddress, VrrpEvent } from "../native/contract.ts";

export interface HostAddressesDependencies {
  /** @returns a function that ends it */
  readonly watch: (onEvents: (events: readonly VrrpEvent[]) => void) => () => void;
  readonly read: () => Promise<readonly InterfaceAddress[]>;
  /** The first holder of an address came, or the last one went. */
  readonly onNews: (address: IpAddress, isHeld: boolean) => void;
}

/** The addresses that this machine holds, on whichever interface. */
export class HostAddresses {
  readonly #dependencies: HostAddressesDependencies;
  /** By address, the interfaces that have it. */
  #holders = new Map<IpAddress, Set<string>>();
  #isRead = false;
  /** Something happened while the addresses were being read. */
  #isStale = false;
  #end: (() => void) | null = null;

  constructor(dependencies: HostAddressesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Resolves when the addresses are known; nobody is told of those. */
  async open(): Promise<void> {
    this.#end ??= this.#dependencies.watch((events) => this.#onEvents(events));
    await this.#read();
  }

  has(address: IpAddress): boolean {
    return this.#holders.has(address);
  }

  /** Idempotent. */
  close(): void {
    this.#end?.();
    this.#end = null;
  }

  async #read(): Promise<void> {
    this.#isRead = false;
    let addresses: readonly InterfaceAddress[] = [];
    do {
      this.#isStale = false;
      addresses = await this.#dependencies.read();
    } while (this.#isStale);
    this.#holders = new Map();
    for (const address of addresses) holdersOf(this.#holders, address.address).add(placeOf(address));
    this.#isRead = true;
  }

  #onEvents(events: readonly VrrpEvent[]): void {
    for (const event of events) {
      if (event.kind === "overrun") void this.#readAgain();
      if (event.kind !== "address") continue;
      if (this.#isRead) this.#note(event.address, event.isDeleted);
      else this.#isStale = true;
    }
  }

  /** Events were lost: what changed is told as if they had come. */
  async #readAgain(): Promise<void> {
    if (!this.#isRead) {
      this.#isStale = true;
      return;
    }
    const before = this.#holders;
    // A dump that fails leaves things as they are until the next event is lost.
    await this.#read().catch(() => {
      this.#isRead = true;
    });
    if (this.#end === null) return;
    for (const address of before.keys()) if (!this.has(address)) this.#dependencies.onNews(address, false);
    for (const address of this.#holders.keys()) if (!before.has(address)) this.#dependencies.onNews(address, true);
  }

  #note(address: InterfaceAddress, isDeleted: boolean): void {
    const name = address.address;
    const wasHeld = this.has(name);
    const holders = holdersOf(this.#holders, name);
    if (isDeleted) holders.delete(placeOf(address));
    else holders.add(placeOf(address));
    if (holders.size === 0) this.#holders.delete(name);
    if (this.has(name) !== wasHeld) this.#dependencies.onNews(name, !wasHeld);
  }
}

function holdersOf(all: Map<IpAddress, Set<string>>, address: IpAddress): Set<string> {
  const holders = all.get(address) ?? new Set();
  all.set(address, holders);
  return holders;
}

/** One interface may have an address twice, with different prefix lengths. */
function placeOf({ ifindex, prefixLength }: InterfaceAddress): string {
  return `${ifindex}/${prefixLength}`;
}
