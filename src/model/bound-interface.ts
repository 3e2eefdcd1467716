import type { VrrpInstance } from "./vrrp.ts";

/** The device that the sockets of an instance are bound to besides a VMAC: its interface, else its VRF; null: none. */
export function boundInterface({
  interfaceName,
  vrf = null,
}: Pick<VrrpInstance, "interfaceName" | "vrf">): string | null {
  return interfaceName === "" ? vrf : interfaceName;
}
