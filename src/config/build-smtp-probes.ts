import type { ApplicationChecker } from "../model/checks.ts";
import type { SmtpChecker } from "../model/lvs.ts";

/** SMTP_CHECK as a probe; each of its `host` blocks is a checker of its own already. */
export function smtpProbesOf({ check, timing, logsAllFailures, place }: ApplicationChecker): readonly SmtpChecker[] {
  if (check.kind !== "smtp") return [];
  const { target, heloName } = check;
  return [{ kind: "smtp", timing, target, heloName, logsAllFailures, place }];
}
