import type { VrrpLoop } from "../native/contract.ts";
import type { RunningInstance } from "./vrrp-instance.ts";

/** Which instances the loop stands down when a BFD session is lost, before the control loop has heard of it. */
export class SessionFollowers {
  readonly #sessionsOf: (instance: string) => readonly number[];
  /** Sessions that somebody follows, by number. */
  #followed: readonly number[] = [];

  /** @param sessionsOf numbers of the sessions whose loss is a fault of the instance */
  constructor(sessionsOf: (instance: string) => readonly number[]) {
    this.#sessionsOf = sessionsOf;
  }

  apply(instances: readonly RunningInstance[], loop: VrrpLoop): void {
    const followers = new Map(this.#followed.map((session): [number, number[]] => [session, []]));
    for (const { config, book } of instances) {
      for (const session of this.#sessionsOf(config.name)) {
        followers.set(session, [...(followers.get(session) ?? []), book.instance]);
      }
    }
    for (const [session, members] of followers) loop.setFollowers(session, members);
    this.#followed = [...followers.keys()];
  }
}
