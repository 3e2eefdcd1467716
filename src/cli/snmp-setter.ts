import type { MibSetter } from "../api/mib-writable.ts";
import { overrideKey } from "../checker/override.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { LvsSnapshot } from "../runtime/lvs-types.ts";
import type { OverrideKeeper } from "../runtime/override-keeper.ts";
import type { VrrpOperator } from "../runtime/vrrp-operator.ts";

/** Who `holdfast rs list` and `holdfast vrrp` name. */
const OWNER = "snmp";
const REASON = "SNMP set";

export interface SnmpSetterContext {
  readonly overrides: Pick<OverrideKeeper, "list" | "set" | "clear">;
  readonly operator: Pick<VrrpOperator, "orderFor" | "give" | "release" | "setPreempt">;
  readonly configuration: () => CompleteConfiguration | null;
  readonly lvs: () => LvsSnapshot | null;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
}

function setPriority(context: SnmpSetterContext, instance: string, priority: number): () => void {
  const { operator, configuration, nowMs } = context;
  const before = operator.orderFor(instance);
  const configured = configuration()?.vrrpInstances.find(({ name }) => name === instance)?.priority;
  const order = { instance, owner: OWNER, reason: REASON, sinceMs: nowMs(), expiresMs: null };
  if (priority === configured) operator.release(instance);
  else operator.give({ ...order, wish: { kind: "priority", priority } });
  return () => {
    if (before === null) operator.release(instance);
    else operator.give(before);
  };
}

function setPreempt({ operator }: SnmpSetterContext, instance: string, preempts: boolean): () => void {
  const before = operator.setPreempt(instance, preempts);
  return () => {
    if (before !== null) operator.setPreempt(instance, before);
  };
}

function configuredWeight(
  { configuration, lvs }: SnmpSetterContext,
  virtualServer: string,
  realServer: string,
): number {
  const virtualServers = lvs()?.virtualServers ?? [];
  const at = virtualServers.findIndex(({ name }) => name === virtualServer);
  const number = virtualServers[at]?.realServers.findIndex(({ name }) => name === realServer) ?? -1;
  return configuration()?.virtualServers[at]?.realServers[number]?.weight ?? -1;
}

function setWeight(context: SnmpSetterContext, virtualServer: string, realServer: string, weight: number): () => void {
  const { overrides, nowMs } = context;
  const key = overrideKey({ virtualServer, realServer });
  const before = overrides.list().find((one) => overrideKey(one) === key);
  const override = { virtualServer, realServer, owner: OWNER, reason: REASON, sinceMs: nowMs(), expiresMs: null };
  if (weight === configuredWeight(context, virtualServer, realServer)) overrides.clear([key]);
  else overrides.set([{ ...override, action: { kind: "weight", weight } }]);
  return () => {
    if (before === undefined) overrides.clear([key]);
    else overrides.set([before]);
  };
}

/** Sets become what an operator says: they hold until they are taken back, also by setting what is configured. */
export function createSnmpSetter(context: SnmpSetterContext): MibSetter {
  return {
    setPriority: (instance, priority) => setPriority(context, instance, priority),
    setPreempt: (instance, preempts) => setPreempt(context, instance, preempts),
    setWeight: (virtualServer, realServer, weight) => setWeight(context, virtualServer, realServer, weight),
  };
}
