/** Small helpers shared by the scripts that must run before anything is compiled: Node built-ins only. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** @param {string} text one progress line, on standard error so that output stays clean */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** @param {string} text why the script can't go on */
export function fail(text) {
  say(text);
  process.exit(1);
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 * @returns {boolean} whether it ended with status 0
 */
export function run(command, words, options = {}) {
  const result = spawnSync(command, words, { stdio: ["ignore", 2, 2], cwd: ROOT, ...options });
  if (result.error) say(`${command}: ${result.error.message}`);
  return result.status === 0;
}

/** @returns {boolean} whether a program of that name is in PATH or the system folders */
export function hasProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, name)));
}

/**
 * @param {string} path file or folder
 * @returns {number} the newest modification time below it in ms; 0 when there is nothing
 */
export function newestMtimeMs(path) {
  if (!existsSync(path)) return 0;
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return readdirSync(path)
    .filter((name) => !name.startsWith("build") && name !== "node_modules")
    .reduce((newest, name) => Math.max(newest, newestMtimeMs(join(path, name))), 0);
}

/**
 * Where the headers of the running Node are, if they are installed.
 * @returns {string | null} a folder for node-gyp's `--nodedir`; null: node-gyp fetches them itself
 */
export function nodeHeaders() {
  const folder = dirname(dirname(process.execPath));
  return existsSync(join(folder, "include/node/node_api.h")) ? folder : null;
}

/** @returns {string} a program of node_modules, for `process.execPath` */
export function packageProgram(path) {
  return join(ROOT, "node_modules", path);
}
