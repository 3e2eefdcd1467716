import type { VrrpOrder, VrrpOrderStore, VrrpWish } from "../runtime/vrrp-operator.ts";
import { type Fields, fieldsOf, listOf, momentIn, numberIn, stateFileOf, textIn } from "./state-fields.ts";
import { readStateFile, removeStateFile, writeStateFile } from "./state-file.ts";

const HIGHEST_PRIORITY = 254;

function wishFrom(fields: Fields): VrrpWish {
  if (fields["kind"] === "hold") return { kind: "hold" };
  const priority = numberIn(fields, "priority");
  const isPriority = Number.isInteger(priority) && priority >= 1 && priority <= HIGHEST_PRIORITY;
  if (fields["kind"] !== "priority" || !isPriority) throw new Error("unknown wish");
  return { kind: "priority", priority };
}

function orderFrom(value: unknown): VrrpOrder {
  const fields = fieldsOf(value);
  return {
    instance: textIn(fields, "instance"),
    wish: wishFrom(fieldsOf(fields["wish"])),
    owner: textIn(fields, "owner"),
    reason: textIn(fields, "reason"),
    sinceMs: numberIn(fields, "sinceMs"),
    expiresMs: momentIn(fields, "expiresMs"),
  };
}

/** @throws Error */
export function decodeOrders(text: string): readonly VrrpOrder[] {
  return listOf(text, "orders").map(orderFrom);
}

export function encodeOrders(orders: readonly VrrpOrder[]): string {
  return stateFileOf("orders", orders);
}

/** A file that only this user can have written. */
export function orderStore(path: string): VrrpOrderStore {
  return {
    load: () => {
      const text = readStateFile(path);
      return text === null ? [] : decodeOrders(text);
    },
    save: (orders) => {
      if (orders.length === 0) removeStateFile(path);
      else writeStateFile(path, encodeOrders(orders));
    },
  };
}
