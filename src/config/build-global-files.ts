import type { ConfiguredGlobals } from "../model/global-complete.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";

/** What happens around a reload. */
export function readReload(globals: Settings): ConfiguredGlobals["reload"] {
  const optionalPath = (name: string, fallback: string): string | null =>
    globals.has(name) ? (globals.text(name) ?? fallback) : null;
  return {
    checkLog: optionalPath("reload_check_config", "/dev/null"),
    timeFile: globals.text("reload_time_file"),
    repeatsDaily: globals.has("reload_repeat"),
    markerFile: optionalPath("reload_file", ""),
    saveDirectory: globals.text("config_save_dir"),
    temporaryDirectory: globals.text("tmp_config_directory"),
  };
}

/** Where dumps go. */
export function readDumps(globals: Settings): ConfiguredGlobals["dumps"] {
  return {
    usesInstanceNames: globals.boolean("data_use_instance") ?? false,
    jsonVersion: globals.number("json_version") === 2 ? 2 : 1,
    stateFile: globals.text("state_dump_file"),
    statisticsFile: globals.text("stats_dump_file"),
    jsonFile: globals.text("json_dump_file"),
  };
}

/** Receive buffers of netlink sockets. */
export function readBuffers(globals: Settings): ConfiguredGlobals["buffers"] {
  const read = (name: string): ConfiguredGlobals["buffers"]["vrrpCommand"] => ({
    sizeBytes: globals.number(name) ?? 0,
    isForced: globals.boolean(`${name}_force`) ?? false,
  });
  return {
    vrrpCommand: read("vrrp_netlink_cmd_rcv_bufs"),
    vrrpMonitor: read("vrrp_netlink_monitor_rcv_bufs"),
    processMonitor: read("process_monitor_rcv_bufs"),
    lvsCommand: read("lvs_netlink_cmd_rcv_bufs"),
    lvsMonitor: read("lvs_netlink_monitor_rcv_bufs"),
  };
}

/** `vrrp_rx_bufs_policy`: a size beats MTU, which beats ADVERT. */
export function readBufferPolicy(globals: Settings, context: BuildContext): ConfiguredGlobals["receiveBufferPolicy"] {
  const words = (globals.words("vrrp_rx_bufs_policy") ?? []).map((word) => word.toUpperCase());
  const isKnown = (word: string): boolean => word === "MTU" || word === "ADVERT" || /^[0-9]{1,10}$/.test(word);
  if (!words.every(isKnown)) {
    const message = "vrrp_rx_bufs_policy is MTU, ADVERT or a number of octets";
    context.reporter.add("bad-value", message, globals.place("vrrp_rx_bufs_policy"));
  }
  const size = words.find((word) => /^[0-9]{1,10}$/.test(word));
  if (size !== undefined) return Number(size);
  if (words.includes("MTU")) return "mtu";
  return words.includes("ADVERT") ? "advert" : "kernel";
}
