import { joined, type MibNode, scalars, table } from "../snmp/mib.ts";
import { gauge, inetAddress, integer, text, truth } from "../snmp/values.ts";
import { KEEPALIVED, type MibFacts, optional } from "./mib-facts.ts";

const GLOBAL = [...KEEPALIVED, 1];
const SECOND_US = 1_000_000;

/** on(1), off(2), unset(3) */
function alert(value: boolean | null): number {
  return value === null ? 3 : value ? 1 : 2;
}

/** The global part of KEEPALIVED-MIB. */
export function globalTables({ snapshot, version, networkNamespace }: MibFacts): MibNode {
  const { global, linkbeatInterfaces } = snapshot.configuration;
  const { mail, snmp, dbus } = global;
  return joined([
    scalars(GLOBAL, {
      1: () => text(version),
      2: () => text(global.routerId),
      4: () => truth(snmp.sendsTraps),
      5: () => integer(linkbeatInterfaces.length > 0 ? 2 : 1),
      6: () => truth(global.flushesIpvsAtStart),
      7: () => truth(true),
      8: () => text(networkNamespace ?? ""),
      9: () => truth(dbus.isEnabled),
      10: () => truth(global.dynamicInterfaces),
      11: () => integer({ all: 1, no: 2, "virtual-servers": 3 }[global.flushesIpvsAtStop]),
    }),
    // keepalived: without a server zeros, an address of IPv4 and the type of IPv6.
    scalars([...GLOBAL, 3], {
      1: () => integer(mail.server?.includes(":") === false ? 1 : 2),
      2: () => inetAddress(mail.server ?? "0.0.0.0"),
      3: () => gauge(mail.server === null ? 0 : mail.timeoutUs / SECOND_US),
      4: () => optional(mail.from, text),
      6: () => gauge(mail.server === null ? 0 : mail.port),
      7: () => truth(!mail.skipsFaults),
      8: () => integer(alert(mail.alertsByDefault)),
      9: () => integer(alert(mail.alertsForVrrp)),
      10: () => integer(alert(mail.alertsForCheckers)),
    }),
    table(
      [...GLOBAL, 3, 5, 1],
      { 2: (recipient: string) => text(recipient) },
      mail.recipients.map((row, at) => ({ index: [at + 1], row })),
    ),
  ]);
}
