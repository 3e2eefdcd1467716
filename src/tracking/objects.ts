import type { CompleteConfiguration } from "../model/complete.ts";
import type { TrackedObject, TrackedObjects } from "../model/tracking.ts";

export const NOTHING_TRACKED: TrackedObjects = { scripts: [], files: [], processes: [], bfds: [] };

/** What a sync group tracks counts for each member. */
export function objectsByInstance({
  vrrpInstances,
  syncGroups,
}: Pick<CompleteConfiguration, "vrrpInstances" | "syncGroups">): ReadonlyMap<string, TrackedObjects> {
  const ofGroup = new Map(
    syncGroups.flatMap(({ members, tracked }) => members.map((name) => [name, tracked] as const)),
  );
  return new Map(
    vrrpInstances.map(({ name, tracked }) => {
      const group = ofGroup.get(name) ?? NOTHING_TRACKED;
      return [
        name,
        {
          scripts: merge(tracked.scripts, group.scripts),
          files: merge(tracked.files, group.files),
          processes: merge(tracked.processes, group.processes),
          bfds: merge(tracked.bfds, group.bfds),
        },
      ];
    }),
  );
}

function merge(own: readonly TrackedObject[], group: readonly TrackedObject[]): readonly TrackedObject[] {
  const ofGroup = new Map(group.map((object) => [object.name, object]));
  const ownNames = new Set(own.map(({ name }) => name));
  return [
    // keepalived: for an object in both the group's weight counts, unless the member's is 0.
    ...own.map((object) => (object.weight === 0 ? object : (ofGroup.get(object.name) ?? object))),
    ...group.filter(({ name }) => !ownNames.has(name)),
  ];
}
