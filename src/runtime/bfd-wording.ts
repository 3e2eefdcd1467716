import { BFD_DIAGNOSTIC_NAMES, BFD_STATE_NAMES } from "../bfd/names.ts";
import type { Microseconds } from "../model/units.ts";
import type { BfdDropReason, BfdEvent } from "../native/contract.ts";
import type { LogFields, LogLevel, SpokenRecord } from "./log.ts";

const DROPS: Readonly<Record<BfdDropReason, string>> = {
  "too-short": "it is too short",
  version: "of another version",
  length: "its length field is wrong",
  "detect-mult": "its detect multiplier is 0",
  multipoint: "it is for multipoint",
  "my-discr": "my discriminator is 0",
  authentication: "it is authenticated, which nobody here is",
  "your-discr": "your discriminator is 0 in a session that is not down",
  "unknown-session": "there is no such session",
  ttl: "it came from too far away",
};

function diagnosticText(diagnostic: number): string {
  return BFD_DIAGNOSTIC_NAMES[diagnostic] ?? `Unknown diagnostic ${diagnostic}`;
}

function speak(level: LogLevel, message: string, fields: LogFields, text: string): SpokenRecord {
  return { level, message, fields, text };
}

/** `(uplink) Entering Down state (Local diagnostic - ..., Remote diagnostic - ...)` */
export function renderState(bfd: string, event: Extract<BfdEvent, { kind: "session" }>): SpokenRecord {
  const { from, to, localDiag, remoteDiag } = event;
  const diagnostics = `Local diagnostic - ${diagnosticText(localDiag)}, Remote diagnostic - ${diagnosticText(remoteDiag)}`;
  const text = `(${bfd}) Entering ${BFD_STATE_NAMES[to]} state${to === "down" ? ` (${diagnostics})` : ""}`;
  // keepalived: what lies between down and up is for those who look closely.
  const level = to === "up" || to === "down" ? "info" : "debug";
  return speak(level, "BFD state change", { bfd, from, to, localDiag, remoteDiag }, text);
}

/** `(uplink) Expired after 50 ms (12 usec overdue)` */
export function renderExpiry(bfd: string, detectionUs: Microseconds, overdueUs: Microseconds): SpokenRecord {
  const text = `(${bfd}) Expired after ${Math.round((detectionUs + overdueUs) / 1000)} ms (${overdueUs} usec overdue)`;
  return speak("info", "BFD session expired", { bfd, detectionUs, overdueUs }, text);
}

export function renderTimes(bfd: string, detectionUs: Microseconds, beforeUs: Microseconds): SpokenRecord {
  const text = `(${bfd}) Detection time is ${detectionUs} us (was ${beforeUs} us)`;
  return speak("detail", "BFD detection time", { bfd, detectionUs, beforeUs }, text);
}

/** @param bfd null for a packet that belongs to no session */
export function renderDrop(bfd: string | null, event: Extract<BfdEvent, { kind: "session-dropped" }>): SpokenRecord {
  const { reason, source, received, expected } = event;
  const numbers = expected === 0 ? "" : ` (${received}, expected ${expected})`;
  const text = `${bfd === null ? "BFD" : `(${bfd})`} packet from ${source} dropped: ${DROPS[reason]}${numbers}`;
  return speak("warning", "BFD packet dropped", { bfd, reason, source, received, expected }, text);
}

export function renderFailure(bfd: string, event: Extract<BfdEvent, { kind: "session-failed" }>): SpokenRecord {
  const { action, failure } = event;
  const { syscall, code, message } = failure;
  const text = `(${bfd}) ${action} failed: ${syscall}: ${message}`;
  return speak("warning", "BFD failed", { bfd, action, syscall, code, reason: message }, text);
}
