import type { InterfaceFacts } from "../api/data-interfaces.ts";
import type { NativeAddon, VrrpEvent } from "../native/contract.ts";
import { AddressMonitor } from "../runtime/address-monitor.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";

/** Links and addresses of the network namespace that this thread is in. */
export async function readNetwork(native: Pick<NativeAddon, "openRtnetlink">): Promise<InterfaceFacts> {
  const rtnetlink = native.openRtnetlink();
  try {
    const [links, addresses] = await Promise.all([rtnetlink.links(), rtnetlink.addresses()]);
    return { links, addresses };
  } finally {
    rtnetlink.close();
  }
}

/**
 * `-a`: all addresses, and each that comes or goes, are told.
 * @param isWanted false: nothing is
 * @returns to be called with all events of the network
 */
export function monitorAddresses(
  isWanted: boolean,
  native: Pick<NativeAddon, "openRtnetlink">,
  log: Logger,
): (events: readonly VrrpEvent[]) => void {
  if (!isWanted) return () => undefined;
  const monitor = new AddressMonitor({ read: () => readNetwork(native), log: (record) => log.speak(record) });
  monitor.open().catch((error: unknown) => {
    const text = `Cannot read the addresses: ${errorText(error)}`;
    log.speak({ level: "error", message: "addresses not readable", fields: { reason: errorText(error) }, text });
  });
  return (events) => monitor.onEvents(events);
}
