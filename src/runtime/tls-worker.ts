/** The worker thread of `tls-probes.ts`: carries out its orders, reports results in batches. */
import { parentPort, workerData } from "node:worker_threads";
import type { ProbeEvent } from "../native/contract.ts";
import { loadNative } from "../native/load.ts";
import { TlsProber } from "./tls-prober.ts";
import type { TlsOrder, TlsReport, TlsWorkerData } from "./tls-probes.ts";

const COUNTERS_INTERVAL_MS = 1_000;

const port = parentPort;
if (port === null) throw new Error("tls-worker: is started as a worker thread only");
const report = (message: TlsReport): void => port.postMessage(message);

let batch: ProbeEvent[] = [];
function flush(): void {
  report({ kind: "events", events: batch });
  batch = [];
}

const { maxInFlight } = workerData as TlsWorkerData;
const prober = new TlsProber(loadNative(), maxInFlight, (event) => {
  if (batch.push(event) === 1) setImmediate(flush);
});

port.on("message", (order: TlsOrder) => {
  switch (order.kind) {
    case "add":
      return prober.addTarget(order.target, order.spec, order.schedule, order.firstDelayUs);
    case "schedule":
      return prober.setSchedule(order.target, order.schedule);
    case "remove":
      return prober.removeTarget(order.target);
  }
});

setInterval(() => report({ kind: "counters", counters: prober.counters() }), COUNTERS_INTERVAL_MS);
