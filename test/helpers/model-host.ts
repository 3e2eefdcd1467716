import type {
  AddressCommand,
  InterfaceAddress,
  Link,
  Rtnetlink,
  SyscallFailure,
  VrrpAction,
  VrrpEvent,
  VrrpTransport,
} from "../../src/native/contract.ts";
import { ModelLoop, type ModelWorld } from "./model-loop.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A machine: links, addresses, one vrrp loop and a main thread that can be put to sleep. */
export class ModelHost implements ModelWorld {
  readonly clock = new VirtualClock();
  readonly rtnetlink: Rtnetlink;
  /** What was sent: `priority` of each advert. */
  onAdvert: (transport: VrrpTransport, priority: number, atUs: number) => void = () => undefined;
  isBlocked = false;
  #loop: ModelLoop | null = null;
  #onEvents: (events: readonly VrrpEvent[]) => void = () => undefined;
  readonly #links = new Map<string, Link>();
  #addresses: InterfaceAddress[] = [];

  constructor() {
    this.rtnetlink = {
      send: async (messages) => messages.map(() => null),
      query: async () => [],
      links: async () => [...this.#links.values()],
      beats: async (requests) => requests.map(() => null),
      addresses: async () => [...this.#addresses],
      apply: async (commands) => commands.map((command) => this.#apply(command)),
      close: () => undefined,
    };
  }

  get loop(): ModelLoop {
    if (this.#loop === null) throw new Error("the loop was not made yet");
    return this.#loop;
  }

  get hasLoop(): boolean {
    return this.#loop !== null;
  }

  createLoop(leaseUs: number, onEvents: (events: readonly VrrpEvent[]) => void): ModelLoop {
    this.#loop = new ModelLoop({ leaseUs, world: this });
    this.#loop.nowUs = this.clock.nowUs();
    this.#onEvents = onEvents;
    return this.#loop;
  }

  /** Also changes one that is there. */
  addLink(name: string, ifindex: number, facts: Partial<Pick<Link, "kind" | "masterIfindex">> = {}): void {
    const mac = `02:00:00:00:00:${String(ifindex).padStart(2, "0")}`;
    const link: Link = {
      ifindex,
      name,
      kind: "veth",
      mac,
      mtu: 1500,
      isUp: true,
      isRunning: true,
      hasArp: true,
      isLoopback: false,
      masterIfindex: 0,
      ...facts,
    };
    this.#links.set(name, link);
    this.#tell({ kind: "link", link, isDeleted: false, atUs: this.clock.nowUs() });
  }

  deleteLink(name: string): void {
    const link = this.#links.get(name);
    if (link === undefined) return;
    this.setCarrier(name, false);
    this.#links.delete(name);
    this.#addresses = this.#addresses.filter(({ ifindex }) => ifindex !== link.ifindex);
    this.#tell({
      kind: "link",
      link: { ...link, isUp: false, isRunning: false },
      isDeleted: true,
      atUs: this.clock.nowUs(),
    });
  }

  renameLink(from: string, to: string): void {
    const link = this.#links.get(from);
    if (link === undefined) return;
    this.#links.delete(from);
    this.#links.set(to, { ...link, name: to });
    this.#tell({ kind: "link", link: { ...link, name: to }, isDeleted: false, atUs: this.clock.nowUs() });
  }

  setCarrier(name: string, isRunning: boolean): void {
    const link = this.#links.get(name);
    if (link === undefined || link.isRunning === isRunning) return;
    const changed = { ...link, isRunning };
    this.#links.set(name, changed);
    if (!isRunning) this.#loseLink(link.ifindex);
    this.#tell({ kind: "link", link: changed, isDeleted: false, atUs: this.clock.nowUs() });
  }

  address(interfaceName: string, address: string, prefixLength: number): InterfaceAddress {
    const ifindex = this.#links.get(interfaceName)?.ifindex ?? 0;
    return { ifindex, family: "inet", address, prefixLength, scope: 0, label: null, broadcast: null, peer: null };
  }

  addAddress(address: InterfaceAddress): void {
    if (this.#find(address) !== undefined) return;
    this.#addresses.push(address);
    this.#tell({ kind: "address", address, isDeleted: false, atUs: this.clock.nowUs() });
  }

  deleteAddress(address: InterfaceAddress): void {
    const found = this.#find(address);
    if (found === undefined) return;
    this.#addresses = this.#addresses.filter((other) => other !== found);
    this.#tell({ kind: "address", address: found, isDeleted: true, atUs: this.clock.nowUs() });
  }

  addresses(): readonly string[] {
    return this.#addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  }

  onAction(_instance: number, transport: VrrpTransport, action: VrrpAction, atUs: number): void {
    if (action.kind === "send-advert") this.onAdvert(transport, action.priority, atUs);
    if (action.kind === "add-addresses") transport.addresses.forEach((address) => void this.addAddress(plain(address)));
    if (action.kind === "remove-addresses") {
      transport.addresses.forEach((address) => void this.deleteAddress(plain(address)));
    }
  }

  /** Lets the loop and, unless it is blocked, the main thread do what they can right now. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const isBusy = this.#pump();
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      quiet = isBusy ? 0 : quiet + 1;
    }
  }

  /** Like `settle` where nothing is awaited. */
  settleNow(): void {
    while (this.#pump()) {
      // Each round is one wake-up of the main thread.
    }
  }

  /** Moves both clocks on, running what falls due in order. */
  async advanceTo(atUs: number): Promise<void> {
    for (let next = this.nextUs(); next !== null && next <= atUs; next = this.nextUs()) {
      this.#moveTo(next);
      await this.settle();
    }
    this.#moveTo(atUs);
    await this.settle();
  }

  /** As `advanceTo`, for tests in which nothing awaits. */
  advanceNow(atUs: number): void {
    for (let next = this.nextUs(); next !== null && next <= atUs; next = this.nextUs()) {
      this.#moveTo(next);
      this.settleNow();
    }
    this.#moveTo(atUs);
    this.settleNow();
  }

  nextUs(): number | null {
    const times = [
      this.#loop?.isClosed === false ? this.#loop.nextTimerUs() : null,
      this.isBlocked ? null : this.clock.nextUs(),
    ];
    const known = times.filter((time) => time !== null);
    return known.length === 0 ? null : Math.max(this.clock.nowUs(), Math.min(...known));
  }

  #moveTo(atUs: number): void {
    this.clock.sleepTo(atUs);
    if (this.#loop?.isClosed === false) this.#loop.advanceTo(atUs);
    if (!this.isBlocked) this.clock.runDue();
  }

  #pump(): boolean {
    if (this.#loop === null || this.#loop.isClosed) return false;
    this.#loop.turn();
    if (this.isBlocked) return false;
    const events = this.#loop.takeEvents();
    if (events.length > 0) this.#onEvents(events);
    return events.length > 0;
  }

  #loseLink(ifindex: number): void {
    for (const number of this.#loop?.instanceNumbers() ?? []) {
      if (this.#loop?.transportOf(number)?.ifindex === ifindex) this.#loop.loseLink(number);
    }
  }

  #tell(event: VrrpEvent): void {
    if (this.#loop?.isClosed === false) this.#loop.emit(event);
  }

  #find(address: InterfaceAddress): InterfaceAddress | undefined {
    return this.#addresses.find(
      (other) =>
        other.ifindex === address.ifindex &&
        other.address === address.address &&
        other.prefixLength === address.prefixLength,
    );
  }

  #apply(command: AddressCommand): SyscallFailure | null {
    const exists = this.#find(command.address) !== undefined;
    if (command.kind === "address-add") {
      if (exists) return failure("RTM_NEWADDR", 17, "EEXIST");
      this.addAddress(command.address);
      return null;
    }
    if (!exists) return failure("RTM_DELADDR", 99, "EADDRNOTAVAIL");
    this.deleteAddress(command.address);
    return null;
  }
}

function failure(syscall: string, errno: number, code: string): SyscallFailure {
  return { syscall, errno, code, message: code };
}

function plain({
  ifindex,
  family,
  address,
  prefixLength,
  scope,
  label,
  broadcast,
  peer,
}: InterfaceAddress): InterfaceAddress {
  return { ifindex, family, address, prefixLength, scope, label, broadcast, peer };
}
