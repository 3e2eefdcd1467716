import { BFD_DIAGNOSTIC_NAMES, BFD_STATE_NAMES } from "../bfd/names.ts";
import type { ScriptUser } from "../model/command.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BfdInstance } from "../model/tracking.ts";
import type { BfdSessionSnapshot } from "../runtime/bfd-runtime.ts";
import { globalLines } from "./data-globals.ts";
import { trueFalse } from "./dump-text.ts";

function diagnostic(code: number): string {
  return BFD_DIAGNOSTIC_NAMES[code] ?? `Reserved ${code}`;
}

function liveLines({
  state,
  remoteState,
  localDiag,
  remoteDiag,
  detectionUs,
  status,
}: BfdSessionSnapshot): readonly string[] {
  return [
    `local state = ${BFD_STATE_NAMES[state]}`,
    `remote state = ${BFD_STATE_NAMES[remoteState]}`,
    `local diag = ${diagnostic(localDiag)}`,
    `remote diag = ${diagnostic(remoteDiag)}`,
    `local detection time = ${detectionUs} us`,
    // Counted by holdfast alone.
    `packets sent = ${status?.packetsSent ?? 0}`,
    `packets received = ${status?.packetsReceived ?? 0}`,
    `packets dropped = ${Object.values(status?.dropped ?? {}).reduce((sum, drops) => sum + drops, 0)}`,
  ];
}

function sessionLines(bfd: BfdInstance, live: BfdSessionSnapshot | null): readonly string[] {
  const told = (flag: boolean): string => (flag ? "Yes" : "No");
  const lines = [
    `Neighbor IP = ${bfd.neighborAddress ?? "(none)"}`,
    ...(bfd.sourceAddress === null ? [] : [`Source IP = ${bfd.sourceAddress}`]),
    `Required min RX interval = ${bfd.minRxUs} us`,
    `Desired min TX interval = ${bfd.minTxUs} us`,
    `Desired idle TX interval = ${bfd.idleTxUs} us`,
    `Detection multiplier = ${bfd.multiplier}`,
    `${bfd.neighborAddress?.includes(":") === true ? "Hoplimit" : "TTL"} = ${bfd.ttl}`,
    `max_hops = ${bfd.maxHops}`,
    `passive = ${trueFalse(bfd.isPassive)}`,
    `send event to VRRP process = ${told(bfd.tellsVrrp)}`,
    `send event to checker process = ${told(bfd.tellsCheckers)}`,
    ...(live === null ? [] : liveLines(live)),
  ];
  return [` BFD Instance = ${bfd.name}`, ...lines.map((line) => `   ${line}`)];
}

/** keepalived_bfd.data: the sessions, in keepalived's keys; its sockets and threads have no counterpart here. */
export function renderBfdData(
  configuration: CompleteConfiguration,
  sessions: readonly BfdSessionSnapshot[],
  ownUser: ScriptUser,
): string {
  const lines = [
    ...globalLines(configuration, ownUser),
    "------< BFD Topology >------",
    ...configuration.bfdInstances.flatMap((bfd) =>
      sessionLines(bfd, sessions.find(({ name }) => name === bfd.name) ?? null),
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
