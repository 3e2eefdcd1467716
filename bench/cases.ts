import type { BenchCase } from "./case.ts";
import { ADVERT_LATENESS } from "./cases/advert-lateness.ts";
import { CHECKS_TCP, PROBE_HTTP, PROBE_HTTPS, PROBE_TCP_HALFOPEN } from "./cases/checks-tcp.ts";
import { CONFIG_LOAD } from "./cases/config-load.ts";
import { FAILOVER } from "./cases/failover.ts";
import { IPVS_PROGRAM } from "./cases/ipvs-program.ts";
import { LOAD, RELOAD } from "./cases/large-config.ts";
import { MEMORY } from "./cases/memory.ts";
import { POOL } from "./cases/pool.ts";
import { PROBE_ICMP, PROBE_SYN, PROBE_TCP } from "./cases/probe-tcp.ts";
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
  PROBE_ICMP,
  CHECKS_TCP,
  PROBE_TCP_HALFOPEN,
  PROBE_HTTP,
  PROBE_HTTPS,
  PROBE_SYN,
  MEMORY,
  POOL,
  CONFIG_LOAD,
  LOAD,
  RELOAD,
  IPVS_PROGRAM,
  STALL_CASE,
  START,
  STOP,
];
