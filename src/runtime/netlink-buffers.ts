import type { CompleteConfiguration } from "../model/complete.ts";
import type { BufferSettings } from "../model/global-complete.ts";
import type { IpvsTable, NetlinkBuffer, NetlinkBufferControl, NetlinkBuffers } from "../native/contract.ts";

/** Which of keepalived's processes there would be. */
export interface BufferUses {
  readonly hasVrrp: boolean;
  readonly hasCheckers: boolean;
}

export interface BufferPlan {
  readonly loop: NetlinkBuffers;
  /** Of the socket that programs IPVS. */
  readonly table: NetlinkBuffer | null;
}

const LARGEST_BYTES = 2 ** 31 - 1;

/** keepalived: 0 is no wish. */
function wish({ sizeBytes, isForced }: BufferSettings): NetlinkBuffer | null {
  return sizeBytes === 0 ? null : { sizeBytes: Math.min(sizeBytes, LARGEST_BYTES), isForced };
}

/**
 * What the words for keepalived's two processes mean for our sockets. The socket that hears of links and addresses serves
 * both halves: it gets the larger of two sizes, forced if either is.
 */
export function planBuffers({ global }: Pick<CompleteConfiguration, "global">, uses: BufferUses): BufferPlan {
  const { vrrpCommand, vrrpMonitor, lvsCommand, lvsMonitor } = global.buffers;
  const heard = [...(uses.hasVrrp ? [vrrpMonitor] : []), ...(uses.hasCheckers ? [lvsMonitor] : [])];
  const wishes = heard.map(wish).filter((each) => each !== null);
  const monitor = wishes.reduce<NetlinkBuffer | null>(
    (best, each) => ({
      sizeBytes: Math.max(best?.sizeBytes ?? 0, each.sizeBytes),
      isForced: each.isForced || best?.isForced === true,
    }),
    null,
  );
  return { loop: { monitor, command: uses.hasVrrp ? wish(vrrpCommand) : null }, table: wish(lvsCommand) };
}

const NO_PLAN: BufferPlan = { loop: { monitor: null, command: null }, table: null };

/** Keeps the receive buffers of netlink sockets as configured, from their opening on and at each reload. */
export class NetlinkSockets {
  #plan = NO_PLAN;
  #loop: NetlinkBufferControl | null = null;
  #table: Pick<IpvsTable, "setReceiveBuffer"> | null = null;

  /** Start or reload. */
  configure(configuration: Pick<CompleteConfiguration, "global">, uses: BufferUses): void {
    const before = this.#plan;
    this.#plan = planBuffers(configuration, uses);
    if (JSON.stringify(before) === JSON.stringify(this.#plan)) return;
    this.#setLoop();
    this.#setTable();
  }

  holdLoop<Loop extends NetlinkBufferControl>(loop: Loop): Loop {
    this.#loop = loop;
    this.#setLoop();
    return loop;
  }

  holdTable(table: IpvsTable): IpvsTable {
    this.#table = table;
    this.#setTable();
    return table;
  }

  #setLoop(): void {
    try {
      this.#loop?.setReceiveBuffers(this.#plan.loop);
    } catch {
      // It is closed: the next one will be held.
      this.#loop = null;
    }
  }

  #setTable(): void {
    try {
      this.#table?.setReceiveBuffer?.(this.#plan.table).catch(() => undefined);
    } catch {
      this.#table = null;
    }
  }
}
