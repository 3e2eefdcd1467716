import type { DaemonName } from "../test/lab/daemon.ts";

/** What one trial measured: `firstAddressMs: 3612.4`. The unit is in the name. */
export type Sample = Readonly<Record<string, number>>;

/**
 * The program under test. haproxy takes part only in cases about health checks; `floor` is bare system calls, which show
 * what the kernel alone costs where the addon is measured.
 */
export type Subject = DaemonName | "haproxy" | "floor";

export const SUBJECTS: readonly Subject[] = ["keepalived", "haproxy", "holdfast", "floor"];

/** @throws for a subject that is none of the two; `whyNot` says so before */
export function daemonNameOf(subject: Subject): DaemonName {
  if (subject === "haproxy" || subject === "floor") throw new Error(`${subject} has no part in this case`);
  return subject;
}

export interface BenchCase {
  readonly name: string;
  /** One line that says what the numbers mean. */
  readonly meaning: string;
  /** Settings under which it runs, for example `advert_int=0.1`. */
  readonly variants: readonly string[];
  /** A small one, for the test that each case works. */
  readonly smoke: string;
  readonly subjects: readonly Subject[];
  /** Why it can't run here, or null. */
  whyNot(subject: Subject, variant: string): string | null;
  /** One trial, alone in its process. */
  run(subject: Subject, variant: string): Promise<Sample>;
}
