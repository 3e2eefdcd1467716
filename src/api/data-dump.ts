import { dumpConfiguration } from "../config/explain/render.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import type { VrrpInstanceSnapshot } from "../runtime/vrrp-types.ts";

/** The configuration in force, secrets hidden, and the state of every instance and BFD session, in keepalived's manner. */
export function renderData(
  configuration: CompleteConfiguration,
  instances: readonly VrrpInstanceSnapshot[],
  sessions: readonly BfdSessionSnapshot[],
  nowUs: number,
): string {
  const lines = [
    ...dumpConfiguration(configuration),
    ...instances.flatMap((instance) => stateLines(instance, nowUs)),
    ...sessions.flatMap((session) => sessionLines(session, nowUs)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const STATES = { initialize: "INIT", backup: "BACKUP", active: "MASTER", fault: "FAULT" } as const;

function stateLines(instance: VrrpInstanceSnapshot, nowUs: number): readonly string[] {
  const { activeRouter, faultReasons } = instance;
  const ageSec = (nowUs - instance.sinceUs) / 1_000_000;
  return [
    `------< State of vrrp_instance ${instance.name} >------`,
    ` State = ${STATES[instance.state]}`,
    ` Seconds in this state = ${ageSec.toFixed(3)}`,
    ` Base priority = ${instance.basePriority}`,
    ` Effective priority = ${instance.effectivePriority}`,
    ` Source address = ${instance.sourceAddress ?? "none"}`,
    ...(activeRouter === null ? [] : [` Master = ${activeRouter.address}, priority ${activeRouter.priority}`]),
    ...faultReasons.map((reason) => ` Fault = ${reason}`),
  ];
}

const SESSION_STATES = { "admin-down": "AdminDown", down: "Down", init: "Init", up: "Up" } as const;

function sessionLines(session: BfdSessionSnapshot, nowUs: number): readonly string[] {
  const { status } = session;
  const dropped = Object.values(status?.dropped ?? {}).reduce((sum, drops) => sum + drops, 0);
  return [
    `------< State of bfd_instance ${session.name} >------`,
    ` Local state = ${SESSION_STATES[session.state]}`,
    ` Seconds in this state = ${((nowUs - session.sinceUs) / 1_000_000).toFixed(3)}`,
    ` Remote state = ${SESSION_STATES[session.remoteState]}`,
    ` Local diagnostic = ${session.localDiag}`,
    ` Remote diagnostic = ${session.remoteDiag}`,
    ` Detection time = ${session.detectionUs} us`,
    ` Packets sent = ${status?.packetsSent ?? 0}`,
    ` Packets received = ${status?.packetsReceived ?? 0}`,
    ` Packets dropped = ${dropped}`,
  ];
}
