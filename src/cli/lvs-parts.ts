import type { CompleteConfiguration } from "../model/complete.ts";
import type { InterfaceAddress, IpvsTable, NativeAddon } from "../native/contract.ts";
import { collectGarbage } from "../runtime/heap.ts";
import { lookAtNetwork } from "../runtime/lvs-network-look.ts";
import { createLvsRuntime } from "../runtime/lvs-runtime.ts";
import type { LvsRuntime } from "../runtime/lvs-types.ts";
import { speakTlsWorkerFailed } from "../runtime/lvs-wording.ts";
import type { FirewallDependencies } from "../runtime/network-firewall.ts";
import { openProbeLoops } from "../runtime/probe-loops.ts";
import { seededRandom } from "../runtime/seeded-random.ts";
import { openIpvsIn } from "./host-network.ts";
import { createClock, type Effects, loopOptions, type PartsContext } from "./parts-context.ts";

/** How often the kernel's IPVS table is compared with the wanted one. */
const RECONCILE_INTERVAL_US = 5_000_000;
const IPVS_VARIABLE = "HOLDFAST_IPVS";

/** Where the IPVS table is: marks that lead to its services must be there too. */
interface LvsPlace {
  readonly nftables: Omit<FirewallDependencies, "log">;
}

/** The checker half: pools, probes and the IPVS table, with the real effects behind them. */
export function createLvs(
  context: PartsContext,
  table: IpvsTable,
  configuration: CompleteConfiguration,
  { runner, notifier, loop, nftables }: Pick<Effects, "runner" | "notifier" | "loop"> & LvsPlace,
): LvsRuntime {
  const { flags, native } = context;
  const { randomSeed } = configuration.global;
  const log = context.log.forSubsystem("checkers");
  native.tightenHeap();
  const lvs = createLvsRuntime(
    { keepsTableAtStop: flags.keepsIpvs, reconcileIntervalUs: RECONCILE_INTERVAL_US },
    {
      openIpvs: () => table,
      openProbeLoop: (onEvents, maxInFlight) =>
        openProbeLoops(
          { createProbeLoop: (...given) => context.threads.hold("probe", native.createProbeLoop(...given)) },
          { maxInFlight },
          onEvents,
          (reason) => log.speak(speakTlsWorkerFailed(reason)),
        ),
      runner,
      log: (record) => log.speak(record),
      clock: createClock(native),
      random: randomSeed === null ? Math.random : seededRandom(randomSeed),
      onPoolEvent: (event) => {
        notifier.lvs.onPoolEvent(event);
        context.observers.poolChanged(event);
      },
      nftables,
      addresses: {
        watch: (onEvents) => loop.watchNetwork(loopOptions(configuration), onEvents),
        read: () => readAddresses(native),
      },
      lookAtNetwork: async (targets) => {
        const rtnetlink = native.openRtnetlink();
        try {
          return await lookAtNetwork(rtnetlink, targets);
        } finally {
          rtnetlink.close();
        }
      },
      onAlert: ({ message, text }) => notifier.mail({ subject: `IPVS: ${message}`, body: text }),
      collectGarbage: () => {
        collectGarbage();
        native.tightenHeap();
      },
    },
  );
  context.overrides.attach(lvs);
  return lvs;
}

async function readAddresses(native: NativeAddon): Promise<readonly InterfaceAddress[]> {
  const rtnetlink = native.openRtnetlink();
  try {
    return await rtnetlink.addresses();
  } finally {
    rtnetlink.close();
  }
}

/** The kernel's table, or an imagined one for trials on kernels without IPVS. */
export async function chooseIpvs(context: PartsContext, namespace: () => string | null): Promise<() => IpvsTable> {
  const { native } = context;
  if (process.env[IPVS_VARIABLE] !== "memory") return () => openIpvsIn(native, namespace());
  const { createMemoryIpvsTable } = await import("../ipvs/memory-table.ts");
  context.log.warning("ipvs in memory", { variable: IPVS_VARIABLE });
  return () => createMemoryIpvsTable();
}
