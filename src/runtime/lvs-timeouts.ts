import { isSameModel } from "../model/equality.ts";
import type { ConfiguredGlobals } from "../model/global-complete.ts";
import type { IpvsCommand, IpvsTable, IpvsTimeouts } from "../native/contract.ts";

/** `lvs_timeouts`: the kernel's connection timeouts. Says what to do about them; who asks does it. */
export class KernelTimeouts {
  readonly #table: Pick<IpvsTable, "timeouts">;
  /** The kernel's, before the first change. */
  #found: IpvsTimeouts | null = null;
  /** Null: whatever the kernel has is right. */
  #wanted: IpvsTimeouts | null = null;

  constructor(table: Pick<IpvsTable, "timeouts">) {
    this.#table = table;
  }

  /**
   * @param seconds zero means the value found at first, so that three zeros put all back
   * @throws NativeError
   */
  async use({ tcp, tcpFin, udp }: ConfiguredGlobals["lvsTimeoutsSec"]): Promise<readonly IpvsCommand[]> {
    const isNone = tcp + tcpFin + udp === 0;
    if (isNone && this.#found === null) return [];
    this.#found ??= await this.#table.timeouts();
    const { tcpSec, tcpFinSec, udpSec } = this.#found;
    const timeouts = { tcpSec: tcp || tcpSec, tcpFinSec: tcpFin || tcpFinSec, udpSec: udp || udpSec };
    this.#wanted = isNone ? null : timeouts;
    return [{ kind: "set-timeouts", timeouts }];
  }

  /** What another program has changed since. @throws NativeError */
  async repairs(): Promise<readonly IpvsCommand[]> {
    const timeouts = this.#wanted;
    if (timeouts === null || isSameModel(await this.#table.timeouts(), timeouts)) return [];
    return [{ kind: "set-timeouts", timeouts }];
  }
}
