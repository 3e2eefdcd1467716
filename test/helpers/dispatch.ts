import type { VrrpEvent } from "../../src/native/contract.ts";
import type { OrderBook } from "../../src/runtime/vrrp-orders.ts";

/** Hands an event of the loop to the only instance there is. */
export function dispatch(book: OrderBook, event: VrrpEvent): void {
  if (event.kind === "overrun") book.probe(event.atUs);
  else book.take(event);
}
