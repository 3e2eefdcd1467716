import {
  forceOf,
  isDraining,
  type Override,
  type OverrideNews,
  type Overrides,
  overrideKey,
  stepOverrides,
} from "../checker/override.ts";
import { errorText } from "./error-code.ts";
import type { Logger } from "./log.ts";
import type { LvsRuntime } from "./lvs-types.ts";

const TICK_MS = 1000;

/** Where overrides outlive the daemon. */
export interface OverrideStore {
  /** What an earlier run saved. @throws Error when it can't be trusted or understood */
  readonly load: () => readonly Override[];
  /** @throws system error */
  readonly save: (overrides: readonly Override[]) => void;
}

export interface OverrideKeeperDependencies {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** @returns a function that cancels the call */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly log: Logger;
}

type Servers = Pick<LvsRuntime, "force" | "connections">;

/** Keeps what operators said about real servers: over reloads and restarts, until it expires or is taken back. */
export class OverrideKeeper {
  readonly #dependencies: OverrideKeeperDependencies;
  #store: OverrideStore | null = null;
  #overrides: Overrides = new Map();
  #servers: Servers | null = null;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(dependencies: OverrideKeeperDependencies) {
    this.#dependencies = dependencies;
  }

  /** Takes up what an earlier run saved. Never throws: without it the configuration holds. */
  open(store: OverrideStore): void {
    const { log } = this.#dependencies;
    this.#store = store;
    try {
      this.#overrides = new Map(store.load().map((override) => [overrideKey(override), override]));
    } catch (error) {
      log.error("overrides not loaded", { reason: errorText(error) });
    }
    this.#apply();
  }

  /** @param servers null when load balancing has ended */
  attach(servers: Servers): void {
    this.#servers = servers;
    this.#apply();
  }

  list(): readonly Override[] {
    return [...this.#overrides.values()];
  }

  /** @returns whether it was saved, too; it holds either way */
  set(overrides: readonly Override[]): boolean {
    const next = new Map(this.#overrides);
    for (const override of overrides) {
      next.set(overrideKey(override), override);
      this.#tell("override set", override);
    }
    return this.#replace(next);
  }

  /** @returns whether that was saved, too */
  clear(keys: readonly string[]): boolean {
    const next = new Map(this.#overrides);
    for (const key of keys) {
      const override = next.get(key);
      if (override !== undefined) this.#tell("override taken back", override);
      next.delete(key);
    }
    return this.#replace(next);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #replace(next: Overrides): boolean {
    const { log } = this.#dependencies;
    this.#overrides = next;
    this.#apply();
    try {
      this.#store?.save(this.list());
      return this.#store !== null;
    } catch (error) {
      log.error("overrides not saved", { reason: errorText(error) });
      return false;
    }
  }

  #apply(): void {
    this.#servers?.force(new Map([...this.#overrides].map(([key, override]) => [key, forceOf(override)])));
    this.#cancel?.();
    this.#cancel = null;
    const waits = this.list().some((one) => isDraining(one) || one.expiresMs !== null);
    if (waits && !this.#isClosed) this.#cancel = this.#dependencies.after(TICK_MS, () => void this.#tick());
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    const keys = new Set(this.list().filter(isDraining).map(overrideKey));
    const counts = await this.#count(keys);
    if (this.#isClosed) return;
    const nowMs = this.#dependencies.nowMs();
    const { overrides, news } = stepOverrides(this.#overrides, nowMs, (key) => counts.get(key) ?? null);
    for (const { kind, override } of news) this.#tell(NEWS_MESSAGES[kind], override);
    if (news.length > 0) this.#replace(overrides);
    else this.#apply();
  }

  async #count(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
    if (keys.size === 0 || this.#servers === null) return new Map();
    try {
      return await this.#servers.connections(keys);
    } catch {
      // The table sync tells of a table that can't be read.
      return new Map();
    }
  }

  #tell(message: string, { virtualServer, realServer, action, owner, reason }: Override): void {
    this.#dependencies.log.info(message, { virtualServer, realServer, action: actionText(action), owner, reason });
  }
}

function actionText(action: Override["action"]): string {
  return action.kind === "weight" ? `weight ${action.weight}` : action.kind;
}

const NEWS_MESSAGES: Readonly<Record<OverrideNews["kind"], string>> = {
  expired: "override expired",
  drained: "server drained",
  deadline: "drain deadline passed",
};
