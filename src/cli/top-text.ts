import type { EventView, RealServersPage } from "../api/schema.ts";
import { renderStatus, type StatusAnswer } from "./status-text.ts";
import { plain, renderTable, type Screen } from "./table-text.ts";

export interface TopAnswer extends StatusAnswer {
  readonly down: RealServersPage;
  readonly events: readonly EventView[];
}

/** Lines of the screen that the servers that are down may take. */
const DOWN_SHARE = 0.3;

/** With the local time of day. */
function eventLine({ timeMs, text }: EventView): string {
  return `${new Date(timeMs).toTimeString().slice(0, "HH:MM:SS".length)} ${text}`;
}

/** What fits one screen, the newest event last. */
export function renderTop(
  { down, events, ...status }: TopAnswer,
  screen: Screen & { readonly height: number },
): string {
  const lines = renderStatus(status, screen).trimEnd().split("\n");
  if (down.total > 0) {
    const room = Math.max(1, Math.floor(screen.height * DOWN_SHARE));
    const rows = down.items
      .slice(0, room)
      .map(({ name, virtualServer, checks }) => [
        plain(name),
        plain(virtualServer),
        plain(checks.find(({ verdict }) => verdict === "down")?.last?.reason ?? ""),
      ]);
    const heads = [`DOWN (${down.total})`, "VIRTUAL SERVER", "REASON"];
    lines.push("", ...renderTable(heads, rows, screen).trimEnd().split("\n"));
  }
  const kept = lines.slice(0, Math.max(1, screen.height - 3));
  const room = screen.height - kept.length - 2;
  // Detailed logging has several lines for each address: they would push out what matters.
  const told = events.filter(({ level }) => level !== "detail");
  const shown = room < 1 ? [] : told.slice(-room).map((event) => eventLine(event).slice(0, screen.width));
  return [...kept, "", ...shown].slice(0, screen.height).join("\n");
}
