import type { MiscEnd } from "../checker/application.ts";
import type { SpokenRecord } from "./log.ts";

export interface MiscRunReport {
  /** Its path. */
  readonly script: string;
  readonly isGood: boolean;
  readonly end: MiscEnd;
  /** It decided something. */
  readonly isVerdict: boolean;
  /** Which of the failures that will be retried this is; 0 for none. */
  readonly retry: number;
  /** How many retries are configured. */
  readonly retries: number;
}

function attempts(count: number): string {
  return count === 1 ? "retry" : "retries";
}

function retryText({ isGood, isVerdict, retry, retries }: MiscRunReport): string {
  if (isGood) return "";
  if (!isVerdict)
    return retry === 1 ? `, will do ${retries} ${attempts(retries)}` : ` on retry ${retry - 1}/${retries}`;
  // keepalived: also of the first result, which is not retried.
  return retries === 0 ? " with retry disabled" : ` after ${retries} ${attempts(retries)}`;
}

function endText({ isGood, end }: MiscRunReport): string {
  if (isGood) return "";
  switch (end.kind) {
    case "exited":
      return ` (exited with status ${end.status})`;
    case "signalled":
      return ` (due to signal ${end.signal})`;
    case "timed-out":
      return "";
  }
}

/** `Misc check for [[192.168.1.7]:tcp:80 VS [192.168.1.100]:tcp:80] by [/bin/check] failed (exited with status 1).` */
export function speakMiscRun(report: MiscRunReport, server: string, virtualServer: string): SpokenRecord {
  const { script, isGood, end } = report;
  const outcome = isGood ? "succeeded" : end.kind === "timed-out" ? "timed out" : "failed";
  const text = `Misc check for [${server} VS ${virtualServer}] by [${script}] ${outcome}${retryText(report)}${endText(report)}.`;
  const message = isGood ? "check succeeded" : report.isVerdict ? "check failed" : "check attempt failed";
  return { level: "info", message, fields: { check: "misc", server, virtualServer, script, outcome }, text };
}

/** Not the server's fault: says nothing of it. */
export function speakMiscNotStarted(script: string, reason: string): SpokenRecord {
  const text = `Misc check script [${script}] could not be started: ${reason}`;
  return { level: "warning", message: "check not started", fields: { check: "misc", script, reason }, text };
}

/** `([192.168.1.7]:tcp:80): tracked file load now FAULT state` */
export function speakFile(file: string, isUp: boolean, server: string): SpokenRecord {
  const text = `(${server}): tracked file ${file} ${isUp ? "leaving" : "now"} FAULT state`;
  return { level: "detail", message: "tracked file", fields: { server, file, isUp }, text };
}

/** `BFD check of [uplink] RS([192.168.1.7]:tcp:80) is UP` */
export function speakSession(bfd: string, isUp: boolean, server: string): SpokenRecord {
  const text = `BFD check of [${bfd}] RS(${server}) is ${isUp ? "UP" : "DOWN"}`;
  return { level: "info", message: "check verdict", fields: { check: "bfd", bfd, server, isUp }, text };
}
