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
  const file = new OwnedFile(context);
  return {
    clear: async (now) => {
      try {
        for (const before of file.load(now)?.configurations ?? []) await clearOne(context, leftOvers(before, now));
      } catch (error) {
        context.log.warning("left over not removed", { what: "something", reason: errorText(error) });
      }
    },
    note: (configurations) => file.save(withoutRepeats(configurations)),
    forget: () => {
      if (!context.flags.keepsVrrp && !context.flags.keepsIpvs) file.forget();
    },
  };
}

/** The file, with what it holds known. Never throws: without it only a killed daemon's objects stay. */
class OwnedFile {
  readonly #context: OwnedKeeperContext;
  #path: string | null = null;
  #saved: readonly CompleteConfiguration[] = [];

  constructor(context: OwnedKeeperContext) {
    this.#context = context;
  }

  load(now: CompleteConfiguration): Owned | null {
    try {
      return loadOwned(this.#pathFor(now));
    } catch (error) {
      this.#context.log.warning("owned objects not known", { reason: errorText(error) });
      return null;
    }
  }

  /** @param noted all of one daemon; nothing happens when there is none */
  save(noted: readonly CompleteConfiguration[]): void {
    const [first] = noted;
    if (first === undefined) return;
    try {
      this.#path = this.#pathFor(first);
      if (!isSameList(noted, this.#saved)) saveOwned(this.#path, this.#context.configFile, noted);
      this.#saved = noted;
    } catch (error) {
      this.#saved = [];
      this.#context.log.warning("owned objects not saved", { reason: errorText(error) });
    }
  }

  forget(): void {
    if (this.#path === null) return;
    try {
      forgetOwned(this.#path);
    } catch (error) {
      this.#context.log.warning("owned objects not saved", { reason: errorText(error) });
    }
  }

  #pathFor({ global }: CompleteConfiguration): string {
    const networkNamespace = this.#context.flags.namespace ?? global.networkNamespace;
    return ownedPath({ networkNamespace, instanceName: global.instanceName });
  }
}

async function clearOne(
  { flags, log, openRtnetlink, openIpvs, runIpvsNft }: OwnedKeeperContext,
  stale: CompleteConfiguration,
): Promise<void> {
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

function withoutRepeats(configurations: readonly CompleteConfiguration[]): readonly CompleteConfiguration[] {
  return configurations.filter((one, index) => configurations.findIndex((other) => isSameOwned(other, one)) === index);
}

function isSameList(left: readonly CompleteConfiguration[], right: readonly CompleteConfiguration[]): boolean {
  return left.length === right.length && left.every((one, index) => isSameOwned(one, right[index] ?? one));
}
