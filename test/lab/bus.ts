import { join } from "node:path";
import { findProgram, ROOT } from "../helpers/repository.ts";
import type { Machine } from "./machine.ts";

/** Where the bus of a machine listens. */
export const BUS_SOCKET = "/run/bus";
/** For everybody who is to find it. */
export const BUS_ENVIRONMENT = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${BUS_SOCKET}` };

const PROGRAMS = ["dbus-daemon", "dbus-monitor", "busctl", "gdbus"];

/** As strict as a system bus; what is allowed beyond is what our own policy file says. */
const BUS_CONFIG = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <pidfile>/run/lab/bus.pid</pidfile>
  <listen>unix:path=${BUS_SOCKET}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>${join(ROOT, "contrib/dbus/org.keepalived.Vrrp1.conf")}</include>
</busconfig>
`;

/** @returns why there can be no bus here, or false: fits `skip` of node:test */
export function whyNoBus(): string | false {
  const missing = PROGRAMS.filter((name) => findProgram(name) === null);
  return missing.length > 0 && `missing: ${missing.join(", ")}`;
}

/** A system bus of the machine's own. */
export async function startBus(machine: Machine): Promise<void> {
  machine.writeFile("/run/lab/bus.conf", BUS_CONFIG);
  machine.spawn(["dbus-daemon", "--config-file=/run/lab/bus.conf", "--nofork"]);
  await machine.runOk(["sh", "-c", `until [ -S ${BUS_SOCKET} ]; do sleep 0.05; done`]);
}
