import type { IpvsCommand, SyscallFailure } from "../native/contract.ts";
import type { SpokenRecord } from "./log.ts";

/** The names and numbers of the older socket-option interface, which keepalived's log lines carry. */
const COMMAND_NAMES: Readonly<Record<IpvsCommand["kind"], string>> = {
  "service-add": "IP_VS_SO_SET_ADD(1154)",
  "service-edit": "IP_VS_SO_SET_EDIT(1155)",
  "service-delete": "IP_VS_SO_SET_DEL(1156)",
  flush: "IP_VS_SO_SET_FLUSH(1157)",
  "destination-add": "IP_VS_SO_SET_ADDDEST(1159)",
  "destination-delete": "IP_VS_SO_SET_DELDEST(1160)",
  "destination-edit": "IP_VS_SO_SET_EDITDEST(1161)",
  "set-timeouts": "IP_VS_SO_SET_TIMEOUT(1162)",
  "sync-daemon-start": "IP_VS_SO_SET_STARTDAEMON(1163)",
  "sync-daemon-stop": "IP_VS_SO_SET_STOPDAEMON(1164)",
};

/** IPVS uses few error numbers, so what they mean depends on the command. */
function reasonText(command: IpvsCommand, { code, message }: SyscallFailure): string {
  const isDestination = "destination" in command;
  switch (code) {
    case "EEXIST":
      if (command.kind === "sync-daemon-start") return message;
      return isDestination ? "Destination already exists" : "Service already exists";
    case "ESRCH":
      return "No such service";
    case "ENOENT":
      return isDestination ? "No such destination" : "Scheduler or persistence engine not found";
    case "EPERM":
      return "Permission denied (you must be root)";
    default:
      return message;
  }
}

function describe(command: IpvsCommand): string {
  if (command.kind === "flush" || command.kind === "set-timeouts") return "";
  if (command.kind === "sync-daemon-stop") return `sync daemon ${command.role}`;
  if (command.kind === "sync-daemon-start")
    return `sync daemon ${command.daemon.role}, ${command.daemon.interfaceName}`;
  const { fwmark, address, protocol, port } = command.service;
  const service = fwmark === 0 ? `${address}:${protocol}:${port}` : `Fwm ${fwmark}`;
  if (!("destination" in command)) return service;
  return `${service} -> ${command.destination.address}:${command.destination.port}`;
}

/** `IPVS cmd IP_VS_SO_SET_ADD(1154) error: Service already exists(17) (192.168.1.101:tcp:1001)` */
export function speakCommandFailure(command: IpvsCommand, failure: SyscallFailure): SpokenRecord {
  const { syscall, code, errno } = failure;
  const object = describe(command);
  const reason = `${reasonText(command, failure)}(${errno})`;
  return {
    level: "error",
    message: "ipvs command failed",
    fields: { command: command.kind, syscall, code, errno, object },
    text: `IPVS cmd ${COMMAND_NAMES[command.kind]} error: ${reason}${object === "" ? "" : ` (${object})`}`,
  };
}

/** A command about a sync daemon that was carried out. */
export function speakSyncDaemon(command: IpvsCommand): SpokenRecord {
  if (command.kind === "sync-daemon-start") {
    const { role, interfaceName, syncId } = command.daemon;
    const text = `IPVS: started sync daemon ${role} on ${interfaceName}, id ${syncId}`;
    return { level: "info", message: "ipvs sync daemon started", fields: { role, interfaceName, syncId }, text };
  }
  const role = command.kind === "sync-daemon-stop" ? command.role : null;
  return {
    level: "info",
    message: "ipvs sync daemon stopped",
    fields: { role },
    text: `IPVS: stopped sync daemon ${role}`,
  };
}

export function speakTableUnusable(reason: string): SpokenRecord {
  const text = `IPVS: cannot use the table: ${reason}`;
  return { level: "error", message: "ipvs table unusable", fields: { reason }, text };
}

export function speakRepair(commands: number): SpokenRecord {
  const text = `IPVS table was changed by another program, restoring it (${commands} commands)`;
  return { level: "warning", message: "ipvs table repaired", fields: { commands }, text };
}
