import { once } from "node:events";
import { resolve } from "node:path";
import type { ApiSources } from "../api/router.ts";
import type { ControlSettings } from "../model/global-complete.ts";
import type { NativeAddon } from "../native/contract.ts";
import { ControlSocketError } from "../runtime/control-socket.ts";
import type { Daemon } from "../runtime/daemon.ts";
import { errorText } from "../runtime/error-code.ts";
import type { EventLog } from "../runtime/event-log.ts";
import type { Logger } from "../runtime/log.ts";
import type { OverrideKeeper } from "../runtime/override-keeper.ts";
import { COMPATIBLE_VERSION, VERSION } from "../runtime/version.ts";
import type { VrrpOperator } from "../runtime/vrrp-operator.ts";
import { LoopLag, sharedUsage } from "./control-facts.ts";
import { CONTROL_DIRECTORY, defaultControlPath } from "./control-path.ts";
import type { Flags } from "./flags.ts";
import { readStateFile } from "./state-file.ts";

export interface ControlContext {
  readonly daemon: Daemon;
  readonly flags: Flags;
  readonly native: NativeAddon;
  readonly log: Logger;
  readonly events: EventLog;
  readonly overrides: OverrideKeeper;
  readonly operator: VrrpOperator;
}

const ANSWER_FIRST_MS = 100;
const SHORTEST_TOKEN = 16;

interface Served {
  /** Path and group. */
  readonly place: string;
  close(): Promise<void>;
}

/** @throws Error when the file is missing or too short, or others could have written it */
function readToken(path: string): string {
  const text = readStateFile(path);
  if (text === null) throw new Error(`there is no file ${path} to read the token from`);
  const token = text.trim();
  if (token.length < SHORTEST_TOKEN) throw new Error(`${path} holds no token of ${SHORTEST_TOKEN} characters or more`);
  return token;
}

/** The control socket of a running daemon: opened once it is up, moved by a reload. Nothing depends on it. */
export class Control {
  readonly #context: ControlContext;
  #served: Served | null = null;
  #listener: Served | null = null;
  /** One change at a time. */
  #tail: Promise<void> = Promise.resolve();
  #isClosed = false;
  readonly #lag = new LoopLag();
  readonly #usage: ApiSources["usage"];

  constructor(context: ControlContext) {
    const { flags } = context;
    // The daemon will leave this folder.
    this.#context = { ...context, flags: { ...flags, configFile: resolve(flags.configFile) } };
    this.#usage = sharedUsage(
      () => context.daemon.usage(),
      () => performance.now(),
    );
  }

  /** Brings the socket to what the configuration in force says. Never rejects. */
  apply(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#apply());
    return this.#tail;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#lag.close();
    this.#tail = this.#tail.then(async () => {
      await this.#listener?.close();
      this.#listener = null;
      await this.#end();
    });
    return this.#tail;
  }

  async #apply(): Promise<void> {
    const { daemon, flags } = this.#context;
    const global = daemon.inForce()?.global;
    if (global === undefined || this.#isClosed) return;
    const { control, instanceName } = global;
    const names = { networkNamespace: flags.namespace ?? global.networkNamespace, instanceName };
    const path = control.path ?? defaultControlPath(names);
    const gid = control.group?.gid ?? null;
    const place = control.isOff ? "" : `${path} ${gid}`;
    await this.#listen(control.listen);
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

  /** Brings the TCP listener to what the configuration says. */
  async #listen(wanted: ControlSettings["listen"]): Promise<void> {
    const { log } = this.#context;
    const place = wanted === null ? "" : `${wanted.address} ${wanted.port} ${wanted.tokenFile}`;
    if ((this.#listener?.place ?? "") === place) return;
    await this.#listener?.close();
    this.#listener = null;
    if (wanted === null) return;
    const { address, port, tokenFile } = wanted;
    try {
      const token = tokenFile === null ? null : readToken(tokenFile);
      const [{ createControlServer }, { guardListener }, { answer }] = await Promise.all([
        import("../runtime/control-server.ts"),
        import("../runtime/control-guard.ts"),
        import("../api/router.ts"),
      ]);
      const sources = this.#sources();
      const { server, close } = createControlServer({
        handle: (request) => answer(request, sources),
        events: this.#context.events,
        streamPath: "/v1/events",
        guard: (request) => guardListener(request, token),
      });
      server.listen(port, address);
      await once(server, "listening");
      this.#listener = { place, close };
      log.info("control listener", { address, port });
    } catch (error) {
      log.warning("control listener not opened", { address, port, reason: errorText(error) });
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
      usage: this.#usage,
      nowUs: () => native.monotonicUs(),
      eventsSince: (sequence) => events.since(sequence),
      reload: async () => {
        const before = events.last;
        await daemon.reload();
        // The answer goes first: this may move the socket.
        setTimeout(() => void this.apply(), ANSWER_FIRST_MS).unref();
        const told = events
          .since(before)
          .events.filter(({ level, message }) => level !== "info" || message.startsWith("reload"));
        const isComplete = told.some(({ message }) => message === "reload complete");
        return { isComplete, messages: told.map(({ text }) => text) };
      },
      planReload: async () => {
        const { planReload } = await import("./reload-plan.ts");
        return planReload(flags, daemon);
      },
      explain: async () => {
        const { explainRunning } = await import("./control-explain.ts");
        return explainRunning(flags, daemon.inForce());
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
          loopLag: this.#lag.summary(),
        };
      },
    };
  }
}
