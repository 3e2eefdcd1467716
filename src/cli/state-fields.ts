import type { DaemonNames } from "./control-path.ts";

/** What state files are made of. Read by hand: they are needed at start, where a library would cost time. */

const STATE_DIRECTORY = "/var/lib/holdfast";
const VERSION = 1;

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new Error("an object is missing");
  return { ...value };
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
}

export function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !(value >= 0)) throw new Error(`${name} is no number from 0 on`);
  return value;
}

export function momentIn(fields: Fields, name: string): number | null {
  return fields[name] === null ? null : numberIn(fields, name);
}

/** @returns the list that the file is about. @throws Error */
export function listOf(text: string, name: string): readonly unknown[] {
  const fields = fieldsOf(JSON.parse(text));
  const list: unknown = fields[name];
  if (fields["version"] !== VERSION || !Array.isArray(list)) throw new Error("the file is of another version");
  return list;
}

export function stateFileOf(name: string, list: readonly unknown[]): string {
  return `${JSON.stringify({ version: VERSION, [name]: list }, null, 1)}\n`;
}

/** Where something about a daemon outlives it; a reboot as well. */
export function statePath(what: string, { networkNamespace, instanceName }: DaemonNames): string {
  const names = [networkNamespace, instanceName].filter((name) => name !== null);
  return `${STATE_DIRECTORY}/${[what, ...names].join("_")}.json`;
}
