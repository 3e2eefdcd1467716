import type { CompleteConfiguration } from "../model/complete.ts";
import type { BeatRequest, Link, Rtnetlink, VrrpEvent, VrrpLoop } from "../native/contract.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import type { VrrpClock } from "./vrrp-types.ts";

/** A link that counts as down though the kernel says otherwise, or up again. */
export interface BeatingLink extends Link {
  readonly isByLinkbeat: true;
}

export interface LinkBeatsDependencies {
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
}

const POLL_INTERVAL_US = 1_000_000;

const METHODS: Readonly<Record<string, BeatRequest["method"]>> = { MII: "mii", ETHTOOL: "ethtool", IOCTL: "ioctl" };

/** `linkbeat_use_polling` and `linkbeat_interfaces`: whose drivers are asked for the carrier. */
export function polledLinks({
  global,
  linkbeatInterfaces,
  vrrpInstances,
}: Pick<CompleteConfiguration, "global" | "linkbeatInterfaces" | "vrrpInstances">): readonly BeatRequest[] {
  const ofInstances = vrrpInstances.filter(({ pollsLinkbeat }) => global.pollsAllLinks || pollsLinkbeat);
  const named = ofInstances.filter(({ interfaceName }) => interfaceName !== "");
  const requests: readonly BeatRequest[] = [
    ...linkbeatInterfaces.map(({ name, method }) => ({ name, method: METHODS[method ?? ""] ?? null })),
    ...named.map(({ interfaceName }) => ({ name: interfaceName, method: null })),
  ];
  return [...new Map(requests.toReversed().map((request) => [request.name, request])).values()].toReversed();
}

type OnEvents = (events: readonly VrrpEvent[]) => void;
type Links = Pick<Rtnetlink, "links" | "addresses" | "beats" | "apply" | "send" | "query" | "close">;

/**
 * Carriers for drivers that do not tell the kernel of them: once a second the drivers are asked, off all loops, and a link
 * without a beat counts as one that is not running. What the kernel tells of a loss counts all the same, and at once. VRRP
 * sees the links through here, so it knows of no polling.
 */
export class LinkBeats {
  readonly #dependencies: LinkBeatsDependencies;
  #requests: readonly BeatRequest[] = [];
  /** As the kernel told of them. */
  readonly #links = new Map<string, Link>();
  #lost: ReadonlySet<string> = new Set();
  #rtnetlink: Links | null = null;
  #onEvents: OnEvents = () => undefined;
  #cancel: () => void = () => undefined;
  #failure: string | null = null;

  constructor(dependencies: LinkBeatsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Start or reload. */
  configure(requests: readonly BeatRequest[]): void {
    const wasIdle = this.#requests.length === 0;
    this.#requests = requests;
    if (this.#rtnetlink !== null && wasIdle !== (requests.length === 0)) void this.#poll();
  }

  /** @returns what VRRP shall use instead of this socket, until `close` of it is called */
  attach(rtnetlink: Links): Links {
    this.#rtnetlink = rtnetlink;
    return {
      links: async () => {
        // First the beats: nobody is told yet of a link that is not known yet.
        if (this.#requests.length > 0) await this.#poll();
        const links = await rtnetlink.links();
        this.#links.clear();
        for (const link of links) this.#links.set(link.name, link);
        return links.map((link) => this.#shown(link));
      },
      addresses: () => rtnetlink.addresses(),
      beats: (requests) => rtnetlink.beats(requests),
      apply: (commands) => rtnetlink.apply(commands),
      send: (messages) => rtnetlink.send(messages),
      query: (message) => rtnetlink.query(message),
      close: () => rtnetlink.close(),
    };
  }

  /** @returns a loop whose events of links go through here */
  follow(onEvents: OnEvents, open: (onEvents: OnEvents) => VrrpLoop): VrrpLoop {
    this.#onEvents = onEvents;
    const loop = open((events) => onEvents(events.map((event) => this.#heard(event))));
    return {
      ...loop,
      close: () => {
        this.#onEvents = () => undefined;
        this.#rtnetlink = null;
        this.#cancel();
        loop.close();
      },
    };
  }

  #heard(event: VrrpEvent): VrrpEvent {
    if (event.kind !== "link") return event;
    const { link, isDeleted } = event;
    if (isDeleted) this.#links.delete(link.name);
    else this.#links.set(link.name, link);
    return isDeleted ? event : { ...event, link: this.#shown(link) };
  }

  #shown(link: Link): Link {
    return this.#lost.has(link.name) ? { ...link, isRunning: false } : link;
  }

  async #poll(): Promise<void> {
    this.#cancel();
    const rtnetlink = this.#rtnetlink;
    if (rtnetlink === null) return;
    const requests = this.#requests;
    try {
      const beats = requests.length === 0 ? [] : await rtnetlink.beats(requests);
      if (requests !== this.#requests) return await this.#poll();
      this.#take(requests.filter((_, index) => beats[index] === false).map(({ name }) => name));
      this.#failure = null;
    } catch (error) {
      this.#complain(errorText(error));
    }
    this.#cancel();
    if (requests.length > 0) this.#cancel = this.#dependencies.clock.after(POLL_INTERVAL_US, () => void this.#poll());
  }

  #take(lost: readonly string[]): void {
    const before = this.#lost;
    this.#lost = new Set(lost);
    const changed = [...new Set([...before, ...lost])].filter((name) => before.has(name) !== this.#lost.has(name));
    const atUs = this.#dependencies.clock.nowUs();
    const events = changed.flatMap((name): readonly VrrpEvent[] => {
      const link = this.#links.get(name);
      // The kernel has said already that it is down.
      if (link === undefined || !link.isUp || !link.isRunning) return [];
      const told: BeatingLink = { ...this.#shown(link), isByLinkbeat: true };
      return [{ kind: "link", link: told, isDeleted: false, atUs }];
    });
    if (events.length > 0) this.#onEvents(events);
  }

  #complain(reason: string): void {
    if (this.#failure === reason) return;
    this.#failure = reason;
    const text = `Linkbeat: cannot ask drivers for carriers, going on with what netlink tells: ${reason}`;
    this.#dependencies.log({ level: "warning", message: "linkbeat failed", fields: { reason }, text });
  }
}
