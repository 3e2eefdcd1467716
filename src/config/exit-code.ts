import { CODES, type Code, type PeerReaction } from "./codes.ts";

/** What `-t` exits with: 0 clean, 2 missing parameter, 4 cannot run, 5 complaints, 6 script security or include error. */
export type TestExitCode = 0 | 2 | 4 | 5 | 6;

/**
 * Exit code of a configuration test, as keepalived has it: reading ends at a missing parameter (2); otherwise
 * include errors and script security win (6), then any complaint (5), then what only keeps it from running (4).
 */
export function testExitCode(codes: Iterable<Code>): TestExitCode {
  const reactions = new Set<PeerReaction>();
  for (const code of codes) reactions.add(CODES[code].peer);
  if (reactions.has("missing-parameter")) return 2;
  if (reactions.has("security")) return 6;
  if (reactions.has("complaint")) return 5;
  return reactions.has("cannot-run") ? 4 : 0;
}
