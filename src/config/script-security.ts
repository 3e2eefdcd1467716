import type { ScriptCommand } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";

type Commands = Iterable<ScriptCommand | null>;

/**
 * A script that would run; null when none would. What cannot run was left out when it was read.
 * @param isVrrpGivenUp keepalived: once an interface is found missing, scripts of VRRP are no longer looked at
 */
export function findScript(configuration: CompleteConfiguration, isVrrpGivenUp: boolean): ScriptCommand | null {
  return (
    firstOf(processCommands(configuration)) ??
    firstOf(checkerCommands(configuration)) ??
    (isVrrpGivenUp ? null : firstOf(vrrpCommands(configuration)))
  );
}

function firstOf(commands: Commands): ScriptCommand | null {
  for (const command of commands) if (command !== null) return command;
  return null;
}

function processCommands({ global }: CompleteConfiguration): Commands {
  return [global.startupScript, global.shutdownScript, global.fifo?.script ?? null];
}

function* vrrpCommands(configuration: CompleteConfiguration): Commands {
  yield configuration.global.vrrpFifo?.script ?? null;
  for (const { command } of configuration.scripts) yield command;
  for (const { notify } of [...configuration.vrrpInstances, ...configuration.syncGroups]) yield* Object.values(notify);
}

function* checkerCommands({ global, virtualServers }: CompleteConfiguration): Commands {
  yield global.lvsFifo?.script ?? null;
  for (const { quorumUp, quorumDown, realServers } of virtualServers) {
    yield quorumUp;
    yield quorumDown;
    for (const { notifyUp, notifyDown, applicationCheckers } of realServers) {
      yield notifyUp;
      yield notifyDown;
      for (const { check } of applicationCheckers) if (check.kind === "misc") yield check.command;
    }
  }
}
