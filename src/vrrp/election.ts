import type { AddressFamily } from "../model/units.ts";
import type { AdvertFacts } from "../native/contract.ts";
import type { AdvertClass } from "./types.ts";

/**
 * How an advert compares with us: priority first, then the sender's address as a number.
 * @see RFC 9568 §6.4.3
 */
export function classifyAdvert(
  own: { readonly priority: number; readonly address: string; readonly family: AddressFamily },
  advert: AdvertFacts,
): AdvertClass {
  if (advert.priority === 0) return "priority-zero";
  if (advert.priority > own.priority) return "higher-priority";
  if (advert.priority < own.priority) return "lower-priority";
  const order = compareAddresses(own.family, advert.source, own.address);
  if (order === 0) return "equal-priority-own-address";
  return order > 0 ? "equal-priority-higher-address" : "equal-priority-lower-address";
}

/** @returns negative, 0 or positive, as network-order numbers compare */
export function compareAddresses(family: AddressFamily, left: string, right: string): number {
  const a = groupsOf(family, left);
  const b = groupsOf(family, right);
  for (const [index, group] of a.entries()) {
    const difference = group - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function groupsOf(family: AddressFamily, address: string): readonly number[] {
  if (family === "inet") return address.split(".").map(Number);
  const [head = "", tail] = address.split("::");
  const first = hexGroups(head);
  if (tail === undefined) return first;
  const last = hexGroups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return [...first, ...zeros, ...last];
}

function hexGroups(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
