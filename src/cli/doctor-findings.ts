import { isSufficient } from "../addressing/realserver.ts";
import type { LoadedConfiguration } from "../config/load.ts";
import { boundInterface } from "../model/bound-interface.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { summarise } from "../runtime/refusal.ts";
import type { HeardRouters } from "./doctor-listen.ts";

/** What the machine is like. Null where it could not be found out. */
export interface HostFacts {
  /** Value of a file below /proc/sys, by its path there. */
  readonly sysctl: (path: string) => string | null;
  /** `missing`: neither in the kernel nor loadable. */
  readonly ipvs: "loaded" | "loadable" | "missing";
  /** Names of programs that run in the same network namespace, or in one that can't be told. */
  readonly processes: ReadonlySet<string>;
  /** Interfaces by name. */
  readonly interfaces: ReadonlyMap<string, { readonly isUp: boolean; readonly supportsMulticast: boolean }> | null;
  /** Of all interfaces that are up. */
  readonly addresses: ReadonlySet<string> | null;
  /** Those of them that are on lo. */
  readonly loopbackAddresses: ReadonlySet<string> | null;
  /** Base chains for incoming packets that drop what no rule takes, and whether a rule lets VRRP in; null without nft. */
  readonly inputChains:
    | readonly { readonly name: string; readonly dropsByDefault: boolean; readonly namesVrrp: boolean }[]
    | null;
  readonly isClockSynchronized: boolean | null;
  /** Soft limit of the process. */
  readonly openFilesLimit: number | null;
  /** What was heard on the LAN. */
  readonly heard: HeardRouters;
}

export interface Finding {
  readonly severity: "bad" | "warning";
  readonly text: string;
  /** The command that mends it. */
  readonly fix: string;
}

/** What the file itself says, before the machine is looked at. */
export function examineFile(
  file: string,
  { diagnostics, startRefusal }: Pick<LoadedConfiguration, "diagnostics" | "startRefusal">,
): readonly Finding[] {
  const fix = `holdfast check ${file}`;
  if (startRefusal !== null) return [bad(`a start would be refused: ${summarise(startRefusal.reasons)}`, fix)];
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return errors.length === 0 ? [] : [warning(`errors in the configuration: ${summarise(errors)}`, fix)];
}

type Check = (configuration: CompleteConfiguration, facts: HostFacts) => readonly Finding[];

const CLASHING = ["keepalived", "ucarp", "vrrpd", "ldirectord"] as const;
/** Share of the neighbour table that the pool may take. */
const NEIGHBOUR_SHARE = 0.5;
const FILES_PER_TARGET = 1;
const SPARE_FILES = 256;
const HIGHEST_VRID = 255;

function bad(text: string, fix: string): Finding {
  return { severity: "bad", text, fix };
}

function warning(text: string, fix: string): Finding {
  return { severity: "warning", text, fix };
}

const checkIpvs: Check = ({ virtualServers }, { ipvs }) => {
  if (virtualServers.length === 0 || ipvs === "loaded") return [];
  if (ipvs === "loadable") return [warning("IPVS is not loaded yet; it will be at the start", "modprobe ip_vs")];
  return [
    bad(
      "the kernel has no IPVS, and virtual servers need it",
      `apt-get install linux-image-$(dpkg --print-architecture)`,
    ),
  ];
};

function familiesOfNat({ virtualServers }: CompleteConfiguration): ReadonlySet<string> {
  const servers = virtualServers.flatMap(({ realServers }) => realServers);
  return new Set(servers.filter(({ fwdMethod }) => fwdMethod === "masq").map(({ family }) => family));
}

const checkForwarding: Check = (configuration, { sysctl }) => {
  const families = familiesOfNat(configuration);
  const wanted = [
    ["inet", "net/ipv4/ip_forward"],
    ["inet6", "net/ipv6/conf/all/forwarding"],
  ] as const;
  return wanted
    .filter(([family, path]) => families.has(family) && sysctl(path) === "0")
    .map(([, path]) => bad(`NAT needs forwarding, and ${path} is 0`, `sysctl -w ${path.replaceAll("/", ".")}=1`));
};

