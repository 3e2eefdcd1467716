import type { IpvsCommand, IpvsDestination, IpvsService, IpvsServiceEntry } from "../../src/native/contract.ts";

/** A service with its destinations, and the words in which `ipvsadm --save` tells of it. */
export interface IpvsCase {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
  readonly saved: readonly string[];
}

const ALL_ONES = 0xffffffff;

export function service(changes: Partial<IpvsService> = {}): IpvsService {
  return {
    family: "inet",
    fwmark: 0,
    protocol: "tcp",
    address: "192.168.1.100",
    port: 80,
    scheduler: "rr",
    persistenceTimeoutSec: 0,
    persistenceGranularity: changes.family === "inet6" ? 128 : ALL_ONES,
    persistenceEngine: null,
    flags: [],
    ...changes,
  };
}

export function marked(fwmark: number, changes: Partial<IpvsService> = {}): IpvsService {
  return service({ fwmark, protocol: null, address: null, port: 0, ...changes });
}

export function destination(changes: Partial<IpvsDestination> = {}): IpvsDestination {
  return {
    family: "inet",
    address: "192.168.1.7",
    port: 80,
    fwdMethod: "masq",
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: "ipip",
    tunnelPort: 0,
    tunnelFlags: 0,
    ...changes,
  };
}

const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"];

const EVERY_SCHEDULER: readonly IpvsCase[] = SCHEDULERS.map((scheduler, index) => ({
  service: service({ address: "192.168.2.1", port: 8_000 + index, scheduler }),
  destinations: [],
  saved: [`-A -t 192.168.2.1:${8_000 + index} -s ${scheduler}`],
}));

const FORWARDING: readonly IpvsCase[] = [
  {
    service: service(),
    destinations: [
      destination({ address: "192.168.1.7", port: 8080 }),
      destination({ address: "192.168.1.8", fwdMethod: "droute", weight: 0 }),
      destination({ address: "192.168.1.9", fwdMethod: "tunnel", weight: 65_535 }),
    ],
    saved: [
      "-A -t 192.168.1.100:80 -s rr",
      "-a -t 192.168.1.100:80 -r 192.168.1.7:8080 -m -w 1",
      "-a -t 192.168.1.100:80 -r 192.168.1.8:80 -g -w 0",
      "-a -t 192.168.1.100:80 -r 192.168.1.9:80 -i -w 65535 --tun-type ipip",
    ],
  },
  {
    service: service({ port: 81 }),
    destinations: [
      destination({ fwdMethod: "tunnel", tunnelType: "gue", tunnelPort: 6080, port: 81 }),
      destination({
        address: "192.168.1.8",
        port: 81,
        fwdMethod: "tunnel",
        tunnelType: "gue",
        tunnelPort: 6081,
        tunnelFlags: 2,
      }),
      destination({ address: "192.168.1.9", port: 81, fwdMethod: "tunnel", tunnelType: "gre", tunnelFlags: 1 }),
      destination({ family: "inet6", address: "2001:db8::9", port: 81, fwdMethod: "tunnel" }),
    ],
    saved: [
      "-A -t 192.168.1.100:81 -s rr",
      "-a -t 192.168.1.100:81 -r 192.168.1.7:81 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
      "-a -t 192.168.1.100:81 -r 192.168.1.8:81 -i -w 1 --tun-type gue --tun-port 6081 --tun-remcsum",
      "-a -t 192.168.1.100:81 -r 192.168.1.9:81 -i -w 1 --tun-type gre --tun-csum",
      "-a -t 192.168.1.100:81 -r [2001:db8::9]:81 -i -w 1 --tun-type ipip",
    ],
  },
];

