import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { renderDiagnostic } from "../../../src/config/render-diagnostic.ts";

/** What `holdfast check` says about a text, without excerpts. */
function complaints(text: string): readonly string[] {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { diagnostics } = loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } }));
  return diagnostics.map((one) => renderDiagnostic(one, new Map()));
}

const SLIPS: readonly (readonly [title: string, text: string, told: string])[] = [
  [
    "a list of addresses that is not closed is named where the next block begins",
    "static_ipaddress {\n10.0.0.1 dev lo\ntrack_file f {\nfile /x\n}\n}\n",
    '/a.conf:3:1: error: no block begins here; the "{" is ignored; is a "}" missing in "static_ipaddress" at /a.conf:1:1? [unexpected-open-brace]',
  ],
  [
    "a no-break space is named, since nobody can see it",
    "\u00a0\nglobal_defs {\n}\n",
    "/a.conf:1:1: error: Unknown keyword '\u00a0'; it holds the invisible character U+00A0, which copying from a web page leaves: replace it with a blank [unknown-keyword]",
  ],
  [
    "control characters of a file do not reach the terminal",
    "global_defs {\n\u001b]0;title\u0007\u009b31m 3\n}\n",
    "/a.conf:2:1: error: Unknown keyword '?]0;title??31m' in global_defs [unknown-keyword]",
  ],
];
test("scripts without script security are told where one is", () => {
  const [told] = complaints("vrrp_script s {\n script /bin/true\n}\n");
  assert.match(told ?? "", /^\/a\.conf:2:\d+: warning: this script, .*enable_script_security.* \[script-security\]$/);
});

for (const [title, text, told] of SLIPS) {
  test(title, () => assert.ok(complaints(text).includes(told), complaints(text).join("\n")));
}
