import type { EventView, RealServersPage } from "../api/schema.ts";
import { ask, ControlError, runAgainstDaemon } from "./control-client.ts";
import { askStatus, screenOf } from "./status.ts";
import { renderTop } from "./top-text.ts";

const HOME_AND_CLEAR = "\u001b[H\u001b[J";
const OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
const OWN_SCREEN = "\u001b[?25h\u001b[?1049l";
const SHORTEST_INTERVAL_SEC = 0.2;
const DOWN_LIMIT = 100;
const EVENTS_SHOWN = 200;
/** A terminal that does not know its size, such as a serial line, says 0. */
const DEFAULT_HEIGHT = 24;
const QUIT = new Set(["q", "\u0003", "\u0004"]);

async function look(socket: string): Promise<string> {
  const status = await askStatus(socket);
  const get = <Answer>(path: string): Promise<Answer> => ask<Answer>({ socket, method: "GET", path });
  const down = await get<RealServersPage>(`/v1/real-servers?state=down&limit=${DOWN_LIMIT}`);
  const since = Math.max(0, status.status.lastEvent - EVENTS_SHOWN);
  const { events } = await get<{ events: EventView[] }>(`/v1/events?follow=0&since=${since}`);
  const { width, isColoured } = screenOf(process.stdout);
  return renderTop({ ...status, down, events }, { width, isColoured, height: process.stdout.rows || DEFAULT_HEIGHT });
}

/** Resolves after the interval, or at once when the user wants to leave. */
function pause(seconds: number, leaves: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    leaves.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** `holdfast top` */
export function top({
  socket,
  intervalSec,
}: {
  readonly socket: string;
  readonly intervalSec: number;
}): Promise<number> {
  return runAgainstDaemon(async () => {
    const { stdin, stdout } = process;
    if (!stdout.isTTY || !stdin.isTTY) throw new ControlError("top needs a terminal; holdfast status does without");
    const leaving = new AbortController();
    // Whoever ends us shall find the own screen and the cursor again.
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.once(signal, () => leaving.abort());
    stdin.setRawMode(true);
    stdin.on("data", (keys: Buffer) => {
      if (QUIT.has(keys.toString())) leaving.abort();
    });
    stdout.write(OTHER_SCREEN);
    try {
      while (!leaving.signal.aborted) {
        stdout.write(`${HOME_AND_CLEAR}${await look(socket)}`);
        await pause(Math.max(SHORTEST_INTERVAL_SEC, intervalSec), leaving.signal);
      }
      return 0;
    } finally {
      stdout.write(OWN_SCREEN);
      stdin.setRawMode(false);
      stdin.pause();
    }
  });
}
