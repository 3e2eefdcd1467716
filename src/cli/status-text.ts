import type { BfdSessionView, Instance, Status, VirtualServerView } from "../api/schema.ts";
import { type Cell, plain, renderTable, type Screen } from "./table-text.ts";

export interface StatusAnswer {
  readonly status: Status;
  readonly instances: readonly Instance[];
  readonly bfdSessions: readonly BfdSessionView[];
  readonly virtualServers: readonly VirtualServerView[];
}

/** Who wants something, why, and until when. */
interface Orderer {
  readonly owner: string;
  readonly reason: string;
  /** Wall clock, milliseconds since 1970; null: until it is taken back. */
  readonly expiresMs: number | null;
}

const STATE_WORDS = { initialize: "INIT", backup: "BACKUP", active: "MASTER", fault: "FAULT" } as const;

function stateCell({ state }: Instance): Cell {
  return { text: STATE_WORDS[state], tone: state === "fault" ? "bad" : state === "active" ? "good" : "plain" };
}

/** `3 s`, `5 min`, `2 h`, `9 d` */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** ` by ann until 2026-01-02T03:04:05Z: new kernel` */
export function ordererText({ owner, reason, expiresMs }: Orderer): string {
  const until = expiresMs === null ? "" : ` until ${new Date(expiresMs).toISOString().replace(/\.\d+/, "")}`;
  return ` by ${owner}${until}${reason === "" ? "" : `: ${reason}`}`;
}

/** `held by ann until 2026-01-02T03:04:05Z: new kernel` */
export function orderText(order: NonNullable<Instance["order"]>): string {
  return `${order.wish === "hold" ? "held" : `priority ${order.priority}`}${ordererText(order)}`;
}

function instanceRow(instance: Instance): readonly Cell[] {
  const {
    name,
    interface: link,
    vrid,
    effectivePriority,
    basePriority,
    activeRouter,
    faultReasons,
    virtualAddresses,
    order,
  } = instance;
  const held = order === null ? null : orderText(order);
  const fault = faultReasons.find((reason) => held === null || reason !== "held by operator");
  const usual = [
    ...(activeRouter === null ? [] : [`master ${activeRouter.address}`]),
    ...(effectivePriority === basePriority ? [] : [`configured ${basePriority}`]),
  ];
  const note = fault ?? held ?? usual.join(", ");
  return [
    plain(name),
    stateCell(instance),
    plain(durationText(instance.stateAgeSec)),
    plain(link === "" ? "-" : link),
    plain(vrid),
    plain(effectivePriority),
    plain(virtualAddresses.length),
    plain(note),
  ];
}

const BFD_STATE_WORDS = { "admin-down": "ADMIN DOWN", down: "DOWN", init: "INIT", up: "UP" } as const;

/** RFC 5880 §4.1 */
const BFD_DIAGNOSTICS: Readonly<Record<number, string>> = {
  1: "detection time expired",
  2: "echo failed",
  3: "neighbour said down",
  4: "forwarding plane reset",
  5: "path down",
  6: "concatenated path down",
  7: "administratively down",
  8: "reverse concatenated path down",
};

function bfdNote({ state, localDiag, remoteDiag }: BfdSessionView): string {
  if (state === "up") return "";
  const local = localDiag === 0 ? null : (BFD_DIAGNOSTICS[localDiag] ?? `diagnostic ${localDiag}`);
  const remote = remoteDiag === 0 ? null : `peer: ${BFD_DIAGNOSTICS[remoteDiag] ?? `diagnostic ${remoteDiag}`}`;
  return [local, remote].filter((part) => part !== null).join(", ");
}

function bfdSessionRow(session: BfdSessionView): readonly Cell[] {
  const { name, state, stateAgeSec, neighborAddress, detectionUs } = session;
  return [
    plain(name),
    { text: BFD_STATE_WORDS[state], tone: state === "up" ? "good" : "bad" },
    plain(durationText(stateAgeSec)),
    plain(neighborAddress ?? "unusable"),
    plain(detectionUs === 0 ? "" : `${detectionUs / 1000} ms`),
    plain(bfdNote(session)),
  ];
}

function virtualServerRow(virtualServer: VirtualServerView): readonly Cell[] {
  const { name, scheduler, hasQuorum, isSorryServerActive, realServers, aliveRealServers } = virtualServer;
  const alive = `${aliveRealServers}/${realServers}`;
  return [
    plain(name),
    plain(scheduler),
    { text: alive, tone: aliveRealServers === realServers ? "good" : "bad" },
    { text: hasQuorum ? "yes" : "no", tone: hasQuorum ? "plain" : "bad" },
    plain(isSorryServerActive ? "serving" : ""),
  ];
}

function advertsText({ count, p99Us }: NonNullable<Status["vrrpLoop"]>["advertLateness"]): string {
  if (count === 0) return "none sent yet";
  return p99Us === null ? "1 % or more over 10 s late" : `99 % at most ${p99Us / 1000} ms late`;
}

/** @param screen of the terminal */
export function renderStatus({ status, instances, bfdSessions, virtualServers }: StatusAnswer, screen: Screen): string {
  const { ipvs, vrrpLoop } = status;
  const parts = [
    `holdfast ${status.version}, pid ${status.pid}, up ${durationText(status.uptimeSec)}, ${status.configFile}\n`,
  ];
  if (vrrpLoop !== null) parts.push(`adverts: ${advertsText(vrrpLoop.advertLateness)}\n`);
  if (ipvs !== null) parts.push(`IPVS table: ${ipvs.isInSync ? "in sync" : "NOT in sync"}, ${ipvs.repairs} repairs\n`);
  if (instances.length > 0) {
    const heads = ["INSTANCE", "STATE", "FOR", "LINK", "VRID", "PRIO", "VIPS", "NOTE"];
    parts.push("\n", renderTable(heads, instances.map(instanceRow), screen));
  }
  if (bfdSessions.length > 0) {
    const heads = ["BFD SESSION", "STATE", "FOR", "NEIGHBOUR", "DETECTION", "NOTE"];
    parts.push("\n", renderTable(heads, bfdSessions.map(bfdSessionRow), screen));
  }
  if (virtualServers.length > 0) {
    const heads = ["VIRTUAL SERVER", "SCHED", "ALIVE", "QUORUM", "SORRY"];
    parts.push("\n", renderTable(heads, virtualServers.map(virtualServerRow), screen));
  }
  return parts.join("");
}
