import type { BfdInstance, TrackFile, TrackProcess, VrrpScript } from "../../model/tracking.ts";
import { type Row, row } from "./rows.ts";
import { bareCommand, ownerWords, seconds, weighted } from "./spelling.ts";

const MILLISECOND_US = 1000;

export const SCRIPT_ROWS: readonly Row<VrrpScript>[] = [
  row("script", ({ command }) => bareCommand(command)),
  row("interval", ({ intervalUs }) => seconds(intervalUs)),
  row("timeout", ({ timeoutUs }) => seconds(timeoutUs)),
  row("weight", weighted),
  row("rise", ({ rise }) => rise),
  row("fall", ({ fall }) => fall),
  row("user", ({ command }) => ownerWords(command.user), { global: "script_user" }),
  row("init_fail", ({ startsFailed }) => startsFailed),
];

export const TRACK_FILE_ROWS: readonly Row<TrackFile>[] = [
  row("file", ({ path }) => path),
  row("weight", weighted),
  row("init_file", ({ initialise }) =>
    initialise === null ? null : `${initialise.value}${initialise.overwrites ? " overwrite" : ""}`,
  ),
];

function matchWord({ parameterMatch, command }: TrackProcess): string | boolean | null {
  if (parameterMatch === "none") return null;
  if (parameterMatch === "exact") return command.length > 1 ? null : true;
  return parameterMatch;
}

export const TRACK_PROCESS_ROWS: readonly Row<TrackProcess>[] = [
  row("process", ({ command }) => command.map((word) => (/^[^\s"]+$/.test(word) ? word : `"${word}"`)).join(" ")),
  row("param_match", matchWord),
  row("weight", weighted),
  row("quorum", ({ quorum }) => quorum),
  row("quorum_max", ({ quorumMaximum }) => quorumMaximum),
  row("terminate_delay", ({ terminateDelayUs }) => seconds(terminateDelayUs) || null, { aliases: "delay" }),
  row("fork_delay", ({ forkDelayUs }) => seconds(forkDelayUs) || null, { aliases: "delay" }),
  row("full_command", ({ matchesFullCommand }) => matchesFullCommand, {
    because: ({ matchesFullCommand }) => (matchesFullCommand ? "arguments are to be matched" : null),
  }),
];

export const BFD_ROWS: readonly Row<BfdInstance>[] = [
  row("source_ip", ({ sourceAddress }) => sourceAddress),
  row("neighbor_ip", ({ neighborAddress }) => neighborAddress, { aliases: "neighbour_ip" }),
  row("min_rx", ({ minRxUs }) => minRxUs / MILLISECOND_US),
  row("min_tx", ({ minTxUs }) => minTxUs / MILLISECOND_US),
  row("idle_tx", ({ idleTxUs }) => idleTxUs / MILLISECOND_US),
  row("multiplier", ({ multiplier }) => multiplier),
  row("passive", ({ isPassive }) => isPassive),
  row("ttl", ({ ttl }) => ttl, { aliases: "hoplimit" }),
  row("max_hops", ({ maxHops }) => maxHops),
  row("multihop", ({ isMultihop }) => isMultihop),
  row("weight", weighted),
  row("vrrp", ({ tellsVrrp }) => tellsVrrp),
  row("checker", ({ tellsCheckers }) => tellsCheckers),
];
