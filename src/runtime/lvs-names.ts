import type { RealServer, VirtualServer } from "../model/lvs.ts";

/** keepalived's names of one virtual server and of what belongs to it. Those of real servers, which are many, are not kept. */
export class LvsNames {
  /** `[192.168.1.100]:tcp:80`, `FWM 5`, `[GROUP]:0` */
  readonly virtualServer: string;
  readonly #named: VirtualServer;

  constructor(virtualServer: string, named: VirtualServer) {
    this.virtualServer = virtualServer;
    this.#named = named;
  }

  /** `[192.168.1.7]:tcp:80`; undefined where there is none. */
  realServer(index: number): string | undefined {
    const server = this.#named.realServers[index];
    return server === undefined ? undefined : nameServer(server, this.#named);
  }

  get sorryServer(): string | null {
    const { sorryServer } = this.#named;
    return sorryServer === null ? null : nameServer(sorryServer, this.#named);
  }
}

function nameServer({ address, port }: RealServer, { key }: VirtualServer): string {
  // Joined, the text is one piece; events that are remembered hold it
  return [`[${address}]`, (key.kind === "fwmark" ? null : key.protocol) ?? "none", port].join(":");
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
    return new LvsNames(nameVirtualServer(virtualServer, groupIndexes), virtualServer);
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
