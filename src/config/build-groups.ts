import type { GarpGroup, InterfaceDelay, StaticTrackGroup, VrrpSyncGroup } from "../model/vrrp-complete.ts";
import { readNotifyScripts } from "./build-command.ts";
import type { BuiltGlobals } from "./build-global.ts";
import { buildTracked, buildTrackedInterfaces, type Trackables } from "./build-tracking.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readDecimal } from "./values.ts";

/** keepalived: the first list counts. */
function membersOf(settings: Settings, { reporter }: BuildContext): readonly string[] {
  const [first, ...others] = settings.all("group");
  for (const { statement } of others) {
    reporter.add("duplicate", "a list of members is given already; the first one counts", placeOf(statement));
  }
  const members = first?.lines.flatMap((line) => line.words) ?? [];
  if (first !== undefined && members.length === 0)
    reporter.add("sync-group", "the list of members is empty", endOf(first));
  return members;
}

/** A sync group before its members are looked up. */
export type UnresolvedSyncGroup = VrrpSyncGroup & { readonly ownPriorityChanges: boolean | null };

export function buildSyncGroup(
  entry: Entry,
  globals: BuiltGlobals,
  trackables: Trackables,
  context: BuildContext,
): UnresolvedSyncGroup {
  const settings = new Settings(entry.entries, context.reporter);
  const tracking = { ownInterface: null, allowsMissing: globals.allowsMissingInterfaces };
  return {
    name: entry.statement.words[1] ?? "",
    members: membersOf(settings, context),
    trackedInterfaces: buildTrackedInterfaces(settings, tracking, context),
    tracked: buildTracked(settings, trackables, context),
    keepsTrackingWeights: settings.has("sync_group_tracking_weight") || settings.has("global_tracking"),
    sendsMail: settings.boolean("smtp_alert") ?? globals.mail.alertsForVrrp ?? globals.mail.alertsByDefault ?? false,
    ownPriorityChanges: settings.boolean("notify_priority_changes"),
    notifiesPriorityChanges: settings.boolean("notify_priority_changes") ?? globals.vrrp.notifiesPriorityChanges,
    notify: readNotifyScripts(settings, context),
    place: placeOf(entry.statement),
  };
}

export function buildStaticTrackGroup(entry: Entry, context: BuildContext): StaticTrackGroup {
  const settings = new Settings(entry.entries, context.reporter);
  return {
    name: entry.statement.words[1] ?? "",
    instances: membersOf(settings, context),
    place: placeOf(entry.statement),
  };
}

const LONG_INTERVAL_US = 1_000_000;

/** @returns null for a group without an interval; interfaces of earlier groups are left out */
export function buildGarpGroup(
  entry: Entry,
  taken: Set<string>,
  globals: Pick<BuiltGlobals, "allowsMissingInterfaces">,
  context: BuildContext,
): GarpGroup | null {
  const settings = new Settings(entry.entries, context.reporter);
  const place = placeOf(entry.statement);
  const garpIntervalUs = settings.number("garp_interval");
  const gnaIntervalUs = settings.number("gna_interval");
  for (const name of ["garp_interval", "gna_interval"]) {
    if ((settings.number(name) ?? 0) >= LONG_INTERVAL_US) {
      context.reporter.add("advice", `${name} of a second or more delays failover`, settings.place(name));
    }
  }
  if (settings.has("interface") && settings.has("interfaces")) {
    const list = settings.entry("interfaces") ?? entry;
    context.reporter.add("duplicate", "garp_group takes interface or interfaces, not both", endOf(list));
  }
  const missing = globals.allowsMissingInterfaces ? "bad-value" : "missing-interface";
  const interfaces = readGarpInterfaces(settings, taken, missing, context);
  if (garpIntervalUs === null && gnaIntervalUs === null) {
    context.reporter.add("bad-value", "garp_group without garp_interval and gna_interval is left out", endOf(entry));
    return null;
  }
  return { interfaces, garpIntervalUs, gnaIntervalUs, place };
}

function readGarpInterfaces(
  settings: Settings,
  taken: Set<string>,
  missing: "bad-value" | "missing-interface",
  context: BuildContext,
): readonly string[] {
  const interfaces: string[] = [];
  const add = (name: string, statement: Entry["statement"], index: number): void => {
    if (context.host.interfaces?.has(name) === false) {
      context.reporter.add(missing, `there is no interface ${name}`, placeOf(statement, index));
    }
    if (!taken.has(name)) {
      interfaces.push(name);
      taken.add(name);
      return;
    }
    context.reporter.add("duplicate", `${name} is in a garp_group already`, placeOf(statement, index));
  };
  for (const { statement } of settings.all("interface")) add(statement.words[1] ?? "", statement, 1);
  for (const line of settings.all("interfaces").flatMap((block) => block.lines)) {
    line.words.forEach((name, index) => {
      add(name, line, index);
    });
  }
  return interfaces;
}

const LONGEST_DELAY_US = 255_000_000;

export function buildInterfaceDelays(
  root: Settings,
  globals: BuiltGlobals,
  context: BuildContext,
): readonly InterfaceDelay[] {
  const delays: InterfaceDelay[] = [];
  for (const line of root.all("interface_up_down_delays").flatMap((block) => block.lines)) {
    const [name = "", down = "0", up = "0"] = line.words;
    const { interfaces } = context.host;
    if (interfaces !== null && !interfaces.has(name) && !globals.allowsMissingInterfaces) {
      context.reporter.add("missing-interface-optional", `there is no interface ${name}`, placeOf(line));
      continue;
    }
    const downDelayUs = readDecimal(down, 6).value;
    const upDelayUs = readDecimal(up, 6).value;
    const isUsable = [downDelayUs, upDelayUs].every((us) => us !== null && us >= 0 && us <= LONGEST_DELAY_US);
    if (downDelayUs !== null && upDelayUs !== null && isUsable) delays.push({ name, downDelayUs, upDelayUs });
    else context.reporter.add("bad-number", "a delay is a number of seconds from 0 to 255", placeOf(line, 1));
  }
  return delays;
}
