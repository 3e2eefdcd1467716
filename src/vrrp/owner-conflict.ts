import { advertFields, fail, note, stay } from "./transitions.ts";
import type { ActiveState, AdvertEvent, Step, VirtualRouter, VrrpEffect } from "./types.ts";

/** keepalived: in the longer one of both routers' intervals. */
const PATIENCE = 1.2;
/** A router is given up after so many adverts that did not come. */
const BACKUP_ADVERTS = 3;

/**
 * An equal router with a lower address is answered. An owner besides remembers whether it is heard all the same: it has to yield
 * by that answer. What the vrrp loop does is the same in every phase, so that it needs no new plans for it.
 * @param answer to the advert
 */
export function contest(
  router: VirtualRouter,
  state: ActiveState,
  event: AdvertEvent,
  answer: readonly VrrpEffect[],
): Step {
  if (router.priority !== 255) return stay(state, ...answer);
  const conflict = state.ownerConflict;
  if (conflict !== undefined) return stay({ ...state, ownerConflict: { ...conflict, phase: "persisting" } }, ...answer);
  const { source, intervalUs } = event.advert;
  const patienceUs = Math.round(PATIENCE * Math.max(router.advertisementIntervalUs, intervalUs));
  return stay(
    { ...state, ownerConflict: { phase: "contested", rival: source, patienceUs } },
    ...ownerConflict(router, advertFields(router, state, event.advert)),
    ...answer,
    { kind: "start-timer", timer: "owner-conflict", delayUs: patienceUs },
  );
}

export function settleConflict(state: ActiveState): Step {
  const { ownerConflict: conflict, ...settled } = state;
  if (conflict === undefined) return stay(state);
  const { phase, rival: source, patienceUs } = conflict;
  if (phase === "contested") return stay(settled, note("address owner gave way", { source }));
  if (phase === "reduced") return stay(settled, note("address owner restored", { source }));
  return stay(
    { ...state, ownerConflict: { ...conflict, phase: "reduced" } },
    fail("address owner persists", { source }),
    // Its next advert makes us a backup. As long as a backup would wait for one, there may be one to come.
    { kind: "start-timer", timer: "owner-conflict", delayUs: BACKUP_ADVERTS * patienceUs },
  );
}

/** What an owner says of another one. */
export function ownerConflict(
  router: VirtualRouter,
  fields: Readonly<Record<string, string | number | boolean | null>>,
): readonly VrrpEffect[] {
  return router.priority === 255 ? [fail("two address owners", fields)] : [];
}
