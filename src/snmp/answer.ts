import type { Outgoing, Request, SearchRange } from "./codec.ts";
import type { MibNode } from "./mib.ts";
import { compareOids } from "./oid.ts";
import type { VarBind } from "./values.ts";

/** Errors of RFC 3416 §3 and RFC 2741 §6.2.16. */
export const ERRORS = {
  general: 5,
  none: 0,
  wrongType: 7,
  wrongValue: 10,
  commitFailed: 14,
  undoFailed: 15,
  notWritable: 17,
  notOpen: 257,
  unsupportedContext: 262,
};

/** A master takes fewer repetitions than it asked for. */
const MOST_VARIABLES = 512;

function findNext(view: MibNode, { start, isInclusive, end }: SearchRange): VarBind {
  const found = view.next(start, isInclusive);
  const isPast = found === null || (end.length > 0 && compareOids(found.oid, end) >= 0);
  return isPast ? { oid: start, value: { kind: "end-of-view" } } : found;
}

function answerBulk(view: MibNode, request: Request & { readonly type: "get-bulk" }): readonly VarBind[] {
  const { ranges, nonRepeaters, maxRepetitions } = request;
  const answers = ranges.slice(0, nonRepeaters).map((range) => findNext(view, range));
  let repeaters = ranges.slice(nonRepeaters);
  for (let turn = 0; turn < maxRepetitions && repeaters.length > 0; turn += 1) {
    if (answers.length + repeaters.length > MOST_VARIABLES && turn > 0) break;
    const found = repeaters.map((range) => findNext(view, range));
    answers.push(...found);
    if (found.every(({ value }) => value.kind === "end-of-view")) break;
    repeaters = repeaters.map((range, at) => ({ ...range, start: found[at]?.oid ?? range.start, isInclusive: false }));
  }
  return answers;
}

function answerWith(request: Request, error: number, varBinds: readonly VarBind[] = []): Outgoing {
  const { sessionId, transactionId, packetId } = request;
  const index = error === ERRORS.none || error >= ERRORS.notOpen ? 0 : 1;
  return { sessionId, transactionId, packetId, type: "response", error, index, varBinds };
}

/** What could not be looked up. */
export function failure(request: Request): Outgoing {
  return answerWith(request, ERRORS.general);
}

/** Requests that only look. */
export type ReadRequest = Request & { readonly type: "get" | "get-next" | "get-bulk" };

export function answer(request: ReadRequest, sessionId: number, view: MibNode): Outgoing {
  if (request.sessionId !== sessionId) return answerWith(request, ERRORS.notOpen);
  if (request.hasContext) return answerWith(request, ERRORS.unsupportedContext);
  switch (request.type) {
    case "get":
      return answerWith(
        request,
        ERRORS.none,
        request.ranges.map(({ start }) => ({ oid: start, value: view.get(start) })),
      );
    case "get-next":
      return answerWith(
        request,
        ERRORS.none,
        request.ranges.map((range) => findNext(view, range)),
      );
    case "get-bulk":
      return answerWith(request, ERRORS.none, answerBulk(view, { ...request, type: "get-bulk" }));
  }
}
