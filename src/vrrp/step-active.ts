import { contest, ownerConflict, settleConflict } from "./owner-conflict.ts";
import { armActiveDown, armSkew, effectivePriority, requestedAnnouncement, takeoverAnnouncement } from "./timers.ts";
import {
  advertFields,
  announceAgain,
  becomeBackup,
  becomeFault,
  becomeInitialize,
  detail,
  note,
  stay,
  warn,
} from "./transitions.ts";
import type { ActiveState, AdvertEvent, RouterEvent, Step, VirtualRouter, VrrpEffect } from "./types.ts";

/** One event in the active state. @see RFC 9568 §6.4.3 */
export function stepActive(router: VirtualRouter, state: ActiveState, event: RouterEvent): Step {
  const priority = effectivePriority(router, state.weight);
  const armAdver = { kind: "arm-adver", intervalUs: router.advertisementIntervalUs } as const;
  switch (event.kind) {
    case "adver":
      return stay(state, { kind: "send-advert", priority }, armAdver);
    case "advert":
      return stepActiveAdvert(router, state, event);
    case "stalled":
    case "group-backup": {
      const timer = armActiveDown(router, state.weight, "rule");
      return becomeBackup(router, state, { isInitial: false, advert: null, timer, priorityZeros: 0 });
    }
    case "group-announce":
      return stay(state, ...announceAgain(router));
    case "announce-requested":
      // A new announcement replaces the one under way, so of an unfinished takeover all is said again.
      return stay(
        state,
        event.isBurstDue ? announce(router) : { kind: "announce", rule: requestedAnnouncement(router) },
      );
    case "owner-conflict-expired":
      return settleConflict(state);
    case "addresses-removed":
      return event.reaction === "repair"
        ? repairAddresses(router, state, event.addresses)
        : yieldOverAddresses(router, state, event.addresses);
    case "fault-raised":
      return becomeFault(router, state, [event.reason], false);
    case "reconfigured": {
      // keepalived: every active instance speaks up around a reload.
      const added: readonly VrrpEffect[] = event.hasNewAddresses
        ? [detail("setting addresses"), { kind: "add-addresses" }, announce(router)]
        : [];
      return stay(state, { kind: "send-advert", priority }, ...added, armAdver);
    }
    case "shutdown":
      return becomeInitialize(router, state, event.isSilent);
    default:
      return stay(state);
  }
}

function stepActiveAdvert(router: VirtualRouter, state: ActiveState, event: AdvertEvent): Step {
  const priority = effectivePriority(router, state.weight);
  const fields = advertFields(router, state, event.advert);
  switch (event.class) {
    case "priority-zero":
      // §6.4.3: priority 0 is answered at once, and the Adver_Timer starts anew.
      return stay(
        state,
        detail("priority 0 received in active", { source: event.advert.source }),
        { kind: "send-advert", priority },
        { kind: "arm-adver", intervalUs: router.advertisementIntervalUs },
      );
    case "lower-priority":
      return stay(state, ...assertActive(router, priority, fields));
    case "equal-priority-lower-address":
      return contest(router, state, event, assertActive(router, priority, fields));
    case "equal-priority-own-address":
      return stay(state, warn("equal priority with own address", fields));
    case "equal-priority-higher-address":
    case "higher-priority":
      return yieldTo(router, state, event);
  }
}

/** §6.4.3: a lower advert is answered at once. keepalived: as after every advert, the Adver_Timer starts anew. */
function assertActive(
  router: VirtualRouter,
  priority: number,
  fields: Readonly<Record<string, string | number | boolean | null>>,
): readonly VrrpEffect[] {
  const isSilent = router.isSilentOnLowerPriority;
  const armAdver = { kind: "arm-adver", intervalUs: router.advertisementIntervalUs } as const;
  const advert: readonly VrrpEffect[] = isSilent ? [] : [{ kind: "send-advert", priority }, armAdver];
  return [note("lower priority while active", { ...fields, isSilent }), ...advert, ...announceAgain(router)];
}

function yieldTo(router: VirtualRouter, state: ActiveState, event: AdvertEvent): Step {
  const isEqual = event.class !== "higher-priority";
  const fields = advertFields(router, state, event.advert);
  const reason = isEqual ? "equal priority with higher address while active" : "higher priority while active";
  // keepalived: `higher_prio_send_advert`.
  const last: readonly VrrpEffect[] = router.sendsAdvertBeforeYielding
    ? [{ kind: "send-advert", priority: effectivePriority(router, state.weight) }]
    : [];
  const timer = armActiveDown(router, state.weight, "advert");
  const backup = becomeBackup(router, state, { isInitial: false, advert: event.advert, timer, priorityZeros: 0 });
  const conflict = isEqual ? ownerConflict(router, fields) : [];
  return { state: backup.state, effects: [...conflict, note(reason, fields), ...last, ...backup.effects] };
}

function announce(router: VirtualRouter): VrrpEffect {
  return { kind: "announce", rule: takeoverAnnouncement(router) };
}

function repairAddresses(router: VirtualRouter, state: ActiveState, addresses: readonly string[]): Step {
  const fields = { address: addresses[0] ?? null, others: addresses.length - 1, interface: router.interfaceName };
  return stay(state, warn("address restored", fields), { kind: "add-addresses" }, announce(router));
}

// keepalived: everything is withdrawn and, unless another router is better, back after Skew_Time.
function yieldOverAddresses(router: VirtualRouter, state: ActiveState, addresses: readonly string[]): Step {
  const notes = addresses.map((address) =>
    detail("address removed by others", { address, interface: router.interfaceName }),
  );
  const timer = armSkew(router, state.weight, "rule");
  const backup = becomeBackup(router, state, { isInitial: false, advert: null, timer, priorityZeros: 1 });
  return { state: backup.state, effects: [...notes, ...backup.effects] };
}
