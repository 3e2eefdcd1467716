import { addressAddMessage } from "../addressing/address-message.ts";
import { instanceObjects } from "../addressing/instance-objects.ts";
import { boundInterface } from "../model/bound-interface.ts";
import type { IpAddress } from "../model/units.ts";
import type { VirtualAddress, VrrpInstance } from "../model/vrrp.ts";
import type { AdvertAuthentication, VrrpTransport, VrrpVirtualAddress } from "../native/contract.ts";
import { receiveBufferBytes } from "../vrrp/receive-buffer.ts";
import { extraAddresses, locate, type NetworkView } from "./vrrp-network.ts";
import type { RunningRouter } from "./vrrp-orders.ts";

/** SO_PRIORITY of adverts: TC_PRIO_CONTROL. */
const SOCKET_PRIORITY = 7;
const NO_MAC = "00:00:00:00:00:00";
/** Of Ethernet, where no link tells. */
const USUAL_MTU = 1500;

/** Everything the loop must know to speak and listen for an instance; null while its interface or VRF is missing. */
export function buildTransport(instance: RunningRouter, view: NetworkView, source: IpAddress): VrrpTransport | null {
  const interfaceName = instance.advertInterfaceName ?? boundInterface(instance);
  const link = interfaceName === null ? null : view.linkNamed(interfaceName);
  if (interfaceName !== null && link === null) return null;
  const extra = extraAddresses(instance);
  return {
    family: instance.family,
    version: instance.version,
    vrid: instance.vrid,
    ifindex: link?.ifindex ?? 0,
    interfaceName: interfaceName ?? "",
    sourceAddress: source,
    mac: link?.mac ?? NO_MAC,
    multicastGroup: instance.multicastGroup,
    unicastPeers: instance.unicastPeers.map(({ address, minTtl, maxTtl }) => ({
      address,
      minTtl: minTtl ?? 0,
      maxTtl: maxTtl ?? 255,
    })),
    checksUnicastSource: instance.checkUnicastSource,
    unicastTtl: instance.unicastTtl,
    advertisedInterval: advertisedInterval(instance),
    authentication: advertAuthentication(instance),
    checksumAsV2: instance.checksumAsV2,
    oldUnicastChecksum: instance.oldUnicastChecksum ?? "never",
    skipsAddressCheck: instance.skipCheckAdvertisedAddresses,
    addresses: [
      ...instance.virtualAddresses.flatMap((address) =>
        place(instance, address, { isAdvertised: true, isExtra: extra.includes(address) }, view),
      ),
      ...instance.excludedAddresses.flatMap((address) =>
        place(instance, address, { isAdvertised: false, isExtra: false }, view),
      ),
    ],
    objects: instanceObjects(instance, (name) => view.linkNamed(name)?.ifindex ?? null),
    extraAnnounceUs: extra.length === 0 ? 0 : (instance.extraInterfaceGarp?.intervalUs ?? 0),
    socketPriority: SOCKET_PRIORITY,
    receiveBufferBytes: receiveBufferBytes(instance, link?.mtu ?? USUAL_MTU),
  };
}

function advertAuthentication({ version, authentication, hmac }: RunningRouter): AdvertAuthentication | null {
  switch (authentication.kind) {
    case "none":
      return null;
    case "pass":
    case "ah":
      return version === 2 ? authentication : null;
    case "hmac": {
      if (hmac === undefined || hmac === null) return null;
      return {
        kind: "hmac",
        keys: hmac.keys.map(({ id, hex }) => ({ id, octets: Uint8Array.from(Buffer.from(hex, "hex")) })),
        activeKey: hmac.activeKey,
        windowSec: hmac.timeWindowSec,
        hasWindow: hmac.antiReplay === "time",
        mode: hmac.mode,
      };
    }
  }
}

/** v2: seconds, v3: centiseconds. @see RFC 3768 §5.3.7, RFC 9568 §5.2.7 */
function advertisedInterval({ version, advertisementIntervalUs }: VrrpInstance): number {
  return Math.max(1, Math.round(advertisementIntervalUs / (version === 2 ? 1_000_000 : 10_000)));
}

function place(
  instance: VrrpInstance,
  address: VirtualAddress,
  role: Pick<VrrpVirtualAddress, "isAdvertised" | "isExtra">,
  view: NetworkView,
): readonly VrrpVirtualAddress[] {
  const located = locate(instance, address, view);
  const link = view.linkNamed(address.interfaceName ?? instance.interfaceName);
  if (located === null || link === null) return [];
  const isPermanent = instance.heldInterfaces?.includes(link.name) === true;
  const addMessage = addressAddMessage(address, link.ifindex);
  return [{ ...located, ...role, mac: link.mac ?? NO_MAC, addMessage, isPermanent }];
}
