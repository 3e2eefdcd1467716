import { applicationCheckersOf, effectiveWeight } from "../checker/application.ts";
import { isSorryServerActive } from "../checker/pool.ts";
import { type Asker, targetId } from "../checker/targets.ts";
import type { RealServer } from "../model/lvs.ts";
import type { ApplicationChecks } from "./lvs-application.ts";
import type { Pool } from "./lvs-pools.ts";
import type { Probes } from "./lvs-probes.ts";
import type { Suspension } from "./lvs-suspension.ts";
import type { CheckerStatus, RealServerStatus, VirtualServerStatus } from "./lvs-types.ts";

/** Who knows what checks came to. */
export interface Judges {
  readonly probes: Pick<Probes, "statusOf">;
  readonly application: Pick<ApplicationChecks, "statusOf">;
  readonly suspension: Pick<Suspension, "isSuspended">;
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
    ...(judges?.suspension.isSuspended(position) === true ? { isSuspended: true } : {}),
    realServers: virtualServer.realServers.map((_, index) =>
      serverStatus(pool, { virtualServer: position, server: index }, judges),
    ),
  };
}

function serverStatus({ virtualServer, names, state }: Pool, at: ServerPlace, judges: Judges | null): RealServerStatus {
  const index = at.server;
  const server = virtualServer.realServers[index];
  const weight = state.servers[index]?.weight ?? 0;
  const checkers = server === undefined ? [] : checkerStatuses(server, at, judges);
  const added = checkers.map(({ addedWeight = 0 }) => addedWeight);
  const unlimited = added.reduce((sum, one) => sum + one, server?.weight ?? 0);
  return {
    name: names.realServer(index) ?? "",
    address: server?.address ?? "",
    port: server?.port ?? 0,
    weight,
    ...(unlimited !== weight && effectiveWeight(unlimited, []) === weight ? { unlimitedWeight: unlimited } : {}),
    isAlive: state.servers[index]?.isAlive ?? false,
    checkers,
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
