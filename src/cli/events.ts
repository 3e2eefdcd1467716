import type { EventView } from "../api/schema.ts";
import { ask, ControlError, openAnswer, runAgainstDaemon } from "./control-client.ts";

export interface EventsRequest {
  readonly socket: string;
  readonly isFollowing: boolean;
  /** Sequence number. */
  readonly since: number;
  readonly isJson: boolean;
}

/** The daemon sends a sign of life every 15 s. */
const SILENCE_MS = 60_000;

function lineOf(event: EventView, isJson: boolean): string {
  if (isJson) return `${JSON.stringify(event)}\n`;
  const time = new Date(event.timeMs).toISOString();
  return `${event.sequence} ${time} ${event.level === "info" ? "" : `${event.level}: `}${event.text}\n`;
}

function missedLine(missed: number): string {
  return `holdfast: ${missed} older events are not remembered any more\n`;
}

/** @throws ControlError when the daemon ends the stream */
async function follow({ socket, since, isJson }: EventsRequest): Promise<never> {
  const answer = await openAnswer({ socket, method: "GET", path: `/v1/events?since=${since}` }, SILENCE_MS);
  answer.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) print(block, isJson);
    }
  } catch {
    // Told below.
  }
  throw new ControlError("the daemon has ended the stream");
}

function print(block: string, isJson: boolean): void {
  const data = /^data: (.*)$/m.exec(block)?.[1];
  if (data === undefined) return;
  const parsed = JSON.parse(data) as EventView | { readonly missed: number };
  if ("missed" in parsed) process.stderr.write(missedLine(parsed.missed));
  else process.stdout.write(lineOf(parsed, isJson));
}

/** `holdfast events` */
export function events(request: EventsRequest): Promise<number> {
  return runAgainstDaemon(async () => {
    if (request.isFollowing) return follow(request);
    const path = `/v1/events?follow=0&since=${request.since}`;
    const { missed, events: known } = await ask<{ missed: number; events: EventView[] }>({
      socket: request.socket,
      method: "GET",
      path,
    });
    if (missed > 0) process.stderr.write(missedLine(missed));
    process.stdout.write(known.map((event) => lineOf(event, request.isJson)).join(""));
    return 0;
  });
}
