import { describeGlobals, type ExplainedKeyword } from "../config/explain/explain.ts";
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

/** Keywords of `global_defs` that a reload gives another value, with both: `vrrp_garp_master_delay: 5 becomes 3`. */
export function describeGlobalChanges(before: CompleteConfiguration, after: CompleteConfiguration): readonly string[] {
  const old = new Map(describeGlobals(before).keywords.map((one) => [one.keyword.name, one]));
  return describeGlobals(after).keywords.flatMap((now) => {
    const was = old.get(now.keyword.name);
    return was === undefined || isSameModel(was.value, now.value) ? [] : [changeText(was, now)];
  });
}
