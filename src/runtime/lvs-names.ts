import type { RealServer, VirtualServer } from "../model/lvs.ts";

/** keepalived's names of one virtual server and of what belongs to it. */
export interface LvsNames {
  /** `[192.168.1.100]:tcp:80`, `FWM 5`, `[GROUP]:0` */
  readonly virtualServer: string;
  /** `[192.168.1.7]:tcp:80` */
  readonly realServers: readonly string[];
  readonly sorryServer: string | null;
}

/**
 * Virtual servers of one group are told apart by a number.
 * @param known names given before to the same object
 */
export function nameVirtualServers(
  virtualServers: readonly VirtualServer[],
  known: ReadonlyMap<VirtualServer, LvsNames> = new Map(),
): LvsNames[] {
  const groupIndexes = new Map<string, number>();
  return virtualServers.map((virtualServer) => {
    const given = known.get(virtualServer);
    if (given !== undefined && virtualServer.key.kind !== "group") return given;
    const protocol = virtualServer.key.kind === "fwmark" ? "none" : virtualServer.key.protocol;
    const name = ({ address, port }: RealServer): string => [`[${address}]`, protocol, port].join(":");
    return {
      virtualServer: nameVirtualServer(virtualServer, groupIndexes),
      realServers: virtualServer.realServers.map(name),
      sorryServer: virtualServer.sorryServer === null ? null : name(virtualServer.sorryServer),
    };
  });
}

function nameVirtualServer({ key }: VirtualServer, groupIndexes: Map<string, number>): string {
  switch (key.kind) {
    case "address":
      return `[${key.address}]:${key.protocol}:${key.port}`;
    case "fwmark":
      return `FWM ${key.fwmark}`;
    case "group": {
      const index = groupIndexes.get(key.group) ?? 0;
      groupIndexes.set(key.group, index + 1);
      return `[${key.group}]:${index}`;
    }
  }
}
