import { applicationCheckersOf } from "../checker/application.ts";
import { isSorryServerActive } from "../checker/pool.ts";
import { type Asker, targetId } from "../checker/targets.ts";
import type { RealServer } from "../model/lvs.ts";
import type { ApplicationChecks } from "./lvs-application.ts";
import type { Pool } from "./lvs-pools.ts";
import type { Probes } from "./lvs-probes.ts";
import type { CheckerStatus, RealServerStatus, VirtualServerStatus } from "./lvs-types.ts";

/** Who knows what checks came to. */
export interface Judges {
  readonly probes: Pick<Probes, "statusOf">;
  readonly application: Pick<ApplicationChecks, "statusOf">;
}

type ServerPlace = Omit<Asker, "checker">;

/** How a pool fares. @param position of its virtual server in the configuration; judges null: nothing is checked yet */
export function poolStatus(pool: Pool, position: number, judges: Judges | null): VirtualServerStatus {
  const { virtualServer, names, state } = pool;
  return {
    name: names.virtualServer,
    scheduler: virtualServer.scheduler,
    hasQuorum: state.hasQuorum,
    isSorryServerActive: isSorryServerActive(virtualServer, state),
    realServers: virtualServer.realServers.map((_, index) =>
      serverStatus(pool, { virtualServer: position, server: index }, judges),
    ),
  };
}

function serverStatus({ virtualServer, names, state }: Pool, at: ServerPlace, judges: Judges | null): RealServerStatus {
  const index = at.server;
  const server = virtualServer.realServers[index];
  return {
    name: names.realServer(index) ?? "",
    address: server?.address ?? "",
    port: server?.port ?? 0,
    weight: state.servers[index]?.weight ?? 0,
    isAlive: state.servers[index]?.isAlive ?? false,
    checkers: server === undefined ? [] : checkerStatuses(server, at, judges),
  };
}

function checkerStatuses(server: RealServer, at: ServerPlace, judges: Judges | null): readonly CheckerStatus[] {
  const { probes, application } = judges ?? { probes: null, application: null };
  const unknown = { verdict: "pending", failures: 0 } as const;
  return [
    ...server.checkers.map((checker) => ({
      kind: checker.kind,
      ...(probes?.statusOf(targetId(checker)) ?? unknown),
    })),
    ...applicationCheckersOf(server).map(({ check }, index) => ({
      kind: check.kind,
      ...(application?.statusOf(at.virtualServer, at.server, index) ?? unknown),
    })),
  ];
}
