import { ERRORS } from "./answer.ts";
import type { Outgoing, Request } from "./codec.ts";
import type { Oid } from "./oid.ts";
import type { Absence, SnmpValue, VarBind } from "./values.ts";

/** An object that can be set. */
export interface Writable {
  /** @returns the error of RFC 3416 for a value that it can't have, `ERRORS.none` for others */
  readonly test: (value: SnmpValue | Absence) => number;
  /** @returns what takes it back; null when it could not be set */
  readonly write: (value: SnmpValue | Absence) => (() => void) | null;
}

/** Null: the object can't be set. */
export type FindWritable = (oid: Oid) => Writable | null;

type SetRequest = Request & { readonly type: "test-set" | "commit-set" | "undo-set" | "cleanup-set" };

interface Change {
  readonly writable: Writable;
  readonly value: VarBind["value"];
}

interface Transaction {
  readonly changes: readonly Change[];
  /** What has been written, last first. */
  readonly undo: readonly (() => void)[];
}

/** A master has one at a time; what it forgets does not pile up. */
const MOST_OPEN = 16;

export function isSetRequest(request: Request): request is SetRequest {
  return ["test-set", "commit-set", "undo-set", "cleanup-set"].includes(request.type);
}

/**
 * Sets of one session: tested first, then carried out all or none.
 * @see RFC 2741 §7.2.4
 */
export class SetTransactions {
  #open = new Map<number, Transaction>();

  /** @returns null where the protocol wants no answer */
  take(request: SetRequest, sessionId: number, find: FindWritable): Outgoing | null {
    if (request.type === "cleanup-set") {
      this.#open.delete(request.transactionId);
      return null;
    }
    if (request.sessionId !== sessionId) return respond(request, ERRORS.notOpen);
    if (request.hasContext) return respond(request, ERRORS.unsupportedContext);
    switch (request.type) {
      case "test-set":
        return this.#test(request, find);
      case "commit-set":
        return this.#commit(request);
      case "undo-set":
        return this.#undo(request);
    }
  }

  #test(request: SetRequest & { readonly type: "test-set" }, find: FindWritable): Outgoing {
    const changes: Change[] = [];
    for (const [at, { oid, value }] of request.varBinds.entries()) {
      const writable = find(oid);
      const error = writable === null ? ERRORS.notWritable : writable.test(value);
      if (writable === null || error !== ERRORS.none) return respond(request, error, at + 1);
      changes.push({ writable, value });
    }
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MOST_OPEN && oldest !== undefined) this.#open.delete(oldest);
    this.#open.set(request.transactionId, { changes, undo: [] });
    return respond(request, ERRORS.none);
  }

  #commit(request: SetRequest): Outgoing {
    const { changes = null } = this.#open.get(request.transactionId) ?? {};
    if (changes === null) return respond(request, ERRORS.commitFailed, 1);
    const undo: (() => void)[] = [];
    for (const [at, { writable, value }] of changes.entries()) {
      const takeBack = writable.write(value);
      if (takeBack !== null) undo.unshift(takeBack);
      this.#open.set(request.transactionId, { changes, undo });
      if (takeBack === null) return respond(request, ERRORS.commitFailed, at + 1);
    }
    return respond(request, ERRORS.none);
  }

  #undo(request: SetRequest): Outgoing {
    const transaction = this.#open.get(request.transactionId);
    for (const takeBack of transaction?.undo ?? []) takeBack();
    this.#open.delete(request.transactionId);
    return respond(request, transaction === undefined ? ERRORS.undoFailed : ERRORS.none);
  }
}

function respond(request: SetRequest, error: number, index = 0): Outgoing {
  const { sessionId, transactionId, packetId } = request;
  return { sessionId, transactionId, packetId, type: "response", error, index, varBinds: [] };
}
