import type { ReloadOutcome, ReloadPlan, Status } from "../api/schema.ts";
import { ask, ControlError, runAgainstDaemon } from "./control-client.ts";
import { knownSockets } from "./control-path.ts";

const REFUSED = 2;

export interface ReloadCommand {
  readonly socket: string;
  /** Only say what would change. */
  readonly isPlan: boolean;
  /** This daemon, wherever its socket is; null: the one at the socket. */
  readonly pid: number | null;
}

async function plan(socket: string): Promise<number> {
  const path = "/v1/reload/plan";
  const { wouldBeRefused, changes, complaints } = await ask<ReloadPlan>({ socket, method: "GET", path });
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  process.stdout.write(wouldBeRefused ? "the reload would be refused\n" : `${changes.join("\n")}\n`);
  return wouldBeRefused ? REFUSED : 0;
}

async function carryOut(socket: string): Promise<number> {
  const { isComplete, messages } = await ask<ReloadOutcome>({ socket, method: "POST", path: "/v1/reload" });
  for (const message of messages) process.stdout.write(`${message}\n`);
  return isComplete ? 0 : REFUSED;
}

async function isServedBy(socket: string, pid: number): Promise<boolean> {
  try {
    return (await ask<Status>({ socket, method: "GET", path: "/v1/status" })).pid === pid;
  } catch (error) {
    if (error instanceof ControlError) return false;
    throw error;
  }
}

async function socketOf(pid: number, first: string): Promise<string | null> {
  for (const socket of new Set([first, ...knownSockets()])) if (await isServedBy(socket, pid)) return socket;
  return null;
}

/** A daemon whose socket is off, elsewhere or not open yet is asked by signal, and nobody waits. @throws ControlError */
function signal(pid: number): number {
  try {
    process.kill(pid, "SIGHUP");
  } catch {
    throw new ControlError(`process ${pid} can't be asked for a reload: it is gone, or another user's`);
  }
  process.stdout.write(`process ${pid} has no control socket here: SIGHUP sent, its log says how it went\n`);
  return 0;
}

/** `holdfast reload`. @returns 2 when it is, or would be, refused */
export function reload({ socket, isPlan, pid }: ReloadCommand): Promise<number> {
  return runAgainstDaemon(async () => {
    const found = pid === null ? socket : await socketOf(pid, socket);
    if (pid !== null && found === null && !isPlan) return signal(pid);
    return isPlan ? plan(found ?? socket) : carryOut(found ?? socket);
  });
}
