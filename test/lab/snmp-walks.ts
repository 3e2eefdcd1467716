import { KEEPALIVED_ROOT, type SnmpMaster } from "./snmp-master.ts";

const ROOTS = [KEEPALIVED_ROOT, ".1.3.6.1.2.1.207", ".1.3.6.1.2.1.68"];

/**
 * Where the two differ on purpose: the version's text; whether the own interface is tracked (keepalived says so only of
 * those that are listed); which addresses are advertised (keepalived says so of the first instance only); the weight with
 * which a file or process is tracked (keepalived shows the object's own); the master's address in VRRP-MIB
 * (keepalived has none while it is the master itself); how long a
 * router has been up; encapsulations, where keepalived 2.2.7 says ila(3) of ip(2) and nothing of a next hop's; the protocol of rules, which it
 * does not serve; and how many processes there are: in a network namespace the kernel does not tell keepalived of processes.
 */
const DIFFERENT = [
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.1\.1\.0 /,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.3\.1\.11\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.6\.1\.11\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.7\.1\.46\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.8\.1\.33\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.11\.1\.1[0-8]\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.12\.1\.3\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.20\.1\.3\./,
  /^\.1\.3\.6\.1\.4\.1\.9586\.100\.5\.2\.21\.1\.13\./,
  /^\.1\.3\.6\.1\.2\.1\.207\.1\.1\.1\.1\.12\./,
  /^\.1\.3\.6\.1\.2\.1\.68\.1\.3\.1\.7\./,
  /^\.1\.3\.6\.1\.2\.1\.68\.1\.3\.1\.13\./,
];

/** Everything that a daemon serves. */
export async function walkAll(master: SnmpMaster): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const root of ROOTS) rows.push(...(await master.walk(root)));
  return rows;
}

/** The rows that both daemons must agree about. */
export function comparableWalk(rows: readonly string[]): readonly string[] {
  return rows.filter((row) => !DIFFERENT.some((pattern) => pattern.test(row)));
}
