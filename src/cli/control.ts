import { resolve } from "node:path";
import type { ApiSources } from "../api/router.ts";
import type { NativeAddon } from "../native/contract.ts";
import { ControlSocketError } from "../runtime/control-socket.ts";
import type { Daemon } from "../runtime/daemon.ts";
import { errorText } from "../runtime/error-code.ts";
import type { EventLog } from "../runtime/event-log.ts";
import type { Logger } from "../runtime/log.ts";
import type { OverrideKeeper } from "../runtime/override-keeper.ts";
import { COMPATIBLE_VERSION, VERSION } from "../runtime/version.ts";
import type { VrrpOperator } from "../runtime/vrrp-operator.ts";
import { CONTROL_DIRECTORY, defaultControlPath } from "./control-path.ts";
import type { Flags } from "./flags.ts";

export interface ControlContext {
  readonly daemon: Daemon;
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  readonly events: EventLog;
  readonly overrides: OverrideKeeper;
  readonly operator: VrrpOperator;
}

interface Served {
  /** Path and group. */
  readonly place: string;
  close(): Promise<void>;
}

/** The control socket of a running daemon: opened once it is up, moved by a reload. Nothing depends on it. */
export class Control {
  readonly #context: ControlContext;
  #served: Served | null = null;
  /** One change at a time. */
  #tail: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(context: ControlContext) {
    const { flags } = context;
    // The daemon will leave this folder.
    this.#context = { ...context, flags: { ...flags, configFile: resolve(flags.configFile) } };
  }

  /** Brings the socket to what the configuration in force says. Never rejects. */
  apply(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#apply());
    return this.#tail;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#tail = this.#tail.then(() => this.#end());
    return this.#tail;
  }

  async #apply(): Promise<void> {
    const { daemon, flags } = this.#context;
    const global = daemon.status()?.configuration.global;
    if (global === undefined || this.#isClosed) return;
    const { control, instanceName } = global;
    const names = { networkNamespace: flags.namespace ?? global.networkNamespace, instanceName };
    const path = control.path ?? defaultControlPath(names);
    const gid = control.group?.gid ?? null;
    const place = control.isOff ? "" : `${path} ${gid}`;
    if (this.#served !== null && this.#served.place === place) return;
    await this.#end();
    if (!control.isOff) await this.#open(path, gid, place);
  }

  async #open(path: string, gid: number | null, place: string): Promise<void> {
    const { log, events, native } = this.#context;
    // Off the way of start-up.
    const [{ createControlServer }, { listenOnSocket }, { answer }] = await Promise.all([
      import("../runtime/control-server.ts"),
      import("../runtime/control-socket.ts"),
      import("../api/router.ts"),
    ]);
    const sources = this.#sources();
    const { server, close } = createControlServer({
      handle: (request) => answer(request, sources),
      events,
      streamPath: "/v1/events",
    });
    try {
      const release = await listenOnSocket(server, {
        path,
        gid,
        ownsFolder: path.startsWith(`${CONTROL_DIRECTORY}/`),
        tryLockFile: (fd) => native.tryLockFile(fd),
      });
      this.#served = {
        place,
        close: async () => {
          await close();
          release();
        },
      };
      if (!this.#isClosed) log.info("control socket", { path });
    } catch (error) {
      const reason = errorText(error);
      if (error instanceof ControlSocketError && error.isTaken) log.info("control socket taken", { path, reason });
      else log.warning("control socket not opened", { path, reason });
    }
  }

  async #end(): Promise<void> {
    await this.#served?.close();
    this.#served = null;
  }

  #sources(): ApiSources {
    const { daemon, flags, native, events, overrides, operator } = this.#context;
    return {
      operator,
      overrides,
      nowMs: Date.now,
      snapshot: () => daemon.status(),
      nowUs: () => native.monotonicUs(),
      eventsSince: (sequence) => events.since(sequence),
      reload: async () => {
        const before = events.last;
        await daemon.reload();
        await this.apply();
        const told = events
          .since(before)
          .events.filter(({ level, message }) => level !== "info" || message.startsWith("reload"));
        const isComplete = told.some(({ message }) => message === "reload complete");
        return { isComplete, messages: told.map(({ text }) => text) };
      },
      planReload: async () => {
        const { planReload } = await import("./reload-plan.ts");
        return planReload(flags, daemon.status()?.configuration ?? null);
      },
      explain: async () => {
        const { explainRunning } = await import("./control-explain.ts");
        return explainRunning(flags, daemon.status()?.configuration ?? null);
      },
      facts: () => {
        const { heapUsed, rss } = process.memoryUsage();
        return {
          version: VERSION,
          compatible: COMPATIBLE_VERSION,
          pid: process.pid,
          node: process.versions.node,
          uptimeSec: Math.round(process.uptime()),
          configFile: flags.configFile,
          lastEvent: events.last,
          heapUsedBytes: heapUsed,
          residentBytes: rss,
        };
      },
    };
  }
}
