import type { Microseconds } from "../model/units.ts";
import type { RecordedStep } from "./recording.ts";
import type { ActiveRouter } from "./types.ts";

/** Another director of the same virtual router, as far as adverts tell of it: a backup sends none. */
export interface HeardRouter extends ActiveRouter {
  /** When its advert was last news; the same again and again is none. Null: longer ago than the recording goes back. */
  readonly newsUs: Microseconds | null;
  /** It is the active one now: its adverts keep coming. */
  readonly isActive: boolean;
}

/** Of a LAN full of forged senders the newest will do. */
const MOST = 16;

/**
 * Who else was heard, the active one first, then the newest.
 * @param recording oldest first
 * @param active of the state that the instance is in; null: it is active itself, or hears nobody
 */
export function routersHeard(recording: readonly RecordedStep[], active: ActiveRouter | null): readonly HeardRouter[] {
  const heard = new Map<string, HeardRouter>();
  for (const { event, atUs } of recording) {
    if (event.kind !== "advert") continue;
    const { source, priority } = event.advert;
    // Once more at the end.
    heard.delete(source);
    heard.set(source, { address: source, priority, newsUs: atUs, isActive: false });
  }
  const newest = [...heard.values()].reverse();
  if (active === null) return newest.slice(0, MOST);
  const first = { ...active, newsUs: heard.get(active.address)?.newsUs ?? null, isActive: true };
  return [first, ...newest.filter(({ address }) => address !== active.address)].slice(0, MOST);
}
