import type { ConfiguredRealServer, GroupMember, VirtualServerGroup } from "../model/checks.ts";
import type { RealServer } from "../model/lvs.ts";
import type { BuildContext } from "./context.ts";

export interface GroupPorts {
  readonly group: VirtualServerGroup;
  readonly realServers: readonly ConfiguredRealServer[];
  readonly sorryServer: RealServer | null;
}

/** DR and TUN keep the destination port of the packet: tells where a real port differs from that of a group. */
export function reportGroupPorts({ group, realServers, sorryServer }: GroupPorts, context: BuildContext): void {
  for (const server of sorryServer === null ? realServers : [...realServers, sorryServer]) {
    const fault = findFault(server, group);
    if (fault !== null) context.reporter.add("lvs-adjusted", fault, server.place);
  }
}

function findFault({ fwdMethod, port }: RealServer, group: VirtualServerGroup): string | null {
  if (fwdMethod === "masq" || port === 0) return null;
  const other = group.members.find((member) => member.kind === "fwmark" || member.port !== port);
  if (other === undefined) return null;
  return other.kind === "fwmark"
    ? `DR and TUN cannot change the port; ${port} is ignored for fwmark ${other.fwmark}`
    : `DR and TUN cannot change the port; ${port} is not ${other.port} of the group's ${addressOf(other)}`;
}

function addressOf(member: Exclude<GroupMember, { readonly kind: "fwmark" }>): string {
  return member.kind === "address" ? member.address : `${member.from}-${member.to}`;
}
