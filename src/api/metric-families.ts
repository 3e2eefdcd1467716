export interface MetricFamily {
  /** Without the suffix that OpenMetrics adds for counters. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "summary" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

function family(name: string, type: MetricFamily["type"], labels: string, help: string): MetricFamily {
  return { name: `holdfast_${name}`, type, labels: labels === "" ? [] : labels.split(" "), help };
}

const INSTANCE = "vrrp_instance interface vrid family";
const BFD = "bfd_instance neighbor";
const REAL_SERVER = "virtual_server real_server";

/** All that is measured; docs/metrics.md is made from it. */
export const FAMILIES = {
  build: family("build_info", "gauge", "version compatible node", "Always 1"),
  uptime: family("uptime_seconds", "gauge", "", "Time since the start of the process"),
  heap: family("heap_used_bytes", "gauge", "", "JavaScript heap in use"),
  resident: family("resident_memory_bytes", "gauge", "", "Memory of the process"),
  overrides: family("overrides", "gauge", "action", "Real servers about which an operator has said something"),
  loopLag: family("control_loop_lag_seconds", "summary", "", "How late timers of the control loop (JavaScript) fire"),
  loopLagMax: family("control_loop_lag_max_seconds", "gauge", "", "The latest that a timer of the control loop fired"),
  heartbeats: family("vrrp_loop_heartbeats", "counter", "", "Turns of the vrrp loop: stands still when it hangs"),
  eventsLost: family("vrrp_loop_events_lost", "counter", "", "Events of the vrrp loop that found no room"),
  unknownVrids: family("vrrp_unknown_vrid", "counter", "", "Adverts of virtual routers that no instance has"),
  lateness: family(
    "vrrp_loop_lateness_seconds",
    "summary",
    "",
    "How late timers of the vrrp loop fire, adverts among them",
  ),
  latenessMax: family("vrrp_loop_lateness_max_seconds", "gauge", "", "The latest that a timer of the vrrp loop fired"),
  advertLateness: family("vrrp_advert_lateness_seconds", "histogram", "", "How late adverts went out"),
  state: family("vrrp_state", "gauge", `${INSTANCE} state`, "1 for the state that the instance is in, else 0"),
  stateAge: family("vrrp_state_age_seconds", "gauge", INSTANCE, "Time since the last change of state"),
  basePriority: family("vrrp_base_priority", "gauge", INSTANCE, "Configured priority"),
  priority: family("vrrp_effective_priority", "gauge", INSTANCE, "Priority with tracked weights"),
  faults: family("vrrp_faults", "gauge", INSTANCE, "Reasons for the fault state"),
  becameActive: family("vrrp_became_active", "counter", INSTANCE, "Times that it became active"),
  releasedActive: family("vrrp_released_active", "counter", INSTANCE, "Times that it was active no longer"),
  transitions: family("vrrp_transitions", "counter", `${INSTANCE} from to cause`, "Changes of state, by cause"),
  sent: family("vrrp_adverts_sent", "counter", INSTANCE, "Adverts sent"),
  received: family("vrrp_adverts_received", "counter", INSTANCE, "Adverts accepted"),
  dropped: family("vrrp_adverts_dropped", "counter", `${INSTANCE} reason`, "Adverts dropped, by reason"),
  zeroSent: family("vrrp_priority_zero_sent", "counter", INSTANCE, "Adverts of priority 0 sent"),
  zeroReceived: family("vrrp_priority_zero_received", "counter", INSTANCE, "Adverts of priority 0 accepted"),
  bfdUp: family("bfd_session_up", "gauge", BFD, "1 when VRRP and checkers were told that it is up"),
  bfdStateAge: family("bfd_state_age_seconds", "gauge", BFD, "Time since the last change of state"),
  bfdDetection: family("bfd_detection_time_seconds", "gauge", BFD, "Detection Time; 0 before the first packet"),
  bfdSent: family("bfd_packets_sent", "counter", BFD, "Control packets sent"),
  bfdReceived: family("bfd_packets_received", "counter", BFD, "Control packets accepted"),
  bfdDropped: family("bfd_packets_dropped", "counter", `${BFD} reason`, "Control packets dropped, by reason"),
  probes: family("probes", "counter", "result", "Probes by result; local and late ones say nothing of the server"),
  inFlight: family("probes_in_flight", "gauge", "", "Probes that wait for an answer"),
  checks: family("checks", "counter", "kind result", "Probes and runs of check scripts, by kind and result"),
  probeLatency: family("probe_latency_seconds", "histogram", "kind", "How long probes and check scripts took"),
  probeHeartbeats: family(
    "probe_loop_heartbeats",
    "counter",
    "",
    "Turns of the probe loop: stands still when it hangs",
  ),
  probeLateness: family("probe_loop_lateness_seconds", "summary", "", "How late timers of the probe loop fire"),
  probeLatenessMax: family("probe_loop_lateness_max_seconds", "gauge", "", "The latest that a timer of it fired"),
  inSync: family("ipvs_in_sync", "gauge", "", "1 when the kernel's table is the desired one"),
  reconciles: family("ipvs_reconciles", "counter", "", "Comparisons with the kernel's table"),
  repairs: family("ipvs_repairs", "counter", "", "Changes by others that were put right"),
  failures: family("ipvs_failures", "counter", "", "Commands that the kernel refused"),
  quorum: family("virtual_server_quorum", "gauge", "virtual_server", "1 when it has its quorum"),
  sorry: family("virtual_server_sorry", "gauge", "virtual_server", "1 when the sorry server serves"),
  servers: family("virtual_server_real_servers", "gauge", "virtual_server", "Real servers configured"),
  alive: family("virtual_server_real_servers_alive", "gauge", "virtual_server", "Real servers that are alive"),
  virtualConnections: family("virtual_server_connections", "counter", "virtual_server", "Connections scheduled"),
  virtualPackets: family("virtual_server_packets", "counter", "virtual_server direction", "Packets"),
  virtualBytes: family("virtual_server_bytes", "counter", "virtual_server direction", "Octets"),
  connections: family("real_server_connections", "counter", REAL_SERVER, "Connections scheduled since it was added"),
  openConnections: family("real_server_open_connections", "gauge", `${REAL_SERVER} state`, "Connections there are"),
  packets: family("real_server_packets", "counter", `${REAL_SERVER} direction`, "Packets since it was added"),
  bytes: family("real_server_bytes", "counter", `${REAL_SERVER} direction`, "Octets since it was added"),
  up: family("real_server_up", "gauge", REAL_SERVER, "1 when it is alive"),
  weight: family("real_server_weight", "gauge", REAL_SERVER, "Effective weight"),
  checkUp: family("check_up", "gauge", `${REAL_SERVER} kind`, "1 when the check's verdict is up"),
  checkLatency: family("check_latency_seconds", "gauge", `${REAL_SERVER} kind`, "Of the last result that was news"),
} as const satisfies Readonly<Record<string, MetricFamily>>;

/** The page docs/metrics.md, below its head. */
export function describeFamilies(): string {
  const rows = Object.values(FAMILIES).map(({ name, type, labels, help }) => {
    const shown = type === "counter" ? `${name}_total` : name;
    return `| ${shown} | ${type} | ${labels.join(", ")} | ${help} |\n`;
  });
  return `| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join("")}`;
}
