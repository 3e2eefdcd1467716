import type { LogFields } from "./log.ts";
import type { LogTexts } from "./log-text.ts";

/** Operators need not give a reason. */
function because({ reason }: LogFields): string {
  return reason === "" ? "" : ` (${reason})`;
}

/** Start, stop and reload; the VRRP and LVS halves bring their own wording with each record. */
export const DAEMON_TEXTS: LogTexts = {
  starting: "Starting holdfast v{version} (compatible with Keepalived v{compatible})",
  "running on": "Running on {system} (Node {node})",
  "command line": "Command line: {words}",
  "configuration file": "Configuration file {file}",
  "opening file": "Opening file '{file}'.",
  "startup complete": "Startup complete",
  "no configuration to run": "Warning - keepalived has no configuration to run",
  stopping: "Stopping",
  stopped: "Stopped holdfast v{version} (compatible with Keepalived v{compatible})",
  reloading: "Reloading ...",
  "reload complete": "Reload complete",
  "reload queued": "Reload already in progress, request queued",
  "reload refused": "Reload refused: {reason}; the running configuration stays as it is, mend {file} and reload again",
  "reload failed": "Reload failed: {reason}",
  unchangeable: "Cannot change at reload, a restart is needed: {settings}",
  "start refused": "Not started: {reason}",
  "restart needed": "In effect after a restart only: {settings}",
  "start failed": "Start failed: {reason}",
  "stop failed": "Stop failed: {reason}",
  "stop took too long": "Stop took longer than {patienceMs} ms, ending now",
  "namespace not entered": "Cannot enter network namespace {namespace}: {reason}",
  "missing capabilities": "No permission: {capabilities} needed; run as root",
  "pid file not written": "Cannot write pid file {path}: {code}",
  "ipvs unavailable": "IPVS: Can't initialize ipvs: {reason}",
  configuration: "{text}",
  "ipvs in memory": "WARNING - {variable}=memory: no traffic is balanced, this is NOT FOR PRODUCTION",
  "internal error": "Internal error: {reason}",
  "interfaces not readable": "Cannot read the network interfaces: {reason}",
  "owned objects not known": "Cannot read what an earlier run had in the kernel, doing without: {reason}",
  "owned objects not saved":
    "Cannot save what is ours in the kernel, holdfast cleanup will go by the configuration: {reason}",
  "left over removed": "Removed what an earlier run left: {what}",
  "left over not removed": "Cannot remove what an earlier run left ({what}): {reason}",
  "vrrp order": (fields) => `(${fields["instance"]}) ${fields["owner"]}: ${fields["wish"]}${because(fields)}`,
  "vrrp orders not loaded": "Cannot read what operators wanted of VRRP instances, doing without: {reason}",
  "vrrp orders not saved": "Cannot save what operators want of VRRP instances, a restart will not know of it: {reason}",
  "vrrp order released": "({instance}) {wish} released",
  "override set": (fields) =>
    `${fields["owner"]}: ${fields["action"]} of real server ${fields["realServer"]} of ${fields["virtualServer"]}${because(fields)}`,
  "override taken back": "{action} of real server {realServer} of {virtualServer} taken back",
  "override expired": "{action} of real server {realServer} of {virtualServer} by {owner} has expired",
  "server drained": "Real server {realServer} of {virtualServer} has no connections left, taking it out",
  "drain deadline passed":
    "Real server {realServer} of {virtualServer} is taken out with connections left: the deadline has passed",
  "overrides not loaded": "Cannot read what operators said about real servers, doing without: {reason}",
  "overrides not saved": "Cannot save what operators said about real servers: {reason}",
  "control listener": "Status page and metrics at http://{address}:{port}/",
  "control listener not opened": "Cannot listen on {address} port {port}: {reason}",
  "control socket": "Control socket at {path}",
  "control socket taken": "Control socket {path} not served: {reason}",
  "control socket not opened": "Cannot serve the control socket {path}: {reason}",
  "snmp connected": "AgentX subagent connected to {place}",
  "snmp disconnected": "AgentX master {place} disconnected us, trying to reconnect",
  "snmp not connected": "Failed to connect to the AgentX master ({place}), trying again: {reason}",
  "snmp packet refused": "AgentX master {place} is left: {reason}",
  "snmp subtree refused": "AgentX master does not take the subtree {subtree}: error {error}",
  "snmp address": "SNMP: {address} is no AgentX address: give a path, unix:PATH or tcp:HOST:PORT",
  "snmp failed": "SNMP: {reason}",
  "dbus connected": "Acquired DBus bus {name}",
  "dbus name acquired": "Acquired the name {name} on the session bus",
  "dbus name lost": "Lost the name {name} on the session bus",
  "dbus not connected": "Failed to initialise DBus ({place}), trying again: {reason}",
  "dbus disconnected": "DBus {place} has left us, trying again: {reason}",
  "dbus released": "Released DBus",
  "dbus announce": "Sending garps on {instance} on DBus request",
  "dbus dump": "Printing {what} on DBus request",
  "dbus failed": "DBus: {reason}",
  "dump written": "{what} asked for by signal: written to {path}",
  "dump not written": "{what} asked for by signal: cannot write {path}: {reason}",
  "flag without effect": "Option {flag} is accepted, not yet in effect",
  "already running": "daemon is already running (pid {pid}, {path})",
  "configuration missing": "Config files missing '{file}'.",
  diagnostic: (fields: LogFields) => {
    const place = fields["file"] ? `(${fields["file"]}: Line ${fields["line"]}, column ${fields["column"]}) ` : "";
    return `${place}${fields["severity"] === "error" ? "" : `${String(fields["severity"]).toUpperCase()} - `}${fields["text"]}`;
  },
};
