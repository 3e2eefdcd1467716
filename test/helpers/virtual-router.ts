import type { VrrpInstance } from "../../src/model/vrrp.ts";
import type { VrrpTransport } from "../../src/native/contract.ts";

/** The tutorial's instance with keepalived's defaults; tests override what they are about. */
export function virtualRouter(overrides: Partial<VrrpInstance> = {}): VrrpInstance {
  return { ...DEFAULTS, ...overrides };
}

const PLACE = { file: "keepalived.conf", line: 1, column: 1 } as const;

const DEFAULTS: VrrpInstance = {
  name: "VI_1",
  family: "inet",
  version: 2,
  interfaceName: "eth0",
  vrid: 51,
  priority: 100,
  wantsActive: false,
  advertisementIntervalUs: 1_000_000,
  preemptMode: true,
  preemptDelayUs: 0,
  downTimerAdverts: 3,
  authentication: { kind: "none" },
  sourceAddress: null,
  multicastGroup: "224.0.0.18",
  unicastPeers: [],
  unicastTtl: 255,
  checkUnicastSource: false,
  skipCheckAdvertisedAddresses: false,
  checksumAsV2: false,
  isSilentOnLowerPriority: false,
  sendsAdvertBeforeYielding: false,
  virtualAddresses: [
    {
      family: "inet",
      address: "192.168.1.100",
      prefixLength: 32,
      interfaceName: null,
      scope: 0,
      label: null,
      broadcast: null,
      peer: null,
      place: PLACE,
    },
  ],
  excludedAddresses: [],
  announce: {
    repeat: 5,
    delayUs: 5_000_000,
    refreshUs: 0,
    refreshRepeat: 1,
    lowerPriorityRepeat: 5,
    lowerPriorityDelayUs: 5_000_000,
    garpIntervalUs: 0,
    gnaIntervalUs: 0,
  },
  trackedInterfaces: [],
  ignoresOwnInterface: false,
  place: PLACE,
};

/** A transport for tests that are not about it. */
export const TRANSPORT: VrrpTransport = {
  family: "inet",
  version: 2,
  vrid: 51,
  ifindex: 2,
  interfaceName: "eth0",
  sourceAddress: "192.0.2.5",
  mac: "02:00:00:00:00:05",
  multicastGroup: "224.0.0.18",
  unicastPeers: [],
  checksUnicastSource: false,
  unicastTtl: 255,
  advertisedInterval: 1,
  authentication: null,
  checksumAsV2: false,
  oldUnicastChecksum: "never",
  skipsAddressCheck: false,
  addresses: [],
  objects: [],
  extraAnnounceUs: 0,
  socketPriority: 0,
  receiveBufferBytes: 0,
};