/** Settings of ARP that give the VIP on lo away: for all interfaces, or for each one that packets come in by. */
function talkative({ sysctl, interfaces }: HostFacts): readonly string[] {
  const others = [...(interfaces?.keys() ?? [])].filter((name) => name !== "lo");
  return (["arp_ignore", "arp_announce"] as const).flatMap((setting) => {
    const isQuiet = (place: string): boolean => {
      const path = `net/ipv4/conf/${place}/${setting}`;
      return isSufficient(path, Number(sysctl(path)));
    };
    const [all, value] = [`net/ipv4/conf/all/${setting}`, sysctl(`net/ipv4/conf/all/${setting}`)];
    if (value === null || isQuiet("all") || (others.length > 0 && others.every(isQuiet))) return [];
    return [`${all} is ${value}`];
  });
}

/** A director that is a real server as well holds the VIP on lo, where a backup must not answer ARP for it. */
const checkDirectRouting: Check = ({ virtualServers }, facts) => {
  const direct = virtualServers.filter(({ realServers }) =>
    realServers.some(({ fwdMethod }) => fwdMethod === "droute"),
  );
  const vips = direct.flatMap(({ key }) => (key.kind === "address" && key.family === "inet" ? [key.address] : []));
  const settings = talkative(facts);
  if (settings.length === 0) return [];
  const onLoopback = [...new Set(vips)].filter((vip) => facts.loopbackAddresses?.has(vip) === true);
  return onLoopback.map((vip) =>
    bad(
      `direct routing: ${vip} is on lo, and this machine answers ARP for it (${settings.join(", ")})`,
      `holdfast realserver up ${vip}`,
    ),
  );
};

const checkReversePath: Check = (configuration, { sysctl, interfaces }) => {
  if (!familiesOfNat(configuration).has("inet") || interfaces === null) return [];
  const isStrict = (name: string): boolean => sysctl(`net/ipv4/conf/${name}/rp_filter`) === "1";
  return [...interfaces.keys()]
    .filter((name) => name !== "lo" && (isStrict(name) || isStrict("all")))
    .map((name) =>
      warning(
        `${name} drops packets of NAT that come in by another way than answers go out (strict rp_filter)`,
        `sysctl -w net.ipv4.conf.${name}.rp_filter=2`,
      ),
    );
};

const checkInterfaces: Check = ({ vrrpInstances }, { interfaces }) => {
  if (interfaces === null) return [];
  return vrrpInstances.flatMap((instance) => {
    const { name, unicastPeers } = instance;
    const bound = boundInterface(instance);
    if (bound === null) return [];
    const found = interfaces.get(bound);
    if (found === undefined) return [bad(`${name}: there is no interface ${bound}`, "ip link")];
    if (!found.isUp) return [bad(`${name}: ${bound} is down`, `ip link set ${bound} up`)];
    if (found.supportsMulticast || unicastPeers.length > 0) return [];
    return [bad(`${name}: ${bound} takes no multicast`, `ip link set ${bound} multicast on`)];
  });
};

const checkSources: Check = ({ vrrpInstances }, { addresses }) =>
  vrrpInstances.flatMap(({ name, sourceAddress: source, unicastPeers }) => {
    if (addresses === null || source === null || unicastPeers.length === 0 || addresses.has(source)) return [];
    return [bad(`${name}: its peers speak to ${source}, which this machine does not have`, "ip address")];
  });

const checkFirewall: Check = ({ vrrpInstances }, { inputChains }) => {
  if (vrrpInstances.length === 0 || inputChains === null) return [];
  return inputChains
    .filter(({ dropsByDefault, namesVrrp }) => dropsByDefault && !namesVrrp)
    .map(({ name }) =>
      bad(
        `the firewall's chain ${name} drops what no rule takes, and no rule takes VRRP (IP protocol 112)`,
        `nft insert rule ${name} meta l4proto vrrp accept`,
      ),
    );
};

