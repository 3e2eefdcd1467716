import type { Instance, Status, VirtualServerView } from "../api/schema.ts";
import { type Cell, plain, renderTable } from "./table-text.ts";

export interface StatusAnswer {
  readonly status: Status;
  readonly instances: readonly Instance[];
  readonly virtualServers: readonly VirtualServerView[];
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

/** `held by ann until 2026-01-02T03:04:05Z: new kernel` */
export function orderText({ wish, priority, owner, reason, expiresMs }: NonNullable<Instance["order"]>): string {
  const what = wish === "hold" ? "held" : `priority ${priority}`;
  const until = expiresMs === null ? "" : ` until ${new Date(expiresMs).toISOString().replace(/\.\d+/, "")}`;
  return `${what} by ${owner}${until}${reason === "" ? "" : `: ${reason}`}`;
}

function instanceRow(instance: Instance): readonly Cell[] {
  const {
    name,
    interface: link,
    vrid,
    effectivePriority,
    activeRouter,
    faultReasons,
    virtualAddresses,
    order,
  } = instance;
  const held = order === null ? null : orderText(order);
  const fault = faultReasons.find((reason) => held === null || reason !== "held by operator");
  const note = fault ?? held ?? (activeRouter === null ? "" : `master ${activeRouter.address}`);
  return [
    plain(name),
    stateCell(instance),
    plain(durationText(instance.stateAgeSec)),
    plain(link),
    plain(vrid),
    plain(effectivePriority),
    plain(virtualAddresses.length),
    plain(note),
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

/** @param screen of the terminal */
export function renderStatus(
  { status, instances, virtualServers }: StatusAnswer,
  screen: { readonly width: number; readonly isColoured: boolean },
): string {
  const { ipvs, vrrpLoop } = status;
  const parts = [
    `holdfast ${status.version}, pid ${status.pid}, up ${durationText(status.uptimeSec)}, ${status.configFile}\n`,
  ];
  if (vrrpLoop !== null) parts.push(`adverts: late by ${vrrpLoop.lateness.p99Us} us (p99)\n`);
  if (ipvs !== null) parts.push(`IPVS table: ${ipvs.isInSync ? "in sync" : "NOT in sync"}, ${ipvs.repairs} repairs\n`);
  if (instances.length > 0) {
    const heads = ["INSTANCE", "STATE", "FOR", "LINK", "VRID", "PRIO", "VIPS", "NOTE"];
    parts.push("\n", renderTable(heads, instances.map(instanceRow), screen));
  }
  if (virtualServers.length > 0) {
    const heads = ["VIRTUAL SERVER", "SCHED", "ALIVE", "QUORUM", "SORRY"];
    parts.push("\n", renderTable(heads, virtualServers.map(virtualServerRow), screen));
  }
  return parts.join("");
}
