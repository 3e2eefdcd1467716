import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** One test's outcome, as a line that the host understands. */
export interface GuestResult {
  readonly name: string;
  readonly isPassed: boolean;
  readonly isSkipped: boolean;
  /** Why it failed or was skipped; else empty. */
  readonly detail: string;
}

export const RESULT_MARK = "@result ";

/** The runner wraps what a test threw; the wrapper says which kind of failure it was. */
function isOfSubtests(error: Error): boolean {
  return "failureType" in error && error.failureType === "subtestsFailed";
}

function resultOf(event: TestEvent): GuestResult | null {
  switch (event.type) {
    case "test:pass": {
      const { details, name, skip } = event.data;
      if (details.type === "suite") return null;
      const isSkipped = skip !== undefined && skip !== false;
      return { name, isPassed: true, isSkipped, detail: isSkipped ? String(skip) : "" };
    }
    case "test:fail": {
      const { details, name } = event.data;
      // A suite counts by its tests; one that fails by itself is told.
      if (isOfSubtests(details.error)) return null;
      return { name, isPassed: false, isSkipped: false, detail: inspect(details.error.cause ?? details.error) };
    }
    default:
      return null;
  }
}

/** A reporter for `node --test-reporter`. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const result = resultOf(event);
    if (result !== null) yield `${RESULT_MARK}${JSON.stringify(result)}\n`;
  }
}
