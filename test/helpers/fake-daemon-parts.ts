import { type LoadedConfiguration, loadConfiguration } from "../../src/config/load.ts";
import { createMemoryHost } from "../../src/config/memory-host.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { VirtualServer } from "../../src/model/lvs.ts";
import { BfdRuntime, type BfdRuntimeDependencies } from "../../src/runtime/bfd-runtime.ts";
import { Daemon } from "../../src/runtime/daemon.ts";
import type { DaemonDependencies, DaemonOptions } from "../../src/runtime/daemon-types.ts";
import { createLogger } from "../../src/runtime/log.ts";
import type { LvsRuntime } from "../../src/runtime/lvs-types.ts";
import type { VrrpHalf } from "../../src/runtime/tracking-vrrp.ts";
import { NO_TIMES } from "./loop-samples.ts";

export const VRRP_TEXT =
  "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 10.0.0.100\n }\n}\n";
export const LVS_TEXT =
  "virtual_server 10.0.0.100 80 {\n protocol TCP\n lb_algo rr\n lb_kind DR\n real_server 10.0.0.2 80 {\n TCP_CHECK {\n }\n }\n}\n";

/** What a start is refused for, where the parts complain. */
export const COMPLAINT: Diagnostic = { severity: "error", code: "no-interface", message: "no eth0", place: null };

/** As Node and the addon throw them. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`failed: ${code}`), { code });
}

/** What the fake parts answer with, and what they were asked. */
export interface FakeParts {
  /** In order: messages as `log MESSAGE`, and calls as `PART CALL`. */
  readonly calls: string[];
  /** The next configuration text to be loaded. */
  text: string;
  /** Complaints of the next `vrrp.start` or `vrrp.reload`. */
  complaints: readonly Diagnostic[];
}

export interface FakeDaemonChanges {
  readonly options?: Partial<DaemonOptions>;
  readonly dependencies?: Partial<DaemonDependencies>;
  /** Awaited by `vrrp.reload` and `vrrp.stop`. */
  readonly vrrpReload?: () => Promise<void>;
  readonly vrrpStop?: () => Promise<void>;
  /** Awaited by `lvs.reload`. */
  readonly lvsReload?: () => Promise<void>;
}

function fakeVrrp(fake: FakeParts, changes: FakeDaemonChanges): VrrpHalf {
  return {
    start: async () => {
      fake.calls.push("vrrp start");
      return fake.complaints;
    },
    reload: async ({ vrrpInstances }) => {
      if (changes.vrrpReload !== undefined) await changes.vrrpReload();
      fake.calls.push(`vrrp reload ${vrrpInstances.map(({ name }) => name).join(" ")}`);
      return fake.complaints;
    },
    stop: async () => {
      if (changes.vrrpStop !== undefined) await changes.vrrpStop();
      fake.calls.push("vrrp stop");
    },
    snapshot: () => [],
    health: () => null,
    bfdChanged: () => undefined,
  };
}

function fakeLvs(fake: FakeParts, changes: FakeDaemonChanges): LvsRuntime {
  const count = (servers: readonly VirtualServer[]): string => String(servers.length);
  return {
    start: async (configuration) => {
      fake.calls.push(`lvs start ${count(configuration.virtualServers)}`);
    },
    reload: async (configuration) => {
      if (changes.lvsReload !== undefined) await changes.lvsReload();
      fake.calls.push(`lvs reload ${count(configuration.virtualServers)}`);
    },
    usage: async () => ({ virtualServers: new Map(), realServers: new Map(), sorryServers: new Map() }),
    stop: async () => {
      fake.calls.push("lvs stop");
    },
    force: () => undefined,
    bfdChanged: () => undefined,
    connections: async () => new Map(),
    probeHeartbeats: () => null,
    snapshot: () => ({
      virtualServers: [],
      probes: null,
      table: { reconciles: 0, repairs: 0, failures: 0, isInSync: true },
    }),
  };
}

const BFD_HEALTH = {
  heartbeats: 4,
  commands: 0,
  eventsLost: 0,
  lateness: { count: 0, p50Us: 0, p99Us: 0, maxUs: 0 },
  unknownVrids: 0,
  advertLateness: NO_TIMES,
};

function fakeBfd(fake: FakeParts, onChange: BfdRuntimeDependencies["onChange"]): BfdRuntime {
  const runtime = new BfdRuntime({
    openLoop: () => ({
      openSession: (number, { neighborAddress }) => fake.calls.push(`bfd open ${number} ${neighborAddress}`),
      closeSession: (number) => fake.calls.push(`bfd close ${number}`),
      sessionStatus: () => null,
      health: () => BFD_HEALTH,
      close: () => fake.calls.push("bfd stop"),
    }),
    sessionNumber: () => 1,
    nowUs: () => 0,
    log: () => undefined,
    onChange,
  });
  return runtime;
}

function load(text: string): LoadedConfiguration {
  return loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: text === "" ? {} : { "/a.conf": text } }),
  );
}

function fakeDependencies(fake: FakeParts, changes: FakeDaemonChanges): DaemonDependencies {
  const { calls } = fake;
  const log = createLogger({
    sinks: [{ write: (record) => calls.push(`log ${record.message}`), close: async () => {} }],
    detailLevel: 2,
    nowMs: () => 0,
  });
  return {
    log,
    manager: {
      ready: () => calls.push("manager ready"),
      reloading: () => calls.push("manager reloading"),
      status: (text) => calls.push(`manager status ${text}`),
      stopping: () => calls.push("manager stopping"),
      failed: (exitCode) => calls.push(`manager failed ${exitCode}`),
    },
    nowUs: () => 0,
    load: async (): Promise<LoadedConfiguration> => load(fake.text),
    enterNamespace: (name) => calls.push(`namespace ${name}`),
    missingCapabilities: () => [],
    takePidFiles: (roles) => {
      calls.push(`pid ${roles.join(" ")}`);
      return { refusal: null, files: [{ path: "", close: () => calls.push("pid close") }] };
    },
    openIpvs: () => {
      calls.push("ipvs open");
      const unused = (): never => {
        throw new Error("not used by the daemon itself");
      };
      return {
        dump: unused,
        dumpIfChanged: unused,
        usage: unused,
        apply: unused,
        timeouts: unused,
        syncDaemons: unused,
        close: () => calls.push("ipvs close"),
      };
    },
    createLvs: () => fakeLvs(fake, changes),
    createVrrp: () => fakeVrrp(fake, changes),
    createBfd: (onChange) => fakeBfd(fake, onChange),
    notifier: { begin: async () => {}, reload: async () => {}, reloaded: () => {}, end: async () => {} },
    syncDaemon: { configure: async () => {}, stop: async () => {} },
    settle: () => calls.push("settle"),
    ...changes.dependencies,
  };
}

/**
 * A daemon whose parts write down what is asked of them.
 * @param text the configuration that it starts with; empty for a missing file
 */
export function createFakeDaemon(
  text: string,
  changes: FakeDaemonChanges = {},
): { readonly daemon: Daemon; readonly parts: FakeParts } {
  const options: DaemonOptions = {
    configFile: "/a.conf",
    runsVrrp: true,
    runsCheckers: true,
    runsBfd: true,
    namespace: null,
    dumpsConfiguration: false,
    ...changes.options,
  };
  const parts: FakeParts = { calls: [], text, complaints: [] };
  return { daemon: new Daemon(options, fakeDependencies(parts, changes)), parts };
}
