import { dumpConfiguration } from "../config/explain/render.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { VrrpInstanceSnapshot } from "../runtime/vrrp-types.ts";

/** The configuration in force, secrets hidden, and the state of every instance, in keepalived's manner. */
export function renderData(
  configuration: CompleteConfiguration,
  instances: readonly VrrpInstanceSnapshot[],
  nowUs: number,
): string {
  const lines = [...dumpConfiguration(configuration), ...instances.flatMap((instance) => stateLines(instance, nowUs))];
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
