import type { BenchCase } from "./case.ts";
import { ADVERT_LATENESS } from "./cases/advert-lateness.ts";
import { CHECKS_TCP } from "./cases/checks-tcp.ts";
import { CONFIG_LOAD } from "./cases/config-load.ts";
import { FAILOVER } from "./cases/failover.ts";
import { PROBE_TCP } from "./cases/probe-tcp.ts";
import { TAKEOVER_VIPS } from "./cases/takeover-vips.ts";

export const CASES: readonly BenchCase[] = [
  FAILOVER,
  TAKEOVER_VIPS,
  ADVERT_LATENESS,
  PROBE_TCP,
  CHECKS_TCP,
  CONFIG_LOAD,
];
