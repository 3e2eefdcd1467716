import type { GroupMember } from "../model/checks.ts";
import type { VirtualServer } from "../model/lvs.ts";
import type { IpAddress } from "../model/units.ts";

/** Members of a `virtual_server_group` that are addresses. */
type AddressesOf = (group: string) => readonly Exclude<GroupMember, { kind: "fwmark" }>[];

/**
 * Addresses of which this machine has to hold one, or the checkers of a virtual server rest (`ha_suspend`).
 * keepalived never wakes the checkers of a group; here any of its addresses will do.
 * @param rangeOf all addresses from the first to the last
 * @returns null: they never rest. So it is with firewall marks, which are nobody's
 */
export function addressesToHold(
  virtualServer: VirtualServer,
  addressesOf: AddressesOf,
  rangeOf: (range: Extract<GroupMember, { kind: "range" }>) => readonly IpAddress[],
): readonly IpAddress[] | null {
  if (!("isSuspendedWithoutAddress" in virtualServer) || virtualServer.isSuspendedWithoutAddress !== true) return null;
  const { key } = virtualServer;
  if (key.kind === "fwmark") return null;
  if (key.kind === "address") return [key.address];
  const members = addressesOf(key.group);
  if (members.length === 0) return null;
  return members.flatMap((member) => (member.kind === "range" ? rangeOf(member) : [member.address]));
}
