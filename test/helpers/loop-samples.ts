import type { ProbeCounters, TimeHistogram } from "../../src/native/contract.ts";

export const NO_TIMES: TimeHistogram = { boundsUs: [1000], counts: [0, 0], sumUs: 0 };

const NOTHING = { succeeded: 0, failed: 0, local: 0, late: 0, latency: NO_TIMES };

/** Nothing probed yet. */
export const NO_KINDS: ProbeCounters["kinds"] = {
  tcp: NOTHING,
  icmp: NOTHING,
  udp: NOTHING,
  http: NOTHING,
  smtp: NOTHING,
  syn: NOTHING,
  https: NOTHING,
};
