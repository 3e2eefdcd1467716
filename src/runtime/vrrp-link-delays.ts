import { boundInterface } from "../model/bound-interface.ts";
import type { Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { InterfaceDelay } from "../model/vrrp-complete.ts";
import type { Link } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";
import { type NetworkView, namedInterfaces } from "./vrrp-network.ts";
import type { RunningRouter } from "./vrrp-orders.ts";
import type { VrrpClock } from "./vrrp-types.ts";

interface Held {
  link: Link;
  readonly cancel: () => void;
}

export interface LinkDelayDependencies {
  readonly view: NetworkView;
  readonly clock: VrrpClock;
  readonly log: (record: SpokenRecord) => void;
  /** The link has stayed as it is for its delay. */
  readonly onSettled: (link: Link) => void;
}

/** `interface_up_down_delays`: a link that comes or goes counts as such only when it stays so for a while. */
export class LinkDelays {
  readonly #dependencies: LinkDelayDependencies;
  #delays: ReadonlyMap<string, InterfaceDelay> = new Map();
  readonly #held = new Map<string, Held>();
  /** keepalived: the first time up is never delayed. */
  readonly #wasUp = new Set<string>();

  constructor(dependencies: LinkDelayDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns the instances, those whose link loss the loop must not act on by itself marked */
  configure(delays: readonly InterfaceDelay[], configs: readonly RunningRouter[]): readonly RunningRouter[] {
    const byName = new Map(delays.map((delay) => [delay.name, limited(delay, configs)]));
    for (const { interfaceName, ownInterfaces = [] } of configs) {
      const delay = byName.get(interfaceName);
      if (delay !== undefined) for (const name of ownInterfaces) byName.set(name, delay);
    }
    this.#delays = byName;
    return configs.map((config) =>
      byName.has(boundInterface(config) ?? "") ? { ...config, isLinkLossDelayed: true } : config,
    );
  }

  /** @returns false: the change is held back, and `onSettled` may follow */
  admit(link: Link, isDeleted: boolean): boolean {
    const { view, clock, log, onSettled } = this.#dependencies;
    const delay = this.#delays.get(link.name);
    const isUp = link.isUp && link.isRunning;
    const held = this.#held.get(link.name);
    if (delay === undefined || isDeleted || isUp === view.isUp(link.name)) {
      if (held !== undefined) {
        this.#drop(link.name, held);
        const text = `Delay timer for ${link.name} cancelled`;
        log({ level: "info", message: "link delay cancelled", fields: { interface: link.name }, text });
      }
      return true;
    }
    if (held !== undefined) {
      held.link = link;
      return false;
    }
    const delayUs = isUp ? delay.upDelayUs : delay.downDelayUs;
    const isFirst = isUp && !this.#wasUp.has(link.name);
    this.#wasUp.add(link.name);
    if (delayUs <= 0 || isFirst) return true;
    const cancel = clock.after(delayUs, () => {
      const settled = this.#held.get(link.name)?.link ?? link;
      this.#held.delete(link.name);
      onSettled(settled);
    });
    this.#held.set(link.name, { link, cancel });
    return false;
  }

  stop(): void {
    for (const [name, held] of this.#held) this.#drop(name, held);
  }

  #drop(name: string, { cancel }: Held): void {
    cancel();
    this.#held.delete(name);
  }
}

/** keepalived: shorter than the time after which a backup would take over anyway. */
function limited(delay: InterfaceDelay, configs: readonly VrrpInstance[]): InterfaceDelay {
  const limits = configs
    .filter((config) => namedInterfaces(config).includes(delay.name))
    .map(({ downTimerAdverts, advertisementIntervalUs: us }) => (downTimerAdverts - 1) * us - Math.floor(us / 256));
  const cut = (us: Microseconds): Microseconds => Math.max(0, Math.min(us, ...limits));
  return { name: delay.name, downDelayUs: cut(delay.downDelayUs), upDelayUs: cut(delay.upDelayUs) };
}
