import type { IpvsTraffic } from "../native/contract.ts";

export const NO_TRAFFIC: IpvsTraffic = {
  connections: 0,
  inPackets: 0,
  outPackets: 0,
  inBytes: 0,
  outBytes: 0,
  connectionsPerSec: 0,
  inPacketsPerSec: 0,
  outPacketsPerSec: 0,
  inBytesPerSec: 0,
  outBytesPerSec: 0,
};

/** Of services or destinations that belong together. */
export function sumTraffic(traffics: readonly IpvsTraffic[]): IpvsTraffic {
  return traffics.reduce(
    (all, one) => ({
      connections: all.connections + one.connections,
      inPackets: all.inPackets + one.inPackets,
      outPackets: all.outPackets + one.outPackets,
      inBytes: all.inBytes + one.inBytes,
      outBytes: all.outBytes + one.outBytes,
      connectionsPerSec: all.connectionsPerSec + one.connectionsPerSec,
      inPacketsPerSec: all.inPacketsPerSec + one.inPacketsPerSec,
      outPacketsPerSec: all.outPacketsPerSec + one.outPacketsPerSec,
      inBytesPerSec: all.inBytesPerSec + one.inBytesPerSec,
      outBytesPerSec: all.outBytesPerSec + one.outBytesPerSec,
    }),
    NO_TRAFFIC,
  );
}