const OPTIONS: readonly IpvsCase[] = [
  {
    service: service({ port: 82, persistenceTimeoutSec: 50, persistenceGranularity: 0xffffff00 }),
    destinations: [],
    saved: ["-A -t 192.168.1.100:82 -s rr -p 50 -M 255.255.255.0"],
  },
  {
    service: service({ port: 0, persistenceTimeoutSec: 360 }),
    destinations: [destination({ port: 0, fwdMethod: "droute" })],
    saved: ["-A -t 192.168.1.100:0 -s rr -p 360", "-a -t 192.168.1.100:0 -r 192.168.1.7:0 -g -w 1"],
  },
  {
    service: service({ port: 83, scheduler: "sh", flags: ["sched-1", "sched-2"] }),
    destinations: [],
    saved: ["-A -t 192.168.1.100:83 -s sh -b sh-fallback,sh-port"],
  },
  {
    service: service({ port: 84, scheduler: "mh", flags: ["sched-2"] }),
    destinations: [],
    saved: ["-A -t 192.168.1.100:84 -s mh -b mh-port"],
  },
  {
    service: service({ port: 85, scheduler: "wlc", flags: ["sched-3"] }),
    destinations: [],
    saved: ["-A -t 192.168.1.100:85 -s wlc -b flag-3"],
  },
  {
    service: service({ protocol: "udp", port: 53, flags: ["one-packet"] }),
    destinations: [destination({ port: 53 })],
    saved: ["-A -u 192.168.1.100:53 -s rr -o", "-a -u 192.168.1.100:53 -r 192.168.1.7:53 -m -w 1"],
  },
  {
    service: service({ protocol: "udp", port: 5060, persistenceTimeoutSec: 60, persistenceEngine: "sip" }),
    destinations: [],
    saved: ["-A -u 192.168.1.100:5060 -s rr -p 60 --pe sip"],
  },
  {
    service: service({ protocol: "sctp", port: 9 }),
    destinations: [destination({ port: 9 })],
    saved: ["-A --sctp-service 192.168.1.100:9 -s rr", "-a --sctp-service 192.168.1.100:9 -r 192.168.1.7:9 -m -w 1"],
  },
];

const MARKS_AND_IPV6: readonly IpvsCase[] = [
  {
    service: marked(5),
    destinations: [destination({ port: 0, fwdMethod: "droute" })],
    saved: ["-A -f 5 -s rr", "-a -f 5 -r 192.168.1.7:0 -g -w 1"],
  },
  {
    service: marked(2_147_483_647, { family: "inet6", scheduler: "wlc" }),
    destinations: [destination({ family: "inet6", address: "2001:db8::7", port: 0, fwdMethod: "droute" })],
    saved: ["-A -f 2147483647 -6 -s wlc", "-a -f 2147483647 -6 -r [2001:db8::7]:0 -g -w 1"],
  },
  {
    service: service({ family: "inet6", address: "2001:db8::1", protocol: "udp", port: 53 }),
    destinations: [destination({ family: "inet6", address: "2001:db8::2", port: 53 })],
    saved: ["-A -u [2001:db8::1]:53 -s rr", "-a -u [2001:db8::1]:53 -r [2001:db8::2]:53 -m -w 1"],
  },
  {
    service: service({
      family: "inet6",
      address: "2001:db8::1",
      persistenceTimeoutSec: 300,
      persistenceGranularity: 64,
    }),
    destinations: [],
    saved: ["-A -t [2001:db8::1]:80 -s rr -p 300 -M 64"],
  },
];

/** Every option that a service or a destination can have. `ipvsadm --save` leaves thresholds out. */
export const CASES: readonly IpvsCase[] = [...EVERY_SCHEDULER, ...FORWARDING, ...OPTIONS, ...MARKS_AND_IPV6];

export function commandsFor(cases: readonly Pick<IpvsCase, "service" | "destinations">[]): readonly IpvsCommand[] {
  return cases.flatMap((entry): readonly IpvsCommand[] => [
    { kind: "service-add", service: entry.service },
    ...entry.destinations.map(
      (added): IpvsCommand => ({ kind: "destination-add", service: entry.service, destination: added }),
    ),
  ]);
}

function inOrder<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item): [string, Item] => [JSON.stringify(item), item])
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, item]) => item);
}

/** Entries as a fresh kernel dumps them, in an order of their own. */
export function entriesOf(cases: readonly Pick<IpvsCase, "service" | "destinations">[]): readonly IpvsServiceEntry[] {
  const unused = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
  return sorted(
    cases.map((entry) => ({
      service: entry.service,
      destinations: entry.destinations.map((added) => ({ ...added, ...unused })),
    })),
  );
}

export function sorted(entries: readonly IpvsServiceEntry[]): readonly IpvsServiceEntry[] {
  return inOrder(entries.map((entry) => ({ ...entry, destinations: inOrder(entry.destinations) })));
}
