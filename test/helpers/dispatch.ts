import type { VrrpEvent } from "../../src/native/contract.ts";
import type { OrderBook } from "../../src/runtime/vrrp-orders.ts";

/** Hands an event of the loop to the book of its instance. */
export function dispatch(book: OrderBook, event: VrrpEvent): void {
  switch (event.kind) {
    case "ran":
      book.ran(event, event.epoch);
      break;
    case "heard":
      book.heard(event);
      break;
    case "happened":
      book.happened(event);
      break;
    case "accepted":
      book.accepted(event.order, event.atUs);
      break;
    case "refused":
      book.refused(event.order, event, event.atUs);
      break;
    case "overrun":
      book.probe(event.atUs);
      break;
    default:
      break;
  }
}
