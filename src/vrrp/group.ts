import { type FaultReason, type GroupRole, isHold, isShared, type VirtualRouter, type VrrpState } from "./types.ts";

/** The role of each member of a sync group. */
export function groupRole(
  name: string,
  members: readonly Pick<VirtualRouter, "priority" | "wantsActive">[],
): GroupRole {
  const isOwned = members.every(({ priority }) => priority === 255);
  return { name, isOwned, startsActive: isOwned && members.every(({ wantsActive }) => wantsActive) };
}

/** What each member has for a fault because of the others; null for nothing. */
export function sharedFaults(members: readonly VrrpState[]): readonly (FaultReason | null)[] {
  const own = members.map((state) => faultsOf(state).filter((reason) => !isShared(reason)));
  return own.map((_, index) => {
    const others = own.filter((__, other) => other !== index).flat();
    if (others.length === 0) return null;
    return others.every(isHold) ? "sync group held by operator" : "sync group";
  });
}

export function faultsOf(state: VrrpState): readonly FaultReason[] {
  return state.kind === "fault" || state.kind === "initialize" ? state.reasons : [];
}