const checkProcesses: Check = (_, { processes }) =>
  CLASHING.filter((name) => processes.has(name)).map((name) =>
    bad(`${name} runs as well: both would fight over addresses and the IPVS table`, `systemctl disable --now ${name}`),
  );

const checkNeighbours: Check = ({ virtualServers }, { sysctl }) => {
  const servers = virtualServers.flatMap(({ realServers }) => realServers);
  return (["inet", "inet6"] as const).flatMap((family) => {
    const count = new Set(servers.filter((one) => one.family === family).map(({ address }) => address)).size;
    const path = `net/${family === "inet" ? "ipv4" : "ipv6"}/neigh/default/gc_thresh3`;
    const limit = Number(sysctl(path) ?? Number.POSITIVE_INFINITY);
    if (count <= limit * NEIGHBOUR_SHARE) return [];
    const text = `${count} real servers may fill the neighbour table of ${limit}: checks would fail for no fault of theirs`;
    return [warning(text, `sysctl -w ${path.replaceAll("/", ".")}=${count * 4}`)];
  });
};

const checkFiles: Check = ({ virtualServers }, { openFilesLimit }) => {
  const targets = virtualServers.reduce((sum, { realServers }) => sum + realServers.length, 0);
  const wanted = Math.min(targets, 4096) * FILES_PER_TARGET + SPARE_FILES;
  if (openFilesLimit === null || openFilesLimit >= wanted) return [];
  const text = `${openFilesLimit} open files are allowed, checks of ${targets} real servers may need ${wanted}`;
  return [warning(text, `ulimit -n ${wanted}, or LimitNOFILE=${wanted} in the service`)];
};

const checkClock: Check = (_, { isClockSynchronized }) =>
  isClockSynchronized === false
    ? [warning("the clock is not synchronized: logs of both directors can't be compared", "timedatectl set-ntp true")]
    : [];

/** The first one above that nobody was heard to use. */
function freeVrid(vrid: number, used: ReadonlySet<number>): number {
  const candidates = Array.from({ length: HIGHEST_VRID }, (_, index) => ((vrid + index) % HIGHEST_VRID) + 1);
  return candidates.find((one) => !used.has(one)) ?? vrid;
}

const checkVrids: Check = ({ vrrpInstances }, { heard }) =>
  vrrpInstances.flatMap((instance) => {
    const { name, vrid, place } = instance;
    const bound = boundInterface(instance);
    const stranger = heard.strangers.find((one) => one.instance === name);
    if (stranger === undefined) return [];
    const free = freeVrid(vrid, new Set([...heard.vrids, ...vrrpInstances.map((one) => one.vrid)]));
    const who = stranger.source === null ? "somebody else" : stranger.source;
    return [
      bad(
        `${name}: ${who} uses VRID ${vrid}${bound === null ? "" : ` on ${bound}`} in another way, as a stranger or as a peer with other settings: ${stranger.why}`,
        `sed -i '/vrrp_instance ${name}\\b/,/^}/s/virtual_router_id .*/virtual_router_id ${free}/' ${place.file}   # on all machines of ${name}`,
      ),
    ];
  });

const CHECKS: readonly Check[] = [
  checkProcesses,
  checkVrids,
  checkIpvs,
  checkForwarding,
  checkDirectRouting,
  checkReversePath,
  checkInterfaces,
  checkSources,
  checkFirewall,
  checkNeighbours,
  checkFiles,
  checkClock,
];

/** What would keep a configuration from working on a machine, the worst first. */
export function examine(configuration: CompleteConfiguration, facts: HostFacts): readonly Finding[] {
  const findings = CHECKS.flatMap((check) => check(configuration, facts));
  return findings.toSorted((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"));
}
