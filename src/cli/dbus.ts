import { readFileSync } from "node:fs";
import type { BusAction, BusFacts } from "../api/dbus-objects.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BusLink } from "../runtime/dbus-link.ts";
import type { BusCall, BusReply } from "../runtime/dbus-wire.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import type { SignalHandlers } from "../runtime/signals.ts";
import type { StateObserver } from "../runtime/state-observers.ts";
import type { VrrpStateChange, VrrpStateName } from "../runtime/vrrp-types.ts";
import type { Flags } from "./flags.ts";

export interface DbusContext extends Pick<SignalHandlers, "reload" | "dump"> {
  readonly flags: Pick<Flags, "runsVrrp" | "namespace">;
  readonly log: Logger;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** Has an active instance tell its neighbours where its addresses are. */
  readonly announce: (instance: string) => void;
}

interface Wanted {
  readonly serviceName: string;
  /** Network namespace and instance of the daemon: part of every path. */
  readonly names: readonly (string | null)[];
}

type Objects = typeof import("../api/dbus-objects.ts");

/** Loaded only where D-Bus is asked for. */
interface Open {
  readonly objects: Objects;
  readonly link: BusLink;
  /** Of all paths. */
  readonly base: string;
}

const DEFAULT_NAME = "org.keepalived.Vrrp1";
const SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket";
const DUMPS = { DATA: "VRRP data", STATS: "VRRP stats", STATS_CLEAR: "and clearing VRRP stats" };

function machineId(): string {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      // The other place may have it.
    }
  }
  return "0".repeat(32);
}

/** VRRP on the system bus, as org.keepalived.Vrrp1. Nothing depends on it. */
export class Dbus implements StateObserver {
  readonly #context: DbusContext;
  #configuration: CompleteConfiguration | null = null;
  /** During a reload: what goes is known here only. */
  #before: CompleteConfiguration | null = null;
  #wanted: Wanted | null = null;
  #open: Open | null = null;
  #isClosed = false;
  /** By interface, VRID and family: an instance may change its name. */
  readonly #states = new Map<string, VrrpStateName>();

  constructor(context: DbusContext) {
    this.#context = context;
  }

  configured(configuration: CompleteConfiguration): void {
    this.#before = this.#configuration;
    this.#configuration = configuration;
    const { dbus, networkNamespace, instanceName } = configuration.global;
    const { flags } = this.#context;
    const names = [flags.namespace ?? networkNamespace, instanceName];
    const wanted = dbus.isEnabled && flags.runsVrrp ? { serviceName: dbus.serviceName ?? DEFAULT_NAME, names } : null;
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    this.#wanted = wanted;
    this.#leave();
    if (wanted !== null)
      void this.#begin(wanted).catch((error: unknown) =>
        this.#context.log.error("dbus failed", { reason: errorText(error) }),
      );
  }

  reloaded(): void {
    this.#tellDaemon("VrrpReloaded");
  }

  instanceChanged(change: VrrpStateChange): void {
    const instance = [this.#configuration, this.#before]
      .flatMap((one) => one?.vrrpInstances ?? [])
      .find(({ name }) => name === change.instance);
    if (instance === undefined) return;
    const key = keyOf(instance);
    if (change.to === "stop" || change.to === "deleted") this.#states.delete(key);
    else this.#states.set(key, change.to);
    if (this.#open === null) return;
    const { objects, base } = this.#open;
    const path = objects.instancePath(base, instance, this.#noInterface);
    this.#tellStatus(path, objects.statusNumber(change.to, instance.reportsDeletion));
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  get #noInterface(): string {
    return this.#configuration?.global.dbus.noInterfaceName ?? "none";
  }

  #leave(): void {
    this.#tellDaemon("VrrpStopped");
    this.#open?.link.close();
    this.#open = null;
  }

  async #begin(wanted: Wanted): Promise<void> {
    const [objects, { BusLink }, { loadBusCodec }] = await Promise.all([
      import("../api/dbus-objects.ts"),
      import("../runtime/dbus-link.ts"),
      import("../runtime/dbus-wire.ts"),
    ]);
    const codec = await loadBusCodec();
    if (this.#wanted !== wanted || this.#isClosed) return;
    const { serviceName } = wanted;
    const base = objects.basePath(wanted.names);
    const { log, after } = this.#context;
    const address = process.env["DBUS_SYSTEM_BUS_ADDRESS"] || SYSTEM_BUS;
    const answer = (call: BusCall): BusReply => this.#answer(call, objects, base);
    const link = new BusLink({ address, serviceName }, { codec, answer, onOpen: () => this.#introduce(), log, after });
    this.#open = { objects, link, base };
    link.start();
  }

  #facts(objects: Objects, base: string): BusFacts {
    const instances = (this.#configuration?.vrrpInstances ?? []).map((instance) => ({
      path: objects.instancePath(base, instance, this.#noInterface),
      name: instance.name,
      state: this.#states.get(keyOf(instance)) ?? "initialize",
    }));
    return { daemonPath: `${base}/Vrrp`, instances, machineId: machineId() };
  }

  #introduce(): void {
    if (this.#open === null) return;
    const { objects, base } = this.#open;
    this.#tellDaemon("VrrpStarted");
    for (const { path, state } of this.#facts(objects, base).instances)
      this.#tellStatus(path, objects.statusNumber(state, false));
  }

  #tellDaemon(member: "VrrpStarted" | "VrrpReloaded" | "VrrpStopped"): void {
    if (this.#open === null) return;
    const { objects, link, base } = this.#open;
    link.emit({ path: `${base}/Vrrp`, interface: objects.DAEMON_INTERFACE, member });
  }

  #tellStatus(path: string, status: number): void {
    if (this.#open === null) return;
    const { objects, link } = this.#open;
    const what = { path, interface: objects.INSTANCE_INTERFACE, member: "VrrpStatusChange" };
    link.emit({ ...what, signature: "u", body: [status] });
  }

  #answer(call: BusCall, objects: Objects, base: string): BusReply {
    const { reply, action } = objects.answerCall(call, this.#facts(objects, base));
    if (action !== null) this.#act(action);
    return reply;
  }

  #act(action: BusAction): void {
    const { log, dump, reload, announce } = this.#context;
    switch (action.kind) {
      case "dump":
        log.info("dbus dump", { what: DUMPS[action.what] });
        dump(action.what);
        break;
      case "reload":
        reload();
        break;
      case "announce":
        log.info("dbus announce", { instance: action.instance });
        announce(action.instance);
        break;
    }
  }
}

function keyOf({ interfaceName, vrid, family }: CompleteConfiguration["vrrpInstances"][number]): string {
  return `${family} ${vrid} ${interfaceName}`;
}
