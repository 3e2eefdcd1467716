import { closeSync, existsSync, openSync } from "node:fs";
import type { IpvsTable, Link, NativeAddon, Rtnetlink } from "../native/contract.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import { type FirewallDependencies, runNft } from "../runtime/network-firewall.ts";

const NAMESPACE_DIRECTORIES = ["/var/run/netns", "/run/netns"];

async function linksOf(rtnetlink: Rtnetlink): Promise<readonly Link[]> {
  try {
    return await rtnetlink.links();
  } finally {
    rtnetlink.close();
  }
}

/** The interfaces of the network namespace that this thread is in; null when they can't be read. */
export async function readLinks(
  native: Pick<NativeAddon, "openRtnetlink">,
  log: Logger,
): Promise<readonly Link[] | null> {
  try {
    return await linksOf(native.openRtnetlink());
  } catch (error) {
    log.warning("interfaces not readable", { reason: errorText(error) });
    return null;
  }
}

/** As `readLinks`, for commands: what can't be read is not told. */
export async function linksHere(native: Pick<NativeAddon, "openRtnetlink">): Promise<readonly Link[] | null> {
  try {
    return await linksOf(native.openRtnetlink());
  } catch {
    return null;
  }
}

/**
 * Joins a namespace made by `ip netns add`.
 * @throws NativeError
 */
export function enterNamespace(native: Pick<NativeAddon, "enterNetworkNamespace">, name: string): void {
  native.enterNetworkNamespace(namespacePath(name));
}

/** Of a namespace made by `ip netns add`. */
export function namespacePath(name: string): string {
  const paths = NAMESPACE_DIRECTORIES.map((folder) => `${folder}/${name}`);
  return paths.find((path) => existsSync(path)) ?? `/run/netns/${name}`;
}

/**
 * The IPVS table of another namespace, or of this thread's own.
 * @throws NativeError
 */
export function openIpvsIn(native: NativeAddon, path: string | null): IpvsTable {
  return path === null ? native.openIpvs() : visit(native, path, () => native.openIpvs());
}

/**
 * A socket made in another namespace stays there; this thread is back where it was when the call returns.
 * @throws NativeError
 */
function visit<Made>(native: NativeAddon, path: string, open: () => Made): Made {
  const home = openSync("/proc/self/ns/net", "r");
  try {
    native.enterNetworkNamespace(path);
    try {
      return open();
    } finally {
      native.enterNetworkNamespace(`/proc/self/fd/${home}`);
    }
  } finally {
    closeSync(home);
  }
}

/**
 * nftables of another namespace, or of this thread's own.
 * @param path of the namespace, null for this thread's; asked for each time
 */
export function nftablesIn(native: NativeAddon, path: () => string | null): Omit<FirewallDependencies, "log"> {
  // A process that is started and a socket that is made are in the namespace of this moment.
  const there = <Made>(make: () => Made): Made => {
    const place = path();
    return place === null ? make() : visit(native, place, make);
  };
  return {
    run: async (script, onStart) => {
      try {
        return await there(() => runNft(script, onStart));
      } catch (error) {
        return errorText(error);
      }
    },
    watch: (onRemoval) => there(() => native.watchFirewall(onRemoval)),
  };
}

/** The interfaces of a namespace, null (this thread's) or by name; null when they can't be read. */
export async function readLinksOf(native: NativeAddon, name: string | null): Promise<readonly Link[] | null> {
  try {
    return await linksOf(
      name === null ? native.openRtnetlink() : visit(native, namespacePath(name), () => native.openRtnetlink()),
    );
  } catch {
    return null;
  }
}
