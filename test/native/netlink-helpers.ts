import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { NativeAddon } from "../../src/native/contract.ts";
import { loadNative } from "../../src/native/load.ts";
import { ROOT } from "../helpers/repository.ts";

export const addon: NativeAddon = loadNative();

export const ADDON_PATH: string = process.env["HOLDFAST_ADDON"] ?? join(ROOT, "build", "Release", "holdfast.node");

/** Moves this process into a network namespace of its own, which goes away with it. */
export function enterFreshNamespace(): void {
  const name = `holdfast-test-${process.pid}`;
  runOk("ip", "netns", "add", name);
  try {
    addon.enterNetworkNamespace(`/run/netns/${name}`);
  } finally {
    runOk("ip", "netns", "delete", name);
  }
}

export function runOk(command: string, ...words: readonly string[]): string {
  const child = spawnSync(command, words, { encoding: "utf8" });
  if (child.status !== 0) throw new Error(`${command} ${words.join(" ")}: ${child.error ?? child.stderr}`);
  return child.stdout;
}

export function typeErrorNaming(field: string): (error: unknown) => boolean {
  return (error) => error instanceof TypeError && error.message.startsWith(`${field}:`);
}
