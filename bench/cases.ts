import type { BenchCase } from "./case.ts";
import { ADDON_ICMP, ADDON_SYN, ADDON_TCP } from "./cases/addon.ts";
import { ADVERT_LATENESS } from "./cases/advert-lateness.ts";
import { CONFIG_LOAD } from "./cases/config-load.ts";
import { FAILOVER } from "./cases/failover.ts";
import { IPVS_PROGRAM } from "./cases/ipvs-program.ts";
import { LOAD, RELOAD } from "./cases/large-config.ts";
import { MEMORY } from "./cases/memory.ts";
import { POLICY } from "./cases/policy.ts";
import { POOL } from "./cases/pool.ts";
import { PROBE_HTTP, PROBE_HTTPS, PROBE_ICMP, PROBE_TCP, PROBE_TCP_HALFOPEN } from "./cases/probes.ts";
import { STALL_CASE } from "./cases/stall.ts";
import { START, STOP } from "./cases/start-stop.ts";
import { TAKEOVER } from "./cases/takeover.ts";
import { VRRP_ADVERTS } from "./cases/vrrp-adverts.ts";

export const CASES: readonly BenchCase[] = [
  FAILOVER,
  TAKEOVER,
  ADVERT_LATENESS,
  VRRP_ADVERTS,
  PROBE_TCP,
  PROBE_TCP_HALFOPEN,
  PROBE_ICMP,
  PROBE_HTTP,
  PROBE_HTTPS,
  POOL,
  ADDON_TCP,
  ADDON_SYN,
  ADDON_ICMP,
  POLICY,
  MEMORY,
  CONFIG_LOAD,
  LOAD,
  RELOAD,
  IPVS_PROGRAM,
  STALL_CASE,
  START,
  STOP,
];
