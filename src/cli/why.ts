import type { Why } from "../api/schema.ts";
import { ask, runAgainstDaemon } from "./control-client.ts";

export interface WhyRequest {
  readonly socket: string;
  /** Null: all. */
  readonly instance: string | null;
  /** All changes that are known, not just the last one. */
  readonly isAll: boolean;
  readonly isJson: boolean;
}

const STATES: Readonly<Record<string, string>> = {
  initialize: "INIT",
  adopting: "INIT",
  backup: "BACKUP",
  active: "MASTER",
  fault: "FAULT",
};

export function renderWhy({ instance, state, changes }: Why, isAll: boolean): string {
  const shown = isAll ? changes : changes.slice(0, 1);
  const lines = shown.flatMap(({ timeMs, from, to, cause, evidence }) => [
    `  ${new Date(timeMs).toISOString()}  ${STATES[from] ?? from} -> ${STATES[to] ?? to}: ${cause}`,
    ...evidence.map((line) => `    - ${line}`),
  ]);
  const head = `${instance} is ${STATES[state] ?? state}`;
  return `${[head, ...(lines.length === 0 ? ["  no change of state is remembered"] : lines)].join("\n")}\n`;
}

/** `holdfast why` */
export function why({ socket, instance, isAll, isJson }: WhyRequest): Promise<number> {
  return runAgainstDaemon(async () => {
    const query = instance === null ? "" : `?${new URLSearchParams({ instance })}`;
    const answers = await ask<Why[]>({ socket, method: "GET", path: `/v1/why${query}` });
    const text = answers.map((answer) => renderWhy(answer, isAll)).join("");
    process.stdout.write(isJson ? `${JSON.stringify(answers, null, 2)}\n` : text);
    return 0;
  });
}
