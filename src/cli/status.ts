import type { BfdSessionView, Instance, Status, VirtualServerView } from "../api/schema.ts";
import { ask, runAgainstDaemon } from "./control-client.ts";
import { renderStatus, type StatusAnswer } from "./status-text.ts";
import type { Screen } from "./table-text.ts";

const DEFAULT_WIDTH = 80;

/** What the terminal, if it is one, can show. */
export function screenOf(output: NodeJS.WriteStream): Screen {
  const isColoured = output.isTTY === true && output.hasColors() && process.env["NO_COLOR"] === undefined;
  // Into a file or a pipe nothing is cut. A terminal that does not know its size, such as a serial line, says 0.
  return { width: output.isTTY === true ? output.columns || DEFAULT_WIDTH : Number.MAX_SAFE_INTEGER, isColoured };
}

export async function askStatus(socket: string): Promise<StatusAnswer> {
  const get = <Answer>(path: string): Promise<Answer> => ask<Answer>({ socket, method: "GET", path });
  const status = await get<Status>("/v1/status");
  const instances = await get<Instance[]>("/v1/instances");
  const bfdSessions = await get<BfdSessionView[]>("/v1/bfd-sessions");
  return { status, instances, bfdSessions, virtualServers: await get<VirtualServerView[]>("/v1/virtual-servers") };
}

/** `holdfast status` */
export function status({ socket, isJson }: { readonly socket: string; readonly isJson: boolean }): Promise<number> {
  return runAgainstDaemon(async () => {
    const answer = await askStatus(socket);
    process.stdout.write(
      isJson ? `${JSON.stringify(answer, null, 2)}\n` : renderStatus(answer, screenOf(process.stdout)),
    );
    return 0;
  });
}
