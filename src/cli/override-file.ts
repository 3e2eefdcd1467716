import type { Override, OverrideAction } from "../checker/override.ts";
import type { OverrideStore } from "../runtime/override-keeper.ts";
import type { DaemonNames } from "./control-path.ts";
import { type Fields, fieldsOf, listOf, momentIn, numberIn, stateFileOf, statePath, textIn } from "./state-fields.ts";
import { readStateFile, removeStateFile, writeStateFile } from "./state-file.ts";

const LARGEST_WEIGHT = 65_535;

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

/** @throws Error */
export function decodeOverrides(text: string): readonly Override[] {
  return listOf(text, "overrides").map(overrideFrom);
}

export function encodeOverrides(overrides: readonly Override[]): string {
  return stateFileOf("overrides", overrides);
}

/** Where the overrides of a daemon outlive it; a reboot as well. */
export function overridePath(names: DaemonNames): string {
  return statePath("overrides", names);
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
