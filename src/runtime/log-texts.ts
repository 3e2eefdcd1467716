import type { LogFields } from "./log.ts";
import type { LogTexts } from "./log-text.ts";

/** Start, stop and reload. */
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
  "reload refused": "Reload refused, the running configuration stays: {errors} error(s) in {file}",
  "already running": "daemon is already running",
  "configuration missing": "Config files missing '{file}'.",
  diagnostic: (fields: LogFields) => {
    const place = fields["file"] ? `(${fields["file"]}: Line ${fields["line"]}, column ${fields["column"]}) ` : "";
    return `${place}${fields["severity"] === "error" ? "" : `${String(fields["severity"]).toUpperCase()} - `}${fields["text"]}`;
  },
};

/** Virtual routers; `instance` is the name in the configuration. */
export const VRRP_TEXTS: LogTexts = {
  "entering active": "({instance}) Entering MASTER STATE",
  "entering backup": (fields: LogFields) =>
    `(${fields["instance"]}) Entering BACKUP STATE${fields["isInitial"] ? " (init)" : ""}`,
  "entering fault": (fields: LogFields) =>
    `(${fields["instance"]}) Entering FAULT STATE${fields["isInitial"] ? " (init)" : ""}`,
  "setting addresses": "({instance}) setting VIPs.",
  "setting excluded addresses": "({instance}) setting E-VIPs.",
  "removing addresses": "({instance}) removing VIPs.",
  "removing excluded addresses": "({instance}) removing E-VIPs.",
  "advertisement timeout": "({instance}) Receive advertisement timeout",
  "sent priority zero": "({instance}) sent 0 priority",
  "announcing address": (fields: LogFields) =>
    fields["family"] === "inet6"
      ? `(${fields["instance"]}) Sending/queueing Unsolicited Neighbour Adverts on ${fields["interface"]} for ${fields["address"]}`
      : `(${fields["instance"]}) Sending/queueing gratuitous ARPs on ${fields["interface"]} for ${fields["address"]}`,
  "heard priority zero as backup": "({instance}) Backup received priority 0 advertisement",
  "heard priority zero as active": "({instance}) Master received priority 0 message",
  "heard lower priority as backup":
    "({instance}) received lower priority ({priority}) advert from {source} - discarding",
  "heard lower priority as active":
    "({instance}) Received advert from {source} with lower priority {priority}, ours {own}, forcing new election",
  "heard higher priority as active":
    "({instance}) Master received advert from {source} with higher priority {priority}, ours {own}",
  "heard same priority as active":
    "({instance}) Master received advert from {source} with same priority {priority} but higher IP address than ours",
  "heard own address": "({instance}) WARNING - equal priority advert received from remote host with our IP address.",
  "active router changed": (fields: LogFields) =>
    fields["previous"]
      ? `(${fields["instance"]}) master changed from ${fields["previous"]} to ${fields["source"]}`
      : `(${fields["instance"]}) master set to ${fields["source"]}`,
  "interface down": "Netlink reports {interface} down",
  "interface up": "Netlink reports {interface} up",
};

/** Virtual and real servers, written as keepalived writes them: `[192.168.1.7]:tcp:80`. */
export const CHECKER_TEXTS: LogTexts = {
  "activating check": "Activating healthchecker for service {service} for VS {virtualServer}",
  "tcp check succeeded": "TCP connection to {service} success.",
  "tcp check failed": (fields: LogFields) =>
    `TCP_CHECK on service ${fields["service"]} failed${fields["retries"] ? ` after ${fields["retries"]} retries` : ""}.`,
  "ping check succeeded": "ICMP connection to {service} success.",
  "ping check failed": (fields: LogFields) =>
    `ICMP CHECK on service ${fields["service"]} failed${fields["retries"] ? ` after ${fields["retries"]} retries` : ""}.`,
  "adding service": "Adding service {service} to VS {virtualServer}",
  "removing service": "Removing service {service} from VS {virtualServer}",
  "enabling service": "Enabling service {service} of VS {virtualServer}",
  "disabling service": "Disabling service {service} of VS {virtualServer}",
  "gained quorum": "Gained quorum {quorum}+{hysteresis}={needed} <= {weight} for VS {virtualServer}",
  "lost quorum": "Lost quorum {quorum}-{hysteresis}={needed} > {weight} for VS {virtualServer}",
  "adding sorry server": "Adding sorry server {service} to VS {virtualServer}",
  "removing sorry server": "Removing sorry server {service} from VS {virtualServer}",
  "shutting down service": "Shutting down service {service} from VS {virtualServer}",
  "ipvs unavailable": "IPVS: Can't initialize ipvs: {reason}",
};

export const ALL_TEXTS: LogTexts = { ...DAEMON_TEXTS, ...VRRP_TEXTS, ...CHECKER_TEXTS };
