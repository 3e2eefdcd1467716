import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { AdvertFacts, VrrpAction } from "../../src/native/contract.ts";
import { classifyAdvert } from "../../src/vrrp/election.ts";
import { step } from "../../src/vrrp/machine.ts";
import { activeDownIntervalUs, effectivePriority, electedRouter, intervalOf } from "../../src/vrrp/timers.ts";
import {
  type ControlEffect,
  INITIAL_STATE,
  interfaceDown,
  isControlEffect,
  type RouterEvent,
  type VrrpState,
} from "../../src/vrrp/types.ts";
import { OWN_ADDRESS } from "./vrrp-arbitraries.ts";

/** The pure machine on its own clock, with no loop, program or report in between. */
export class ReferenceRouter {
  state: VrrpState = INITIAL_STATE;
  nowUs = 0;
  readonly trace: { readonly atUs: number; readonly action: VrrpAction }[] = [];
  adverAtUs: number | null = null;
  activeDownAtUs: number | null = null;
  lastIntervalUs: number | null = null;
  readonly #router: VrrpInstance;
  readonly #address: string;

  /** @param address it sends from */
  constructor(router: VrrpInstance, address: string = OWN_ADDRESS) {
    this.#router = router;
    this.#address = address;
  }

  /** What JavaScript has to do; nothing here. */
  protected control(_effect: ControlEffect): void {}

  feed(event: RouterEvent): void {
    const advertIntervalUs = event.kind === "advert" ? event.advert.intervalUs : null;
    const result = step(this.#router, this.state, event);
    this.state = result.state;
    for (const effect of result.effects) {
      if (isControlEffect(effect)) {
        this.control(effect);
        continue;
      }
      this.trace.push({ atUs: this.nowUs, action: effect });
      this.#applyTimer(effect, advertIntervalUs);
    }
  }

  receive(advert: AdvertFacts): void {
    const priority = effectivePriority(electedRouter(this.#router, this.state), this.state.weight);
    const own = { priority, address: this.#address, family: this.#router.family };
    this.feed({ kind: "advert", class: classifyAdvert(own, advert), advert });
  }

  loseLink(): void {
    if (this.#router.ignoresOwnInterface) return;
    this.feed({ kind: "fault-raised", reason: interfaceDown(this.#router.interfaceName) });
  }

  advanceTo(atUs: number): void {
    for (;;) {
      const nextUs = Math.min(this.adverAtUs ?? Infinity, this.activeDownAtUs ?? Infinity);
      if (nextUs > atUs) break;
      this.nowUs = nextUs;
      if (this.activeDownAtUs === nextUs) {
        this.activeDownAtUs = null;
        this.feed({ kind: "active-down" });
      } else {
        this.adverAtUs = null;
        this.feed({ kind: "adver" });
      }
    }
    this.nowUs = atUs;
  }

  #applyTimer(action: VrrpAction, advertIntervalUs: number | null): void {
    if (action.kind === "arm-adver") this.adverAtUs = this.nowUs + action.intervalUs;
    if (action.kind === "disarm-adver") this.adverAtUs = null;
    if (action.kind === "shift-active-down" && this.activeDownAtUs !== null) {
      const baseUs = action.skewBaseUs ?? this.lastIntervalUs ?? 0;
      this.activeDownAtUs += Math.trunc((action.skewNumerator * baseUs) / 256);
    }
    if (action.kind === "disarm-active-down") this.activeDownAtUs = null;
    if (action.kind === "arm-active-down") {
      this.lastIntervalUs = intervalOf(action.rule, advertIntervalUs, this.lastIntervalUs);
      this.activeDownAtUs = this.nowUs + activeDownIntervalUs(action.rule, this.lastIntervalUs);
    }
  }
}
