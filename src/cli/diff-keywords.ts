import {
  describeGlobals,
  describeInstance,
  describeVirtualServer,
  type ExplainedKeyword,
  type ExplainedObject,
} from "../config/explain/explain.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import { isSameModel } from "../model/equality.ts";

/** Of longer lists only the length is told. */
const MOST_WORDS = 40;

function valueText({ value, isSecret }: ExplainedKeyword): string {
  if (value === null || value === "") return "not set";
  if (isSecret) return "a secret";
  if (typeof value === "boolean") return value ? "on" : "off";
  const text = typeof value === "object" ? value.join(", ") : String(value);
  if (typeof value !== "object" || text.length <= MOST_WORDS) return text || "empty";
  return `${value.length} entries`;
}

function changeText(before: ExplainedKeyword, after: ExplainedKeyword): string {
  const [old, now] = [valueText(before), valueText(after)];
  return old === now ? `${after.keyword.name} changes` : `${after.keyword.name}: ${old} becomes ${now}`;
}

/** A keyword that a reload gives another value. */
export interface KeywordChange {
  readonly keyword: string;
  /** With both values: `vrrp_garp_master_delay: 5 becomes 3`. */
  readonly text: string;
}

function changesBetween(before: ExplainedObject, after: ExplainedObject): readonly KeywordChange[] {
  const old = new Map(before.keywords.map((one) => [one.keyword.name, one]));
  const own = after.keywords.flatMap((now) => {
    const was = old.get(now.keyword.name);
    const isSame = was === undefined || isSameModel(was.value, now.value);
    return isSame ? [] : [{ keyword: now.keyword.name, text: changeText(was, now) }];
  });
  return [...own, ...blockChanges(before.objects, after.objects)];
}

/** Blocks that come or go are named as a whole, those that stay by their keywords. */
function blockChanges(before: readonly ExplainedObject[], after: readonly ExplainedObject[]): readonly KeywordChange[] {
  const kinds = new Set([...before, ...after].map(({ kind }) => kind));
  return [...kinds].flatMap((kind) => {
    const old = before.filter((one) => one.kind === kind);
    const now = after.filter((one) => one.kind === kind);
    if (old.length === now.length) return now.flatMap((one, at) => changesBetween(old[at] ?? one, one));
    const change = old.length === 0 ? "is added" : now.length === 0 ? "is removed" : "changes";
    return [{ keyword: kind, text: `${kind} ${change}` }];
  });
}

/** Keywords of `global_defs`. */
export function describeGlobalChanges(before: CompleteConfiguration, after: CompleteConfiguration): readonly string[] {
  return changesBetween(describeGlobals(before), describeGlobals(after)).map(({ text }) => text);
}

/** Keywords of what both configurations have: an instance with its blocks, or a virtual server without its real servers. */
export type KeywordChanges = (before: object, after: object) => readonly KeywordChange[];

export function keywordChanges(before: CompleteConfiguration, after: CompleteConfiguration): KeywordChanges {
  const explained = (configuration: CompleteConfiguration, object: object): ExplainedObject | null => {
    const instance = configuration.vrrpInstances.find((one) => one === object);
    if (instance !== undefined) return describeInstance(configuration, instance);
    const server = configuration.virtualServers.find((one) => one === object);
    return server === undefined ? null : { ...describeVirtualServer(configuration, server), objects: [] };
  };
  return (old, now) => {
    const [was, is] = [explained(before, old), explained(after, now)];
    return was === null || is === null ? [] : changesBetween(was, is);
  };
}
