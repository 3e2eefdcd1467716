import type { OverrideResult, RealServersPage, RealServerView } from "../api/schema.ts";
import {
  ask,
  ControlError,
  ownerName,
  readDuration,
  readNumber,
  runAgainstDaemon,
  warnUnsaved,
} from "./control-client.ts";
import { screenOf } from "./status.ts";
import { ordererText } from "./status-text.ts";
import { type Cell, plain, renderTable, type Screen, tableWidth } from "./table-text.ts";

export interface RsRequest {
  readonly action: "list" | "drain" | "disable" | "enable" | "weight";
  readonly socket: string;
  readonly server: string | null;
  readonly weight: number | null;
  readonly virtualServer: string | null;
  readonly reason: string;
  /** `30m` */
  readonly expiry: string | null;
  readonly deadline: string | null;
  readonly isOnlyDown: boolean;
  readonly isJson: boolean;
}

const PAGE = 5000;

async function allRealServers({ socket, virtualServer, isOnlyDown }: RsRequest): Promise<readonly RealServerView[]> {
  const items: RealServerView[] = [];
  for (;;) {
    const query = new URLSearchParams({ offset: String(items.length), limit: String(PAGE) });
    if (virtualServer !== null) query.set("virtualServer", virtualServer);
    if (isOnlyDown) query.set("state", "down");
    const page = await ask<RealServersPage>({ socket, method: "GET", path: `/v1/real-servers?${query}` });
    items.push(...page.items);
    if (items.length >= page.total || page.items.length === 0) return items;
  }
}

function rowOf({ virtualServer, name, weight, isAlive, override, checks }: RealServerView): readonly Cell[] {
  const bad = checks.find(({ verdict }) => verdict === "down");
  const measured = checks.find(({ last }) => last !== null)?.last ?? null;
  const note = override === null ? "" : `${override.action}${ordererText(override)}`;
  return [
    plain(virtualServer),
    plain(name),
    { text: isAlive ? "up" : "down", tone: isAlive ? "good" : "bad" },
    plain(weight),
    plain(
      bad === undefined ? checks.map(({ kind }) => kind).join(" ") : `${bad.kind}: ${bad.last?.reason ?? "failed"}`,
    ),
    plain(measured === null ? "" : `${(measured.latencyUs / 1000).toFixed(1)} ms`),
    plain(note),
  ];
}

const HEADS = ["VIRTUAL SERVER", "REAL SERVER", "STATE", "WEIGHT", "CHECKS", "LATENCY", "OVERRIDE"];

/** One table; where that is too wide, each virtual server is a line of its own above its real servers. */
export function renderRealServers(servers: readonly RealServerView[], screen: Screen): string {
  const rows = servers.map(rowOf);
  if (tableWidth(HEADS, rows) <= screen.width) return renderTable(HEADS, rows, screen);
  const [, real = "", ...heads] = HEADS;
  const inner = rows.map(([, name, ...cells]) => [plain(`  ${name?.text ?? ""}`), ...cells]);
  const [head = "", ...lines] = renderTable([`  ${real}`, ...heads], inner, screen)
    .trimEnd()
    .split("\n");
  const grouped = lines.flatMap((line, index) => {
    const owner = servers[index]?.virtualServer ?? "";
    return owner === servers[index - 1]?.virtualServer ? [line] : [owner, line];
  });
  return `${[head, ...grouped].join("\n")}\n`;
}

/** @throws ControlError when the virtual server that was asked for is not there */
function nothingText({ virtualServer, isOnlyDown }: RsRequest): string {
  if (isOnlyDown) return "no real server is down\n";
  if (virtualServer === null) return "there are no real servers\n";
  throw new ControlError(`there is no virtual server ${virtualServer} with real servers; holdfast status shows all`);
}

async function list(request: RsRequest): Promise<number> {
  const servers = await allRealServers(request);
  const toText = (): string =>
    servers.length === 0 ? nothingText(request) : renderRealServers(servers, screenOf(process.stdout));
  process.stdout.write(request.isJson ? `${JSON.stringify(servers, null, 2)}\n` : toText());
  return 0;
}

async function change(request: RsRequest, action: Exclude<RsRequest["action"], "list">): Promise<number> {
  const { server, weight, virtualServer, reason, expiry, deadline, socket } = request;
  if (server === null) throw new ControlError(`which real server? holdfast rs ${action} ADDRESS`);
  const body = {
    action,
    realServer: server,
    owner: ownerName(),
    reason,
    ...(virtualServer === null ? {} : { virtualServer }),
    ...(action === "weight" ? { weight: readNumber("weight", weight, [0, 65_535]) } : {}),
    ...(expiry === null ? {} : { expiresSec: readDuration(expiry) }),
    ...(deadline === null ? {} : { deadlineSec: readDuration(deadline) }),
  };
  const { changed, isSaved } = await ask<OverrideResult>({ socket, method: "POST", path: "/v1/overrides", body });
  process.stdout.write(`${action}: ${changed} real server${changed === 1 ? "" : "s"}\n`);
  warnUnsaved(isSaved);
  return 0;
}

/** `holdfast rs ...` */
export function realServers(request: RsRequest): Promise<number> {
  return runAgainstDaemon(() => (request.action === "list" ? list(request) : change(request, request.action)));
}
