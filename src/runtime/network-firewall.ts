import { spawn } from "node:child_process";
import type { SpokenRecord } from "./log.ts";

const PATIENCE_MS = 10_000;

/** Runs a script of nft, which is carried out as a whole or not at all. @returns what nft complained about, null for nothing */
export async function runNft(script: string): Promise<string | null> {
  return await new Promise((resolve) => {
    const child = spawn("nft", ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"], timeout: PATIENCE_MS });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status) => resolve(status === 0 ? null : complaint.trim() || `nft ended with ${status}`));
    // A program that is not there or ends early closes the pipe; its end tells why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(script);
  });
}

/** Our nftables tables; one change at a time. */
export class Firewall {
  readonly #log: (record: SpokenRecord) => void;
  #current = "";
  #work: Promise<unknown> = Promise.resolve();

  constructor(log: (record: SpokenRecord) => void) {
    this.#log = log;
  }

  /** @param isForced also when the script is the one in force: interfaces in it have changed */
  set(script: string, isForced: boolean): Promise<void> {
    const done = this.#work.then(async () => {
      if (script === this.#current && !isForced) return;
      this.#current = script;
      if (script === "") return;
      const reason = await runNft(script);
      if (reason === null) return;
      const message = "nftables not set";
      this.#log({ level: "error", message, fields: { reason }, text: `${message}: ${reason}` });
    });
    this.#work = done;
    return done;
  }
}
