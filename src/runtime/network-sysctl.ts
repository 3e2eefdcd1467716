import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const ROOT = "/proc/sys/net";

/** Settings of the network namespace of this thread; what was changed can be put back. */
export class Sysctls {
  readonly #before = new Map<string, string>();

  /** Names of the interfaces that have IPv4 settings. */
  interfaces(): readonly string[] {
    return readdirSync(`${ROOT}/ipv4/conf`).filter((name) => name !== "all" && name !== "default");
  }

  /** Null when there is no such setting. */
  read(path: string): string | null {
    try {
      return readFileSync(`${ROOT}/${path}`, "latin1").trim();
    } catch {
      return null;
    }
  }

  /** @returns whether it has the value now */
  set(path: string, value: string): boolean {
    if (this.read(path) === value) return true;
    try {
      writeFileSync(`${ROOT}/${path}`, value);
      return true;
    } catch {
      return false;
    }
  }

  /** As `set`; the value before the first change is kept for `restore`. */
  borrow(path: string, value: string): boolean {
    const before = this.read(path);
    if (before === null) return false;
    if (before !== value && !this.#before.has(path)) this.#before.set(path, before);
    return this.set(path, value);
  }

  restore(): void {
    for (const [path, value] of [...this.#before].reverse()) this.set(path, value);
    this.#before.clear();
  }

  /** Puts back what starts with the text, for example all of one interface. */
  restoreBelow(prefix: string): void {
    for (const [path, value] of this.#before) {
      if (!path.startsWith(prefix)) continue;
      this.set(path, value);
      this.#before.delete(path);
    }
  }
}
