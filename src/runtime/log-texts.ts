import type { LogFields } from "./log.ts";
import type { LogTexts } from "./log-text.ts";

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
  "reload refused": "Reload refused, the running configuration stays: {errors} error(s) in {file}",
  "already running": "daemon is already running",
  "configuration missing": "Config files missing '{file}'.",
  diagnostic: (fields: LogFields) => {
    const place = fields["file"] ? `(${fields["file"]}: Line ${fields["line"]}, column ${fields["column"]}) ` : "";
    return `${place}${fields["severity"] === "error" ? "" : `${String(fields["severity"]).toUpperCase()} - `}${fields["text"]}`;
  },
};
