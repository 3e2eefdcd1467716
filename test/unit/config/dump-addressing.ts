import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule, Prefix } from "../../../src/model/addressing.ts";

const SCOPES: ReadonlyMap<number, string> = new Map([
  [0, "global"],
  [200, "site"],
  [253, "link"],
  [254, "host"],
]);

/** As the peer prints it. @param device where none is given */
export function addressText(item: ConfiguredAddress, device: string): string {
  const bits = item.family === "inet" ? 32 : 128;
  const isHost = item.prefixLength === bits;
  const lifetime = item.family === "inet" ? null : item.preferredLifetime;
  const isDeprecated = item.family === "inet6" && (lifetime === 0 || (isHost && lifetime === null));
  const { flags } = item;
  return [
    item.address + (isHost || item.peer !== null ? "" : `/${item.prefixLength}`),
    ...(item.broadcast === null ? [] : [`brd ${item.broadcast}`]),
    `dev ${device}${item.usesVmac ? " use_vmac" : ""}`,
    `scope ${SCOPES.get(item.scope) ?? item.scope}`,
    ...(item.label === null ? [] : [`label ${item.label}`]),
    ...(item.peer === null ? [] : [`peer ${item.peer}/${item.prefixLength}`]),
    ...(flags.isHome ? ["home"] : []),
    ...(flags.detectsDuplicates ? ["-nodad"] : []),
    ...(flags.managesTemporary ? ["mngtmpaddr"] : []),
    ...(flags.hasNoPrefixRoute ? ["noprefixroute"] : []),
    ...(flags.joinsMulticast ? ["autojoin"] : []),
    ...(isDeprecated ? ["deprecated"] : []),
    ...(lifetime === null || lifetime === 0
      ? item.family === "inet6" && !isHost
        ? ["preferred_lft forever"]
        : []
      : [`preferred_lft ${lifetime}`]),
    ...(item.isTracked ? [] : ["no_track"]),
    ...(item.trackGroup === null ? [] : [`track_group ${item.trackGroup}`]),
  ].join(" ");
}

function prefixText(prefix: Prefix | null, family: "inet" | "inet6", isBareHost: boolean): string {
  if (prefix === null) return family === "inet" ? "0.0.0.0/0" : "::/0";
  const bits = prefix.family === "inet" ? 32 : 128;
  return isBareHost && prefix.prefixLength === bits ? prefix.address : `${prefix.address}/${prefix.prefixLength}`;
}

const METRIC_ORDER =
  "rtt rttvar rto_min features mtu window ssthresh cwnd advmss reordering hoplimit initcwnd initrwnd quickack congctl fastopen_no_cookie".split(
    " ",
  );

function metricTexts(route: ConfiguredRoute): readonly string[] {
  return METRIC_ORDER.flatMap((name) => {
    const metric = route.metrics.find((candidate) => candidate.name === name);
    if (metric === undefined) return [];
    const isDuration = name === "rtt" || name === "rttvar" || name === "rto_min";
    const ms = Number(metric.value);
    const value = isDuration ? (ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`) : metric.value;
    return [`${name} ${metric.isLocked ? "lock " : ""}${value}`];
  });
}

/** As the peer prints it. */
export function routeText(route: ConfiguredRoute): string {
  const { gateway } = route;
  return [
    route.insertion,
    ...(route.type === "unicast" ? [] : [route.type]),
    prefixText(route.destination, route.family, true),
    ...(route.sourcePrefix === null ? [] : [`from ${prefixText(route.sourcePrefix, route.family, true)}`]),
    ...(route.preferredSource === null ? [] : [`src ${route.preferredSource}`]),
    ...(gateway === null ? [] : [`via ${gateway.family} ${gateway.address}`]),
    ...(route.tos === 0 ? [] : [`tos ${route.tos}`]),
    ...(route.interfaceName === null ? [] : [`dev ${route.interfaceName}`]),
    ...(route.table === 254 ? [] : [`table ${route.table}`]),
    `proto ${route.protocol}`,
    ...(route.scope === null ? [] : [`scope ${route.scope}`]),
    ...(route.metric === null ? [] : [`metric ${route.metric}`]),
    ...(route.isOnLink ? ["onlink"] : []),
    ...(route.realms === null ? [] : [`realm ${route.realms}`]),
    ...metricTexts(route),
    ...(route.propagatesTtl === null ? [] : [`ttl-propagate ${route.propagatesTtl ? "enabled" : "disabled"}`]),
    ...route.nextHops.map((hop) =>
      [
        "nexthop",
        ...(hop.gateway === null ? [] : [`via ${hop.gateway.family} ${hop.gateway.address}`]),
        ...(hop.interfaceName === null ? [] : [`dev ${hop.interfaceName}`]),
        `weight ${hop.weight}`,
        ...(hop.isOnLink ? ["onlink"] : []),
      ].join(" "),
    ),
    ...(route.isTracked ? [] : ["no_track"]),
  ].join(" ");
}

/** As the peer prints it. */
export function ruleText(rule: ConfiguredRule): string {
  const { fwmark, realms, action } = rule;
  const table =
    action.kind === "table"
      ? `lookup ${action.table}`
      : action.kind === "goto"
        ? `goto ${action.priority}`
        : action.kind;
  const isFromShown = rule.source !== null || rule.destination !== null;
  return [
    ...(isFromShown ? [`from ${prefixText(rule.source, rule.family, true)}`] : []),
    ...(rule.destination === null ? [] : [`to ${prefixText(rule.destination, rule.family, true)}`]),
    `priority ${rule.priority}`,
    `tos 0x${rule.tos.toString(16)}`,
    ...(fwmark === null
      ? []
      : [`fwmark 0x${fwmark.mark.toString(16)}${fwmark.mask === null ? "" : `/0x${fwmark.mask.toString(16)}`}`]),
    ...(rule.inputInterface === null ? [] : [`iif ${rule.inputInterface}`]),
    ...(rule.outputInterface === null ? [] : [`oif ${rule.outputInterface}`]),
    ...(rule.suppressPrefixLength === null ? [] : [`suppress_prefixlen ${rule.suppressPrefixLength}`]),
    ...(rule.tunnelId === null ? [] : [`tunnel-id ${rule.tunnelId}`]),
    ...(rule.uidRange === null ? [] : [`uidrange ${rule.uidRange.join("-")}`]),
    ...(rule.usesL3mdev ? ["l3mdev"] : []),
    `protocol ${rule.protocol}`,
    ...(realms === null ? [] : [`realms ${Math.floor(realms / 65536)}/${realms % 65536}`]),
    table,
    ...(rule.isTracked ? [] : ["no_track"]),
  ].join(" ");
}
