import type {
  IpvsCommand,
  IpvsDestination,
  IpvsDestinationEntry,
  IpvsService,
  IpvsServiceEntry,
  IpvsServiceUsage,
  IpvsSyncDaemon,
  IpvsSyncRole,
  IpvsTable,
  IpvsTimeouts,
  NativeError,
  SyscallFailure,
} from "../native/contract.ts";
import { type DestinationId, destinationId, type ServiceId, serviceId } from "./keys.ts";
import { KERNEL_SYNC_DEFAULTS } from "./sync-daemon.ts";
import { NO_TRAFFIC } from "./traffic.ts";

export const KERNEL_SCHEDULERS: readonly string[] = [
  "rr",
  "wrr",
  "lc",
  "wlc",
  "sh",
  "dh",
  "sed",
  "nq",
  "lblc",
  "lblcr",
  "mh",
  "fo",
  "ovf",
  "twos",
];

/** Linux numbers and words of the errors that IPVS gives. */
const ERRORS = {
  ENOENT: { errno: 2, message: "No such file or directory" },
  ESRCH: { errno: 3, message: "No such process" },
  EEXIST: { errno: 17, message: "File exists" },
  EINVAL: { errno: 22, message: "Invalid argument" },
  ERANGE: { errno: 34, message: "Numerical result out of range" },
} as const;

type ErrorCode = keyof typeof ERRORS;

const NETLINK_COMMANDS: Readonly<Record<IpvsCommand["kind"], string>> = {
  "service-add": "IPVS_CMD_NEW_SERVICE",
  "service-edit": "IPVS_CMD_SET_SERVICE",
  "service-delete": "IPVS_CMD_DEL_SERVICE",
  "destination-add": "IPVS_CMD_NEW_DEST",
  "destination-edit": "IPVS_CMD_SET_DEST",
  "destination-delete": "IPVS_CMD_DEL_DEST",
  flush: "IPVS_CMD_FLUSH",
  "set-timeouts": "IPVS_CMD_SET_CONFIG",
  "sync-daemon-start": "IPVS_CMD_NEW_DAEMON",
  "sync-daemon-stop": "IPVS_CMD_DEL_DAEMON",
};

const DEFAULT_TIMEOUTS: IpvsTimeouts = { tcpSec: 900, tcpFinSec: 120, udpSec: 300 };

/** The addon sends tunnel settings with tunnels only; others then have these. */
const NO_TUNNEL = { tunnelType: "ipip", tunnelPort: 0, tunnelFlags: 0 } as const;

interface MemoryService {
  service: IpvsService;
  /** As they were given: what a dump adds is the same for all. */
  readonly destinations: Map<DestinationId, IpvsDestination>;
}

export interface MemoryTableOptions {
  /** Scheduler modules that the imagined kernel has. */
  readonly schedulers: readonly string[];
  readonly persistenceEngines: readonly string[];
}

/**
 * An IPVS table without a kernel: same commands, same refusals in the same order of checks as
 * Linux's generic netlink interface. Connections do not exist, so their counts stay 0.
 */
export function createMemoryIpvsTable(
  options: MemoryTableOptions = { schedulers: KERNEL_SCHEDULERS, persistenceEngines: ["sip"] },
): IpvsTable {
  return new MemoryTable(options);
}

class MemoryTable implements IpvsTable {
  readonly #options: MemoryTableOptions;
  readonly #services = new Map<ServiceId, MemoryService>();
  readonly #daemons = new Map<IpvsSyncRole, IpvsSyncDaemon>();
  #timeouts = DEFAULT_TIMEOUTS;
  #isClosed = false;
  /** Nothing was done to it since the last dump. */
  #isDumped = false;

  constructor(options: MemoryTableOptions) {
    this.#options = options;
  }

