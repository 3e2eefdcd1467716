import type {
  BfdEvent,
  BfdLoop,
  LoopEvent,
  VrrpEvent,
  VrrpLoop,
  VrrpLoopHealth,
  VrrpLoopOptions,
} from "../native/contract.ts";

type Loop = VrrpLoop & BfdLoop;

/** What BFD wants to hear of: its sessions, and that events were lost. */
export type BfdLoopEvent = BfdEvent | Extract<VrrpEvent, { kind: "overrun" }>;

/** The part of the loop that BFD uses. */
export interface BfdLoopUse extends BfdLoop {
  health(): VrrpLoopHealth;
  close(): void;
}

export type CreateLoop = (options: VrrpLoopOptions, onEvents: (events: readonly LoopEvent[]) => void) => Loop;

const IGNORE = (): void => undefined;

/**
 * The vrrp loop, which VRRP and BFD both hold: the first one opens it, the last one closes it. Of a batch of events BFD gets its
 * own first, so that VRRP knows which session is down when it hears what the loop did about it.
 */
export class SharedLoop {
  readonly #create: CreateLoop;
  readonly #numbers = new Map<string, number>();
  #loop: Loop | null = null;
  #users = 0;
  #onVrrp: (events: readonly VrrpEvent[]) => void = IGNORE;
  #onBfd: (events: readonly BfdLoopEvent[]) => void = IGNORE;
  #onNetwork: (events: readonly VrrpEvent[]) => void = IGNORE;

  constructor(create: CreateLoop) {
    this.#create = create;
  }

  /** A session's number on the loop: the same for a name as long as the process lives. */
  sessionNumber(name: string): number {
    const number = this.#numbers.get(name) ?? this.#numbers.size + 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** @param options in force when BFD has not opened the loop already */
  openVrrp(options: VrrpLoopOptions, onEvents: (events: readonly VrrpEvent[]) => void): VrrpLoop {
    this.#onVrrp = onEvents;
    const loop = this.#take(options);
    const open = new Set<number>();
    return {
      openInstance: (instance, transport) => {
        open.add(instance);
        loop.openInstance(instance, transport);
      },
      closeInstance: (instance) => {
        open.delete(instance);
        loop.closeInstance(instance);
      },
      submit: (instance, order) => loop.submit(instance, order),
      setGroup: (members) => loop.setGroup(members),
      setFollowers: (session, instances) => loop.setFollowers(session, instances),
      setPacing: (groups) => loop.setPacing(groups),
      renewLease: () => loop.renewLease(),
      counters: (instance) => loop.counters(instance),
      health: () => loop.health(),
      close: () => {
        this.#onVrrp = IGNORE;
        this.#release(() => {
          for (const instance of open) loop.closeInstance(instance);
        });
      },
    };
  }

  openBfd(options: VrrpLoopOptions, onEvents: (events: readonly BfdLoopEvent[]) => void): BfdLoopUse {
    this.#onBfd = onEvents;
    const loop = this.#take(options);
    const open = new Set<number>();
    return {
      openSession: (session, settings) => {
        open.add(session);
        loop.openSession(session, settings);
      },
      closeSession: (session) => {
        open.delete(session);
        loop.closeSession(session);
      },
      sessionStatus: (session) => loop.sessionStatus(session),
      health: () => loop.health(),
      close: () => {
        this.#onBfd = IGNORE;
        this.#release(() => {
          for (const session of open) loop.closeSession(session);
        });
      },
    };
  }

  /** For who only wants to hear of the network. @returns a function that ends it */
  watchNetwork(options: VrrpLoopOptions, onEvents: (events: readonly VrrpEvent[]) => void): () => void {
    this.#onNetwork = onEvents;
    this.#take(options);
    return () => {
      this.#onNetwork = IGNORE;
      this.#release(IGNORE);
    };
  }

  #take(options: VrrpLoopOptions): Loop {
    this.#loop ??= this.#create(options, (events) => this.#deliver(events));
    this.#users += 1;
    return this.#loop;
  }

  /** @param leave takes away what the one that goes had opened, when another one stays */
  #release(leave: () => void): void {
    this.#users -= 1;
    if (this.#users > 0) {
      leave();
      return;
    }
    this.#loop?.close();
    this.#loop = null;
  }

  #deliver(events: readonly LoopEvent[]): void {
    const ofBfd = events.filter((event): event is BfdLoopEvent => isBfd(event) || event.kind === "overrun");
    const ofVrrp = events.filter((event): event is VrrpEvent => !isBfd(event));
    if (ofBfd.length > 0) this.#onBfd(ofBfd);
    if (ofVrrp.length > 0) this.#onVrrp(ofVrrp);
    if (ofVrrp.length > 0) this.#onNetwork(ofVrrp);
  }
}

function isBfd(event: LoopEvent): event is BfdEvent {
  return event.kind.startsWith("session");
}
