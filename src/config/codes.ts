import type { DiagnosticSeverity } from "../model/diagnostic.ts";

/**
 * What keepalived does about a problem, as far as exit codes go.
 * - `silent`: it says nothing, or the word only exists here
 * - `cannot-run`: exit code 4 of `-t` unless there is something of a higher rank
 * - `complaint`: exit code 5 of `-t`
 * - `missing-parameter`: it stops reading there and then, exit code 2
 * - `security`: exit code 6 of `-t`, whatever else there is
 */
export type PeerReaction = "silent" | "cannot-run" | "complaint" | "missing-parameter" | "security";

export interface CodeFacts {
  readonly severity: DiagnosticSeverity;
  readonly peer: PeerReaction;
  /** Exit code of a real start that this problem prevents; null when it starts all the same. */
  readonly refusal: 2 | 6 | null;
}

function facts(severity: DiagnosticSeverity, peer: PeerReaction, refusal: 2 | 6 | null = null): CodeFacts {
  return { severity, peer, refusal };
}

const COMPLAINT = facts("error", "complaint");
const MILD = facts("warning", "complaint");
const UNUSABLE = facts("error", "complaint", 2);

/** Every code of loading, with what it means for the exit code. The names are stable. */
export const CODES = {
  // files
  "file-missing": facts("error", "silent", 6),
  "required-file-missing": facts("error", "cannot-run", 6),
  "file-unreadable": facts("error", "silent", 6),
  "include-skipped": facts("warning", "silent"),
  "include-refused": facts("error", "security", 6),
  "multiple-files": facts("warning", "complaint"),
  "limit-exceeded": COMPLAINT,
  // lines and words
  "line-too-long": COMPLAINT,
  "nul-in-line": COMPLAINT,
  "unterminated-quote": COMPLAINT,
  "escaped-comment": facts("warning", "silent"),
  "bad-list": COMPLAINT,
  "bad-parameter": COMPLAINT,
  "undefined-parameter": facts("warning", "silent"),
  // blocks
  "unknown-keyword": COMPLAINT,
  "unexpected-open-brace": COMPLAINT,
  "missing-open-brace": COMPLAINT,
  "extra-close-brace": COMPLAINT,
  "missing-close-brace": COMPLAINT,
  "block-extra-parameters": COMPLAINT,
  "block-rejected": COMPLAINT,
  "missing-parameter": facts("error", "missing-parameter", 2),
  // values
  "bad-number": COMPLAINT,
  "number-out-of-range": COMPLAINT,
  "number-decimals": COMPLAINT,
  "bad-boolean": COMPLAINT,
  "bad-address": COMPLAINT,
  "dns-name-too-long": facts("warning", "silent"),
  "bad-value": COMPLAINT,
  "bad-option": COMPLAINT,
  duplicate: COMPLAINT,
  "value-too-long": COMPLAINT,
  deprecated: MILD,
  "legacy-keyword": facts("notice", "complaint"),
  "not-yet-in-effect": facts("notice", "silent"),
  "too-late": COMPLAINT,
  // machine
  "missing-interface": facts("error", "complaint", 2),
  "missing-interface-static": facts("error", "complaint", 2),
  "missing-interface-optional": facts("error", "cannot-run"),
  "missing-user": COMPLAINT,
  "bad-smtp-server": COMPLAINT,
  "missing-script": COMPLAINT,
  // keepalived leaves these out at run time and says nothing about the text
  "unusable-script": facts("error", "silent"),
  // keepalived's checkers end when they find out
  "unusable-tls-file": facts("error", "silent"),
  advice: facts("notice", "silent"),
  "script-security": facts("warning", "security"),
  "undefined-reference": COMPLAINT,
  // VRRP
  "no-vrid": UNUSABLE,
  "no-interface": UNUSABLE,
  "no-vip": UNUSABLE,
  "no-vip-v2": MILD,
  "duplicate-vrid": UNUSABLE,
  "mixed-families": COMPLAINT,
  "vrrp-adjusted": COMPLAINT,
  "sync-group": COMPLAINT,
  // LVS
  "lvs-adjusted": COMPLAINT,
  "lvs-dropped": COMPLAINT,
  // keepalived leaves the virtual server out, and its test of the text passes
  "group-misfit": facts("error", "silent"),
  // BFD
  "bfd-dropped": COMPLAINT,
} as const satisfies Readonly<Record<string, CodeFacts>>;

export type Code = keyof typeof CODES;
