import type { AdvertDropReason } from "../native/contract.ts";

const PROTOCOL_ERRORS: Readonly<Partial<Record<AdvertDropReason, number>>> = {
  ttl: 1,
  "unicast-ttl": 1,
  version: 2,
  checksum: 3,
  vrid: 4,
};

/** @returns vrrpv3StatisticsProtoErrReason of RFC 6527, 0 for what is no protocol error */
export function protocolError(reason: AdvertDropReason): number {
  return PROTOCOL_ERRORS[reason] ?? 0;
}
