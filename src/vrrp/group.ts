import type { GroupRole, VirtualRouter, VrrpState } from "./types.ts";

/** The role of each member of a sync group. */
export function groupRole(
  name: string,
  members: readonly Pick<VirtualRouter, "priority" | "wantsActive">[],
): GroupRole {
  const isOwned = members.every(({ priority }) => priority === 255);
  return { name, isOwned, startsActive: isOwned && members.every(({ wantsActive }) => wantsActive) };
}

/** A fault of the member's own, not one that it shares with its group. */
export function hasOwnFault(state: VrrpState): boolean {
  return faultsOf(state).some((reason) => reason !== "sync group");
}

/** Whether each member has to be at fault because another one is. */
export function sharedFaults(members: readonly VrrpState[]): readonly boolean[] {
  const own = members.map(hasOwnFault);
  const count = own.filter((isAtFault) => isAtFault).length;
  return own.map((isAtFault) => count - (isAtFault ? 1 : 0) > 0);
}

export function faultsOf(state: VrrpState): readonly string[] {
  return state.kind === "fault" || state.kind === "initialize" ? state.reasons : [];
}
