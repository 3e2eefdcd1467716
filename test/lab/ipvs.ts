import type { Machine } from "./machine.ts";

export interface IpvsDestinationLine {
  readonly address: string;
  readonly port: number;
  readonly forward: string;
  readonly weight: number;
}

export interface IpvsServiceLine {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly scheduler: string;
  readonly destinations: readonly IpvsDestinationLine[];
}

const SERVICE = /^(TCP|UDP|SCTP) +([0-9A-F]{8}):([0-9A-F]{4}) (\S+)/;
const DESTINATION = /^ +-> ([0-9A-F]{8}):([0-9A-F]{4}) +(\S+) +(\d+) /;

function addressOf(hex: string): string {
  return [...Buffer.from(hex, "hex")].join(".");
}

/** @param text of /proc/net/ip_vs; IPv4 services only */
export function parseIpvsTable(text: string): readonly IpvsServiceLine[] {
  const services: (IpvsServiceLine & { destinations: IpvsDestinationLine[] })[] = [];
  for (const line of text.split("\n")) {
    const [, protocol = "", hex = "", port = "", scheduler = ""] = SERVICE.exec(line) ?? [];
    if (protocol !== "") {
      services.push({
        protocol,
        address: addressOf(hex),
        port: Number.parseInt(port, 16),
        scheduler,
        destinations: [],
      });
    }
    const [, to = "", toPort = "", forward = "", weight = ""] = DESTINATION.exec(line) ?? [];
    if (to === "") continue;
    const destination = { address: addressOf(to), port: Number.parseInt(toPort, 16), forward, weight: Number(weight) };
    services.at(-1)?.destinations.push(destination);
  }
  return services;
}

/** @returns the machine's table; costs no program start */
export function ipvsTable(machine: Machine): readonly IpvsServiceLine[] {
  return parseIpvsTable(machine.readNetFile("ip_vs"));
}

/** @returns the addresses in the pool of a service in order, or null when there is no such service */
export function poolOf(machine: Machine, address: string, port: number): readonly string[] | null {
  const service = ipvsTable(machine).find((entry) => entry.address === address && entry.port === port);
  return service?.destinations.map((destination) => destination.address).sort() ?? null;
}

/** @returns `ipvsadm -Sn`, in an order that does not depend on the kernel's hash table */
export async function savedTable(machine: Machine): Promise<readonly string[]> {
  const text = await machine.runOk(["ipvsadm", "-Sn"]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}
