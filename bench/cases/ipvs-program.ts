import { waitUntil } from "../../test/helpers/event-log.ts";
import { ALL_FLAGS, Daemon, daemonProgram } from "../../test/lab/daemon.ts";
import { Network } from "../../test/lab/network.ts";
import { whyNoUml } from "../../test/lab/uml.ts";
import { type BenchCase, daemonNameOf, type Sample, type Subject } from "../case.ts";
import { isInGuest, trialInGuest } from "../guest.ts";
import { settingOf } from "../scale.ts";
import { cpuUsOf } from "../usage.ts";

const TIMEOUT_MS = 140_000;
/** Reading the table costs the guest as much as it costs the daemons. */
const LOOK_EVERY_MS = 200;

/** Without checkers, so that all servers are in at once. */
function configOf(services: number, destinations: number): string {
  const blocks = Array.from({ length: services }, (_, service) => {
    const servers = Array.from({ length: destinations }, (_unused, index) => {
      return ` real_server 10.${1 + (service >> 8)}.${service & 255}.${index + 1} 80 {\n  weight 1\n }\n`;
    });
    const head = " lb_algo rr\n lb_kind NAT\n protocol TCP\n";
    return `virtual_server 192.168.${service >> 8}.${service & 255} 80 {\n${head}${servers.join("")}}\n`;
  });
  return blocks.join("");
}

async function trial(subject: Subject, services: number, destinations: number): Promise<Sample> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "director", addresses: ["10.0.0.5/8"] });
    const config = configOf(services, destinations);
    const startMs = performance.now();
    const daemon = new Daemon(machine, { name: daemonNameOf(subject), config, flags: [...ALL_FLAGS, "-C"] });
    const isComplete = (): true | null => {
      const arrows = machine.readNetFile("ip_vs").match(/^ {2}-> [0-9A-F]/gm)?.length ?? 0;
      return arrows === services * destinations ? true : null;
    };
    await waitUntil("the whole table", isComplete, { timeoutMs: TIMEOUT_MS, intervalMs: LOOK_EVERY_MS });
    return { wallMs: performance.now() - startMs, cpuMs: cpuUsOf(daemon.pids) / 1_000 };
  } finally {
    await network.close();
  }
}

export const IPVS_PROGRAM: BenchCase = {
  name: "ipvs-program",
  meaning:
    "start of the process until all destinations are in the kernel's IPVS table, in a User-Mode Linux guest, where system calls cost twenty times as much (looked at every 200 ms)",
  variants: ["services=1000 destinations=20"],
  smoke: "services=2 destinations=3",
  subjects: ["keepalived", "holdfast"],
  whyNot: (subject) => (daemonProgram(daemonNameOf(subject)) === null ? `${subject} is not there` : whyNoUml() || null),
  run(subject, variant) {
    if (!isInGuest()) return trialInGuest("ipvs-program", subject, variant);
    return trial(subject, settingOf(variant, "services"), settingOf(variant, "destinations"));
  },
};
