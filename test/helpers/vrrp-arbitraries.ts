import fc from "fast-check";
import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { AdvertFacts } from "../../src/native/contract.ts";
import { virtualRouter } from "./virtual-router.ts";

/** Own address of every generated router; the others lie on both sides of it. */
export const OWN_ADDRESS = "192.0.2.5";

export const anyRouter: fc.Arbitrary<VrrpInstance> = fc
  .record({
    version: fc.constantFrom<2 | 3>(2, 3),
    priority: fc.constantFrom(1, 50, 100, 150, 254, 255),
    wantsActive: fc.boolean(),
    advertisementIntervalUs: fc.constantFrom(10_000, 100_000, 1_000_000),
    preemptMode: fc.boolean(),
    preemptDelayUs: fc.constantFrom(0, 0, 2_000_000),
    downTimerAdverts: fc.integer({ min: 1, max: 5 }),
    isSilentOnLowerPriority: fc.boolean(),
    sendsAdvertBeforeYielding: fc.boolean(),
    ignoresOwnInterface: fc.boolean(),
    lowerPriorityRepeat: fc.constantFrom(0, 5),
  })
  .map(({ lowerPriorityRepeat, ...settings }) => {
    const router = virtualRouter(settings);
    return { ...router, announce: { ...router.announce, lowerPriorityRepeat } };
  });

export const anyAdvert: fc.Arbitrary<AdvertFacts> = fc.record({
  source: fc.constantFrom("192.0.2.4", OWN_ADDRESS, "192.0.2.6"),
  priority: fc.constantFrom(0, 1, 50, 100, 150, 254, 255),
  intervalUs: fc.constantFrom(10_000, 100_000, 1_000_000, 2_000_000),
});

/** What the network does to a router while its control loop sleeps. */
export type Happening =
  | { readonly kind: "wait"; readonly us: number }
  | { readonly kind: "advert"; readonly advert: AdvertFacts }
  | { readonly kind: "link-lost" };

export const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4_000_000 }).map((us) => ({ kind: "wait", us }) as const) },
  { weight: 8, arbitrary: anyAdvert.map((advert) => ({ kind: "advert", advert }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "link-lost" } as const) },
);
