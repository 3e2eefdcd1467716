import type { NotifyScripts, ScriptCommand } from "../model/command.ts";
import type { Mail } from "./notify-mail.ts";
import type { NotifyCall } from "./notify-scripts.ts";

/** keepalived's names of what scripts, FIFOs and mails are told of. */
export type NotifyState = "MASTER" | "BACKUP" | "FAULT" | "STOP" | "DELETED";

export type FifoState = NotifyState | "MASTER_RX_LOWER_PRI" | "MASTER_PRIORITY" | "BACKUP_PRIORITY";

export type Subject = "INSTANCE" | "GROUP";

const SCRIPT_OF: Readonly<Record<NotifyState, (scripts: NotifyScripts) => ScriptCommand | null>> = {
  MASTER: ({ active }) => active,
  BACKUP: ({ backup }) => backup,
  FAULT: ({ fault }) => fault,
  STOP: ({ stop }) => stop,
  DELETED: ({ deleted }) => deleted,
};

export interface NotifyFacts {
  readonly subject: Subject;
  readonly name: string;
  readonly state: NotifyState;
  /** Of a group: 0. */
  readonly priority: number;
  /** keepalived: removal is told as FAULT, but is no reason for the script of that state. */
  readonly isRemoval: boolean;
}

/** The script for the state, then `notify`. */
export function scriptCalls(scripts: NotifyScripts, facts: NotifyFacts): readonly NotifyCall[] {
  const { subject, name, state, priority } = facts;
  const own = facts.isRemoval && state === "FAULT" ? null : SCRIPT_OF[state](scripts);
  return [
    ...(own === null ? [] : [{ command: own, words: [] }]),
    ...(scripts.any === null ? [] : [{ command: scripts.any, words: [subject, name, state, String(priority)] }]),
  ];
}

export function fifoLine(subject: Subject, name: string, state: FifoState, priority: number): string {
  return `${subject} "${name}" ${state} ${priority}\n`;
}

const INSTANCE_BODY: Readonly<Record<NotifyState, string>> = {
  MASTER: "=> VRRP Instance is now owning VRRP VIPs <=",
  BACKUP: "=> VRRP Instance is no longer owning VRRP VIPs <=",
  FAULT: "=> VRRP Instance is no longer owning VRRP VIPs <=",
  STOP: "=> VRRP Instance stopping <=",
  DELETED: "=> VRRP Deleted at reload <=",
};

/** @see cli.md section 8 */
export function stateMail({ subject, name, state }: NotifyFacts): Mail {
  const what = state === "STOP" ? "Stopping" : state === "DELETED" ? "Deleted" : `Entering ${state} state`;
  if (subject === "INSTANCE") return { subject: `VRRP Instance ${name} - ${what}`, body: INSTANCE_BODY[state] };
  const now = state === "STOP" ? "now stopping" : `now in ${state} state`;
  return { subject: `VRRP Group ${name} - ${what}`, body: `=> All VRRP group instances are ${now} <=` };
}
