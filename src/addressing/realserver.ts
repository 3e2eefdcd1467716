import type { IpAddress } from "../model/units.ts";
import type { AddressCommand, InterfaceAddress, Link } from "../native/contract.ts";

/** Path below /proc/sys, for example `net/ipv4/conf/lo/arp_ignore`. */
export type SysctlPath = string;

/** What a direct-routing real server needs so that it never answers ARP for a VIP. IPv6 needs nothing. */
export const REALSERVER_SYSCTLS: readonly SysctlPath[] = [
  "net/ipv4/conf/all/arp_ignore",
  "net/ipv4/conf/lo/arp_ignore",
  "net/ipv4/conf/all/arp_announce",
  "net/ipv4/conf/lo/arp_announce",
];

/** Kept in a file between `up` and `down`. */
export interface RealserverState {
  /** VIPs that `up` put in place. */
  readonly addresses: readonly IpAddress[];
  /** Values found before the first change. */
  readonly sysctls: Readonly<Record<SysctlPath, number>>;
}

/** What was found on the machine. */
export interface RealserverFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** One entry for each of `REALSERVER_SYSCTLS`. */
  readonly sysctls: ReadonlyMap<SysctlPath, number>;
  /** Null when no state is saved. */
  readonly saved: RealserverState | null;
}

/** In this order; `save-state` with null removes the file. */
export type RealserverCommand =
  | { readonly kind: "save-state"; readonly state: RealserverState | null }
  | { readonly kind: "set-sysctl"; readonly path: SysctlPath; readonly value: number }
  | { readonly kind: "address"; readonly command: AddressCommand };

/** Something that a plan can't mend. */
export type RealserverProblem =
  | { readonly kind: "no-loopback" }
  | { readonly kind: "loopback-down"; readonly interfaceName: string }
  /** The kernel has no such setting, so ARP can't be kept quiet. */
  | { readonly kind: "sysctl-missing"; readonly path: SysctlPath }
  /** The VIP is on another interface as well, which answers ARP for it. */
  | { readonly kind: "address-elsewhere"; readonly address: IpAddress; readonly interfaceName: string };

export interface RealserverPlan {
  readonly commands: readonly RealserverCommand[];
  readonly problems: readonly RealserverProblem[];
}

export interface RealserverStatus {
  /** In the order asked for. */
  readonly addresses: readonly { readonly address: IpAddress; readonly isPresent: boolean }[];
  readonly sysctls: readonly {
    readonly path: SysctlPath;
    readonly value: number | null;
    readonly isSufficient: boolean;
  }[];
  readonly problems: readonly RealserverProblem[];
  /** All VIPs are in place and no ARP gives them away. */
  readonly isReady: boolean;
}

/**
 * VIPs on the loopback interface, hidden from ARP. ARP is quieted before the first VIP appears, and what was
 * found is saved before anything changes. Doing it twice does nothing the second time.
 * @param vips canonical addresses
 * @see linux Documentation/networking/ip-sysctl: arp_ignore, arp_announce
 */
export function planUp(vips: readonly IpAddress[], facts: RealserverFacts): RealserverPlan {
  const loopback = findLoopback(facts);
  const problems = findProblems(vips, facts);
  if (loopback === null) return { commands: [], problems };
  const changes = vips.some(isIpv4) ? insufficientSysctls(facts) : [];
  const missing = vips.filter((vip) => !hasAddress(facts, loopback, vip));
  const state = savedAfterUp(vips, changes, facts);
  const commands: RealserverCommand[] = [];
  if (!isSameState(state, facts.saved)) commands.push({ kind: "save-state", state });
  for (const path of changes) commands.push({ kind: "set-sysctl", path, value: wantedValue(path) });
  for (const vip of missing) {
    commands.push({ kind: "address", command: { kind: "address-add", address: hostAddress(loopback, vip) } });
  }
  return { commands, problems };
}

/**
 * Takes VIPs away; with the last one, settings that still are as `planUp` left them go back to what it found.
 * @param vips canonical addresses; none means all that `planUp` put in place
 */
export function planDown(vips: readonly IpAddress[], facts: RealserverFacts): RealserverPlan {
  const loopback = findLoopback(facts);
  const { saved } = facts;
  const leaving = vips.length === 0 ? (saved?.addresses ?? []) : vips;
  const commands: RealserverCommand[] = [];
  for (const vip of leaving) {
    if (loopback === null || !hasAddress(facts, loopback, vip)) continue;
    commands.push({ kind: "address", command: { kind: "address-delete", address: hostAddress(loopback, vip) } });
  }
  if (saved !== null) commands.push(...restore(saved, leaving, facts));
  return { commands, problems: loopback === null ? [{ kind: "no-loopback" }] : [] };
}

