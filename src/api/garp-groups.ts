import type { GarpGroup } from "../model/vrrp-complete.ts";
import type { PlacedConfiguration } from "./placed.ts";

/** Interfaces that share their pace of announcements. */
export interface NumberedGarpGroup extends Omit<GarpGroup, "place"> {
  /** From 1 for several interfaces; 0 for one alone. */
  readonly number: number;
}

/** Interfaces that announcements go out of: an instance's own, then those of its addresses; of a VMAC the one below. */
function announcingInterfaces({ vrrpInstances }: PlacedConfiguration): readonly string[] {
  const names = vrrpInstances.flatMap(({ interfaceName, virtualAddresses, excludedAddresses, bases }) => [
    interfaceName,
    ...[...virtualAddresses, ...excludedAddresses].flatMap(({ interfaceName: name }) =>
      name === null ? [] : [bases.get(name) ?? name],
    ),
  ]);
  return [...new Set(names)];
}

/** Those that are configured, then one for each other interface where there are intervals for all. */
export function garpGroupsOf(configuration: PlacedConfiguration): readonly NumberedGarpGroup[] {
  let several = 0;
  const given = configuration.garpGroups.map((group) => {
    if (group.interfaces.length > 1) several += 1;
    return { ...group, number: group.interfaces.length > 1 ? several : 0 };
  });
  const { garpIntervalUs, gnaIntervalUs } = configuration.global.vrrp.announce;
  if (garpIntervalUs === 0 && gnaIntervalUs === 0) return given;
  const own = announcingInterfaces(configuration).filter(
    (name) => !given.some(({ interfaces }) => interfaces.includes(name)),
  );
  const orNull = (us: number): number | null => (us === 0 ? null : us);
  const intervals = { garpIntervalUs: orNull(garpIntervalUs), gnaIntervalUs: orNull(gnaIntervalUs) };
  return [...given, ...own.map((name) => ({ interfaces: [name], ...intervals, number: 0 }))];
}
