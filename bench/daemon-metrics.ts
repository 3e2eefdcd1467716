import type { CheckBed } from "./check-bed.ts";

const CONTROL_SOCKET = "/run/lab/own/control.sock";

/** For `global_defs` of holdfast: where the metrics are read. */
export const CONTROL_WORDS = ` control_socket ${CONTROL_SOCKET}\n`;

/** @returns how late timers of holdfast's probe loop fired since it was started, in milliseconds */
export async function probeLoopLateness({
  machine,
}: CheckBed): Promise<{ readonly probeLoopLateP99Ms: number; readonly probeLoopLateMs: number }> {
  const source = `require("node:http").get({ socketPath: "${CONTROL_SOCKET}", path: "/metrics" }, (got) => got.pipe(process.stdout))`;
  const metrics = await machine.runOk([process.execPath, "-e", source]);
  const secondsOf = (name: string): number =>
    Number(
      metrics
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.split(" ")[1],
    );
  return {
    probeLoopLateP99Ms: secondsOf('holdfast_probe_loop_lateness_seconds{quantile="0.99"}') * 1_000,
    probeLoopLateMs: secondsOf("holdfast_probe_loop_lateness_max_seconds") * 1_000,
  };
}
