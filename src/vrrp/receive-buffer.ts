import type { VrrpInstance } from "../model/vrrp.ts";
import type { ConfiguredVrrpInstance, ReceiveBufferRule } from "../model/vrrp-complete.ts";

const IPV4_HEADER_BYTES = 20;
const VRRP_HEADER_BYTES = 8;
/** VRRPv2 has it whether used or not. */
const PASSWORD_BYTES = 8;
const AUTHENTICATION_HEADER_BYTES = 24;
/** Of `auth_hmac`. */
const TRAILER_BYTES = 28;

type Advertiser = Pick<VrrpInstance, "family" | "version" | "authentication" | "virtualAddresses"> &
  Partial<Pick<ConfiguredVrrpInstance, "receiveBuffer" | "kernelReceiveBufferBytes">>;

/** Octets of an advert as a raw socket receives it: with its IPv4 header, without its IPv6 header. */
function advertBytes({ family, version, authentication, virtualAddresses }: Advertiser): number {
  const count = virtualAddresses.length;
  const trailer = authentication.kind === "hmac" ? TRAILER_BYTES : 0;
  if (family === "inet6") return VRRP_HEADER_BYTES + 16 * count + trailer;
  const bytes = IPV4_HEADER_BYTES + VRRP_HEADER_BYTES + 4 * count + trailer;
  if (version === 3) return bytes;
  return bytes + PASSWORD_BYTES + (authentication.kind === "ah" ? AUTHENTICATION_HEADER_BYTES : 0);
}

function policyBytes({ policy, multiplier }: ReceiveBufferRule, instance: Advertiser, mtuBytes: number): number {
  switch (policy) {
    case "kernel":
      return 0;
    case "mtu":
      return mtuBytes * multiplier;
    case "advert":
      return advertBytes(instance) * multiplier;
    default:
      return policy;
  }
}

/**
 * What an instance asks for of its socket's receive buffer: `kernel_rx_buf_size`, else by `vrrp_rx_bufs_policy`. Several
 * instances of one socket add up.
 * @returns octets; 0: nothing
 */
export function receiveBufferBytes(instance: Advertiser, mtuBytes: number): number {
  const { receiveBuffer: rule, kernelReceiveBufferBytes: ownBytes } = instance;
  return ownBytes ?? (rule === undefined ? 0 : policyBytes(rule, instance, mtuBytes));
}