/** @param vips canonical addresses; none means all that `planUp` put in place */
export function reportStatus(vips: readonly IpAddress[], facts: RealserverFacts): RealserverStatus {
  const asked = vips.length === 0 ? (facts.saved?.addresses ?? []) : vips;
  const loopback = findLoopback(facts);
  const addresses = asked.map((address) => ({
    address,
    isPresent: loopback !== null && hasAddress(facts, loopback, address),
  }));
  const sysctls = REALSERVER_SYSCTLS.map((path) => {
    const value = facts.sysctls.get(path) ?? null;
    return { path, value, isSufficient: value !== null && isSufficient(path, value) };
  });
  const problems = findProblems(asked, facts);
  const isQuiet = !asked.some(isIpv4) || sysctls.every((one) => one.isSufficient);
  const isReady = problems.length === 0 && isQuiet && addresses.every((one) => one.isPresent);
  return { addresses, sysctls, problems, isReady };
}

function findLoopback(facts: RealserverFacts): Link | null {
  return facts.links.find((link) => link.isLoopback) ?? null;
}

function isIpv4(address: IpAddress): boolean {
  return !address.includes(":");
}

/** arp_ignore 1: answer only for addresses of the interface asked; arp_announce 2: never name another one's. */
function wantedValue(path: SysctlPath): number {
  return path.endsWith("arp_ignore") ? 1 : 2;
}

/** Whether ARP is quiet: 2 and 8 of arp_ignore are stricter still; 3 is not, since it looks at the scope only. */
export function isSufficient(path: SysctlPath, value: number): boolean {
  return path.endsWith("arp_ignore") ? [1, 2, 8].includes(value) : value === 2;
}

function insufficientSysctls(facts: RealserverFacts): SysctlPath[] {
  return REALSERVER_SYSCTLS.filter((path) => {
    const value = facts.sysctls.get(path);
    return value !== undefined && !isSufficient(path, value);
  });
}

function prefixLength(address: IpAddress): number {
  return isIpv4(address) ? 32 : 128;
}

function hasAddress(facts: RealserverFacts, loopback: Link, vip: IpAddress): boolean {
  return facts.addresses.some(
    (one) => one.ifindex === loopback.ifindex && one.address === vip && one.prefixLength === prefixLength(vip),
  );
}

function hostAddress(loopback: Link, vip: IpAddress): InterfaceAddress {
  return {
    ifindex: loopback.ifindex,
    family: isIpv4(vip) ? "inet" : "inet6",
    address: vip,
    prefixLength: prefixLength(vip),
    scope: 0,
    label: null,
    broadcast: null,
    peer: null,
  };
}

function savedAfterUp(
  vips: readonly IpAddress[],
  changes: readonly SysctlPath[],
  { saved, sysctls }: RealserverFacts,
): RealserverState {
  const found: Record<SysctlPath, number> = {};
  for (const path of changes) found[path] = sysctls.get(path) ?? 0;
  return {
    addresses: [...new Set([...(saved?.addresses ?? []), ...vips])],
    sysctls: { ...found, ...saved?.sysctls },
  };
}

function isSameState(a: RealserverState, b: RealserverState | null): boolean {
  return (
    b !== null &&
    a.addresses.length === b.addresses.length &&
    Object.keys(a.sysctls).length === Object.keys(b.sysctls).length
  );
}

/** A setting that somebody else has changed in the meantime is left alone. */
function restore(saved: RealserverState, leaving: readonly IpAddress[], facts: RealserverFacts): RealserverCommand[] {
  const addresses = saved.addresses.filter((address) => !leaving.includes(address));
  if (addresses.some(isIpv4)) {
    if (addresses.length === saved.addresses.length) return [];
    return [{ kind: "save-state", state: { ...saved, addresses } }];
  }
  const commands: RealserverCommand[] = [];
  for (const [path, value] of Object.entries(saved.sysctls)) {
    if (facts.sysctls.get(path) === wantedValue(path)) commands.push({ kind: "set-sysctl", path, value });
  }
  commands.push({ kind: "save-state", state: addresses.length === 0 ? null : { addresses, sysctls: {} } });
  return commands;
}

function findProblems(vips: readonly IpAddress[], facts: RealserverFacts): RealserverProblem[] {
  const loopback = findLoopback(facts);
  if (loopback === null) return [{ kind: "no-loopback" }];
  const problems: RealserverProblem[] = [];
  if (!loopback.isUp) problems.push({ kind: "loopback-down", interfaceName: loopback.name });
  if (vips.some(isIpv4)) {
    for (const path of REALSERVER_SYSCTLS) {
      if (!facts.sysctls.has(path)) problems.push({ kind: "sysctl-missing", path });
    }
  }
  for (const { ifindex, address } of facts.addresses) {
    if (ifindex === loopback.ifindex || !vips.includes(address)) continue;
    const interfaceName = facts.links.find((link) => link.ifindex === ifindex)?.name ?? String(ifindex);
    problems.push({ kind: "address-elsewhere", address, interfaceName });
  }
  return problems;
}
