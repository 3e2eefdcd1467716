import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CompleteConfiguration } from "../model/complete.ts";
import { makeFolder } from "../runtime/control-socket.ts";
import { ownedPart } from "../runtime/owned.ts";
import { VERSION } from "../runtime/version.ts";
import { CONTROL_DIRECTORY, type DaemonNames } from "./control-path.ts";
import { fieldsOf, textIn } from "./state-fields.ts";
import { readStateFile, removeFolder, removeStateFile, writeStateFile } from "./state-file.ts";

/**
 * What a run of the daemon may have in the kernel, for the next run and for `holdfast cleanup`. In memory, as what it tells
 * of: neither outlives a boot, and no disk is waited for.
 */
const FOLDER = join(CONTROL_DIRECTORY, "owned");
const LARGEST_BYTES = 64 << 20;

/** One configuration, or during a reload two. */
export interface Owned {
  readonly path: string;
  readonly configurations: readonly CompleteConfiguration[];
}

export function ownedPath({ networkNamespace, instanceName }: DaemonNames): string {
  const names = [networkNamespace, instanceName].filter((name) => name !== null);
  return join(FOLDER, `${["daemon", ...names].join("_")}.json`);
}

/** @throws UnsafeStateError, system error */
export function saveOwned(path: string, configFile: string, configurations: readonly CompleteConfiguration[]): void {
  makeFolder(CONTROL_DIRECTORY);
  const state = { version: VERSION, configFile: resolve(configFile), configurations: configurations.map(ownedPart) };
  writeStateFile(path, JSON.stringify(state));
}

/** The folder of the control socket goes as well, when nothing else is in it. */
export function forgetOwned(path: string): void {
  removeStateFile(path);
  removeFolder(CONTROL_DIRECTORY);
}

/**
 * Written by the same version of the program only: the model is not meant to be kept.
 * @returns null when there is none
 * @throws UnsafeStateError, Error
 */
function readOwned(path: string): (Owned & { readonly configFile: string }) | null {
  const text = readStateFile(path, LARGEST_BYTES);
  if (text === null) return null;
  const fields = fieldsOf(JSON.parse(text));
  const configurations: unknown = fields["configurations"];
  if (fields["version"] !== VERSION || !Array.isArray(configurations)) return null;
  return { path, configFile: textIn(fields, "configFile"), configurations: configurations as CompleteConfiguration[] };
}

export function loadOwned(path: string): Owned | null {
  return readOwned(path);
}

/** Of all daemons that ran with this file. @throws UnsafeStateError, Error */
export function findOwned(configFile: string): readonly Owned[] {
  let names: readonly string[];
  try {
    names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return names
    .flatMap((name) => readOwned(join(FOLDER, name)) ?? [])
    .filter((owned) => owned.configFile === resolve(configFile));
}