  async dump(): Promise<readonly IpvsServiceEntry[]> {
    this.#checkOpen();
    this.#isDumped = true;
    return [...this.#services.values()].map(toEntry);
  }

  async dumpIfChanged(): Promise<readonly IpvsServiceEntry[] | null> {
    this.#checkOpen();
    return this.#isDumped ? null : this.dump();
  }

  async usage(): Promise<readonly IpvsServiceUsage[]> {
    this.#checkOpen();
    return [...this.#services.values()].map(toUsage);
  }

  async apply(commands: readonly IpvsCommand[]): Promise<readonly (SyscallFailure | null)[]> {
    this.#checkOpen();
    this.#isDumped = false;
    return commands.map((command) => {
      const code = this.#execute(command);
      return code === null ? null : failure(command, code);
    });
  }

  async timeouts(): Promise<IpvsTimeouts> {
    this.#checkOpen();
    return this.#timeouts;
  }

  async syncDaemons(): Promise<readonly IpvsSyncDaemon[]> {
    this.#checkOpen();
    return [...this.#daemons.values()];
  }

  close(): void {
    this.#isClosed = true;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #execute(command: IpvsCommand): ErrorCode | null {
    switch (command.kind) {
      case "service-add":
      case "service-edit":
      case "service-delete":
        return changeService(this.#services, this.#options, command);
      case "destination-add":
      case "destination-edit":
      case "destination-delete": {
        const found = this.#services.get(serviceId(command.service));
        return found === undefined ? "ESRCH" : changeDestination(found, command);
      }
      case "flush":
        this.#services.clear();
        return null;
      case "set-timeouts":
        this.#timeouts = mergeTimeouts(this.#timeouts, command.timeouts);
        return null;
      case "sync-daemon-start":
        if (this.#daemons.has(command.daemon.role)) return "EEXIST";
        this.#daemons.set(command.daemon.role, withDefaults(command.daemon));
        return null;
      case "sync-daemon-stop":
        return this.#daemons.delete(command.role) ? null : "ESRCH";
    }
  }
}

function withDefaults(daemon: IpvsSyncDaemon): IpvsSyncDaemon {
  const { maxLengthBytes, port, ttl, group } = daemon;
  return {
    ...daemon,
    maxLengthBytes: maxLengthBytes ?? 1460,
    port: port ?? KERNEL_SYNC_DEFAULTS.port,
    ttl: ttl ?? KERNEL_SYNC_DEFAULTS.ttl,
    group: group ?? KERNEL_SYNC_DEFAULTS.group,
  };
}

type ServiceCommand = Extract<IpvsCommand, { kind: "service-add" | "service-edit" | "service-delete" }>;
type DestinationCommand = Extract<IpvsCommand, { kind: "destination-add" | "destination-edit" | "destination-delete" }>;

function changeService(
  services: Map<ServiceId, MemoryService>,
  options: MemoryTableOptions,
  command: ServiceCommand,
): ErrorCode | null {
  const id = serviceId(command.service);
  const found = services.get(id);
  if (command.kind === "service-add" && found !== undefined) return "EEXIST";
  if (command.kind !== "service-add" && found === undefined) return "ESRCH";
  if (command.kind === "service-delete") {
    services.delete(id);
    return null;
  }
  const { service } = command;
  const engine = service.persistenceEngine;
  if (!options.schedulers.includes(service.scheduler)) return "ENOENT";
  if (engine !== null && !options.persistenceEngines.includes(engine)) return "ENOENT";
  const granularity = service.persistenceGranularity;
  if (service.family === "inet6" && (granularity < 1 || granularity > 128)) return "EINVAL";
  if (found === undefined) services.set(id, { service, destinations: new Map() });
  else found.service = service;
  return null;
}

function changeDestination(found: MemoryService, command: DestinationCommand): ErrorCode | null {
  const { destination } = command;
  const id = destinationId(destination);
  if (command.kind === "destination-delete") return found.destinations.delete(id) ? null : "ENOENT";
  const isMixed = destination.family !== found.service.family;
  if (isMixed && destination.fwdMethod !== "tunnel") return "EINVAL";
  if (destination.weight < 0) return "ERANGE";
  if (destination.lowerThreshold > destination.upperThreshold) return "ERANGE";
  const isTunnel = destination.fwdMethod === "tunnel";
  if (isTunnel && destination.tunnelType === "gue" && destination.tunnelPort === 0) return "EINVAL";
  const exists = found.destinations.has(id);
  if (command.kind === "destination-add" && exists) return "EEXIST";
  if (command.kind === "destination-edit" && !exists) return "ENOENT";
  found.destinations.set(id, destination);
  return null;
}

/** To the kernel zero means unchanged. */
function mergeTimeouts(before: IpvsTimeouts, wanted: IpvsTimeouts): IpvsTimeouts {
  return {
    tcpSec: wanted.tcpSec || before.tcpSec,
    tcpFinSec: wanted.tcpFinSec || before.tcpFinSec,
    udpSec: wanted.udpSec || before.udpSec,
  };
}

function toUsage({ service, destinations }: MemoryService): IpvsServiceUsage {
  const traffic = NO_TRAFFIC;
  const { family, fwmark, protocol, address, port } = service;
  const unused = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0, traffic };
  return {
    ...{ family, fwmark, protocol, address, port, traffic },
    destinations: [...destinations.values()].map((one) => ({
      ...{ family: one.family, address: one.address, port: one.port },
      ...unused,
    })),
  };
}

function toEntry({ service, destinations }: MemoryService): IpvsServiceEntry {
  return { service, destinations: [...destinations.values()].map(toDestinationEntry) };
}

function toDestinationEntry(destination: IpvsDestination): IpvsDestinationEntry {
  const { family, address, port, fwdMethod, weight, upperThreshold, lowerThreshold } = destination;
  const { tunnelType, tunnelPort, tunnelFlags } = fwdMethod === "tunnel" ? destination : NO_TUNNEL;
  return {
    family,
    address,
    port,
    fwdMethod,
    weight,
    upperThreshold,
    lowerThreshold,
    tunnelType,
    tunnelPort,
    tunnelFlags,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
  };
}

function failure(command: IpvsCommand, code: ErrorCode): SyscallFailure {
  return { syscall: NETLINK_COMMANDS[command.kind], code, ...ERRORS[code] };
}

function closedError(): NativeError {
  return Object.assign(new Error("the IPVS table is closed"), { code: "ERR_CLOSED", errno: null, syscall: null });
}
