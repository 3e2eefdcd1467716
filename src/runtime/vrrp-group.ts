import type { Microseconds } from "../model/units.ts";
import type { VrrpInstance } from "../model/vrrp.ts";
import type { VrrpSyncGroup } from "../model/vrrp-complete.ts";
import type { VrrpLoop } from "../native/contract.ts";
import { groupRole, sharedFaults } from "../vrrp/group.ts";
import type { RunningInstance } from "./vrrp-instance.ts";
import { requiredInterfaces } from "./vrrp-network.ts";
import type { RunningRouter } from "./vrrp-orders.ts";
import type { VrrpRuntimeDependencies, VrrpStateChange, VrrpStateName } from "./vrrp-types.ts";
import { renderGroupChange } from "./vrrp-wording.ts";

export type SyncGroup = Pick<VrrpSyncGroup, "name" | "members" | "trackedInterfaces">;

type Told = VrrpStateChange["to"];

/**
 * A sync group at work. The loop moves its members together when the network calls for it; here they
 * share their faults, and the group's state is told.
 */
export class RunningGroup {
  readonly config: SyncGroup;
  readonly members: readonly RunningInstance[];
  readonly #dependencies: VrrpRuntimeDependencies;
  #told: VrrpStateName | "stop" | "deleted" = "initialize";
  readonly #members = new Map<RunningInstance, Told>();
  #isComplete = true;

  constructor(
    config: SyncGroup,
    members: readonly RunningInstance[],
    before: RunningGroup | null,
    dependencies: VrrpRuntimeDependencies,
  ) {
    this.config = config;
    this.members = members;
    this.#dependencies = dependencies;
    if (before === null) return;
    this.#told = before.#told;
    for (const member of members) {
      const told = before.#members.get(member);
      if (told !== undefined) this.#members.set(member, told);
    }
  }

  /** keepalived: one member at fault, all at fault; out of it when the last fault is gone. */
  shareFaults(atUs: Microseconds): void {
    const shared = sharedFaults(this.members.map(({ book }) => book.state));
    for (const [index, member] of this.members.entries()) member.shareFault(shared[index] ?? null, atUs);
  }

  /**
   * keepalived: the first state of all is told before that of the members, and has a line only when it had to wait.
   * @param isLate it had to wait for what its members track
   */
  memberMoves(to: Told, isLate: boolean, atUs: Microseconds): void {
    if (this.#told !== "initialize") return;
    this.#told = to;
    if (isLate) this.#log(to);
    this.#tell(atUs);
  }

  /** The first member that moves gives the group its state, the last one completes it. */
  memberMoved(member: RunningInstance, to: Told, atUs: Microseconds): void {
    this.#members.set(member, to);
    if (to !== this.#told) {
      this.#told = to;
      this.#isComplete = false;
      this.#log(to);
    }
    if (this.#isComplete || this.members.some((other) => this.#members.get(other) !== to)) return;
    this.#tell(atUs);
  }

  #log(to: Told): void {
    const record = renderGroupChange(this.config.name, to);
    if (record !== null) this.#dependencies.log(record);
  }

  #tell(atUs: Microseconds): void {
    this.#isComplete = true;
    if (this.#told === "initialize") return;
    this.#dependencies.onGroupChange({ group: this.config.name, to: this.#told, atUs });
  }
}

/** The sync groups of the configuration in force. */
export class RunningGroups {
  readonly #dependencies: VrrpRuntimeDependencies;
  #groups: readonly RunningGroup[] = [];

  constructor(dependencies: VrrpRuntimeDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Replaces the groups; one of the same name goes on with what it has told.
   * @param configs of the instances, in their order; their names may be new
   */
  form(
    instances: readonly RunningInstance[],
    configs: readonly VrrpInstance[],
    groups: readonly SyncGroup[],
    loop: VrrpLoop,
  ): void {
    const byName = new Map(instances.map((instance, index) => [configs[index]?.name, instance]));
    const before = new Map(this.#groups.map((group) => [group.config.name, group]));
    this.#groups = groups.map((config) => {
      const members = config.members.flatMap((name) => byName.get(name) ?? []);
      return new RunningGroup(config, members, before.get(config.name) ?? null, this.#dependencies);
    });
    for (const instance of instances) {
      instance.group = this.#groups.find(({ members }) => members.includes(instance)) ?? null;
      if (instance.group !== null) continue;
      loop.setGroup([instance.book.instance]);
      instance.shareFault(null, this.#dependencies.clock.nowUs());
    }
    for (const { members } of this.#groups) loop.setGroup(members.map(({ book }) => book.instance));
  }

  shareFaults(): void {
    for (const group of this.#groups) group.shareFaults(this.#dependencies.clock.nowUs());
  }
}

/** Each instance with its role in its sync group and the interfaces that the group has it track. */
export function withRoles(configs: readonly VrrpInstance[], groups: readonly SyncGroup[]): readonly RunningRouter[] {
  const byName = new Map(configs.map((config) => [config.name, config]));
  const grouped = new Map(
    groups.flatMap((group) => {
      const members = group.members.flatMap((member) => byName.get(member) ?? []);
      const role = groupRole(group.name, members);
      return members.map((config) => {
        const tracking = { ...config, trackedInterfaces: trackedWith(config, group) };
        return [config.name, members.length > 1 ? { ...tracking, group: role } : tracking] as const;
      });
    }),
  );
  return configs.map((config) => grouped.get(config.name) ?? config);
}

/** keepalived: an interface whose loss is a fault of the instance stays one; otherwise the group's word counts, not the instance's. */
function trackedWith(config: VrrpInstance, group: SyncGroup): VrrpInstance["trackedInterfaces"] {
  const required = new Set(requiredInterfaces(config));
  const ofGroup = group.trackedInterfaces.filter(({ name }) => !required.has(name));
  const overruled = new Set(ofGroup.map(({ name }) => name));
  return [...config.trackedInterfaces.filter(({ name }) => !overruled.has(name)), ...ofGroup];
}

/** keepalived: an instance, and with it its group, waits for the scripts that decide about a fault. */
export function isHeldBack(instance: RunningInstance): boolean {
  return instance.isPending || instance.group?.members.some(({ isPending }) => isPending) === true;
}

/** A sync group adopts as a whole. */
export function adoptersAmong(instances: readonly RunningInstance[]): readonly RunningInstance[] {
  return instances.filter((one) => (one.group?.members ?? [one]).every((member) => member.canAdopt));
}
