import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";

/** Two endless loops for each core; whoever starts them kills them. */
export function burnCores(): readonly ChildProcess[] {
  return cpus().flatMap(() => [0, 1].map(() => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" })));
}

export async function withBusyCores<Result>(body: () => Promise<Result>): Promise<Result> {
  const burners = burnCores();
  try {
    return await body();
  } finally {
    for (const burner of burners) burner.kill("SIGKILL");
  }
}
