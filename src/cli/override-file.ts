import type { Override, OverrideAction } from "../checker/override.ts";
import type { OverrideStore } from "../runtime/override-keeper.ts";
import type { DaemonNames } from "./control-path.ts";
import { readStateFile, removeStateFile, writeStateFile } from "./state-file.ts";

const STATE_DIRECTORY = "/var/lib/holdfast";
const VERSION = 1;
const LARGEST_WEIGHT = 65_535;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new Error("an object is missing");
  return { ...value };
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
}

function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !(value >= 0)) throw new Error(`${name} is no number from 0 on`);
  return value;
}

function momentIn(fields: Fields, name: string): number | null {
  return fields[name] === null ? null : numberIn(fields, name);
}

function actionFrom(fields: Fields): OverrideAction {
  const kind = fields["kind"];
  if (kind === "disable") return { kind };
  if (kind === "drain") return { kind, deadlineMs: momentIn(fields, "deadlineMs"), isDone: fields["isDone"] === true };
  const weight = numberIn(fields, "weight");
  if (kind !== "weight" || !Number.isInteger(weight) || weight > LARGEST_WEIGHT) throw new Error("unknown action");
  return { kind, weight };
}

function overrideFrom(value: unknown): Override {
  const fields = fieldsOf(value);
  return {
    virtualServer: textIn(fields, "virtualServer"),
    realServer: textIn(fields, "realServer"),
    action: actionFrom(fieldsOf(fields["action"])),
    owner: textIn(fields, "owner"),
    reason: textIn(fields, "reason"),
    sinceMs: numberIn(fields, "sinceMs"),
    expiresMs: momentIn(fields, "expiresMs"),
  };
}

/**
 * The text of the file. Read by hand: it is needed at start, where a library would cost time.
 * @throws Error
 */
export function decodeOverrides(text: string): readonly Override[] {
  const fields = fieldsOf(JSON.parse(text));
  const version = fields["version"];
  const overrides: unknown = fields["overrides"];
  if (version !== VERSION || !Array.isArray(overrides)) throw new Error("the file is of another version");
  return overrides.map(overrideFrom);
}

export function encodeOverrides(overrides: readonly Override[]): string {
  return `${JSON.stringify({ version: VERSION, overrides }, null, 1)}\n`;
}

/** Where the overrides of a daemon outlive it; a reboot as well. */
export function overridePath({ networkNamespace, instanceName }: DaemonNames): string {
  const names = [networkNamespace, instanceName].filter((name) => name !== null);
  return `${STATE_DIRECTORY}/${["overrides", ...names].join("_")}.json`;
}

/** A file that only this user can have written. */
export function overrideStore(path: string): OverrideStore {
  return {
    load: () => {
      const text = readStateFile(path);
      return text === null ? [] : decodeOverrides(text);
    },
    save: (overrides) => {
      if (overrides.length === 0) removeStateFile(path);
      else writeStateFile(path, encodeOverrides(overrides));
    },
  };
}
