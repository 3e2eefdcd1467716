import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { renderConformance } from "../../helpers/conformance.ts";

const PAGE = join("docs", "conformance.md");

it("docs/conformance.md says what the tests say", () => {
  const page = renderConformance();
  if (process.env["HOLDFAST_WRITE"] === "1") writeFileSync(PAGE, page);
  assert.equal(readFileSync(PAGE, "utf8"), page);
});
