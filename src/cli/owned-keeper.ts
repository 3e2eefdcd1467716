import type { CompleteConfiguration } from "../model/complete.ts";
import type { IpvsTable, Rtnetlink } from "../native/contract.ts";
import { type CleanupDependencies, cleanUp } from "../runtime/cleanup.ts";
import type { DaemonDependencies } from "../runtime/daemon-types.ts";
import { errorText } from "../runtime/error-code.ts";
import type { Logger } from "../runtime/log.ts";
import { runNft } from "../runtime/network-firewall.ts";
import { isSameOwned, leftOvers } from "../runtime/owned.ts";
import type { Flags } from "./flags.ts";
import { forgetOwned, loadOwned, type Owned, ownedPath, saveOwned } from "./owned-file.ts";

export interface OwnedKeeperContext {
  readonly flags: Flags;
  readonly log: Logger;
  readonly openRtnetlink: () => Rtnetlink;
  /** Null when the kernel has no IPVS loaded. @throws NativeError */
  readonly openIpvs: () => IpvsTable | null;
  readonly runIpvsNft: CleanupDependencies["runIpvsNft"];
  /** Absolute. */
  readonly configFile: string;
}

type Keeper = NonNullable<DaemonDependencies["owned"]>;

/** What is ours in the kernel, kept in a file for the next run and for `holdfast cleanup`. */
export function createOwnedKeeper(context: OwnedKeeperContext): Keeper {
  const { flags, log, openRtnetlink, openIpvs, runIpvsNft, configFile } = context;
  const pathFor = ({ global }: CompleteConfiguration): string =>
    ownedPath({ networkNamespace: flags.namespace ?? global.networkNamespace, instanceName: global.instanceName });
  let path: string | null = null;
  /** What the file holds. */
  let saved: readonly CompleteConfiguration[] = [];

  function load(now: CompleteConfiguration): Owned | null {
    try {
      return loadOwned(pathFor(now));
    } catch (error) {
      log.warning("owned objects not known", { reason: errorText(error) });
      return null;
    }
  }

  async function clearOne(stale: CompleteConfiguration): Promise<void> {
    const rtnetlink = openRtnetlink();
    try {
      await cleanUp(
        stale,
        { vrrp: flags.runsVrrp, ipvs: flags.runsCheckers },
        {
          rtnetlink,
          openIpvs,
          runNft,
          runIpvsNft,
          onRemoved: (what) => log.info("left over removed", { what }),
          onFailure: (what, reason) => log.warning("left over not removed", { what, reason }),
        },
      );
    } finally {
      rtnetlink.close();
    }
  }

  return {
    clear: async (now) => {
      try {
        for (const before of load(now)?.configurations ?? []) await clearOne(leftOvers(before, now));
      } catch (error) {
        log.warning("left over not removed", { what: "something", reason: errorText(error) });
      }
    },
    note: (configurations) => {
      const noted = withoutRepeats(configurations);
      const [first] = noted;
      if (first === undefined) return;
      try {
        path = pathFor(first);
        if (!isSameList(noted, saved)) saveOwned(path, configFile, noted);
        saved = noted;
      } catch (error) {
        saved = [];
        log.warning("owned objects not saved", { reason: errorText(error) });
      }
    },
    forget: () => {
      if (path === null || flags.keepsVrrp || flags.keepsIpvs) return;
      try {
        forgetOwned(path);
      } catch (error) {
        log.warning("owned objects not saved", { reason: errorText(error) });
      }
    },
  };
}

function withoutRepeats(configurations: readonly CompleteConfiguration[]): readonly CompleteConfiguration[] {
  return configurations.filter((one, index) => configurations.findIndex((other) => isSameOwned(other, one)) === index);
}

function isSameList(left: readonly CompleteConfiguration[], right: readonly CompleteConfiguration[]): boolean {
  return left.length === right.length && left.every((one, index) => isSameOwned(one, right[index] ?? one));
}
