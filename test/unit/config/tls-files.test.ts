import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `SSL {
  ca /tls/ca.pem
  certificate /tls/client.pem
  key /tls/client.key
}
`;

test("files of the SSL block that can't be read are named with their place, and refuse no start", () => {
  const found = loadWhole(TEXT, {}, { readFile: readOnly("/test.conf", "/tls/client.pem") });
  assert.equal(found.startRefusal, null);
  assert.deepEqual(
    found.diagnostics.map(({ severity, message, place }) => [severity, message, place?.line]),
    [
      ["error", "ca /tls/ca.pem is not there: SSL_GET does without it", 2],
      ["error", "key /tls/client.key is not there: every SSL_GET fails", 4],
    ],
  );
});

test("a folder in the place of a key is no readable file", () => {
  const found = loadWhole(
    "SSL {\n key /tls\n}\n",
    {},
    {
      readFile: (path) => (path === "/tls" ? { kind: "not-regular" } : { kind: "text", text: "SSL {\n key /tls\n}\n" }),
    },
  );
  assert.deepEqual(
    found.diagnostics.map(({ message }) => message),
    ["key /tls is no readable file: every SSL_GET fails"],
  );
});

/** A machine with these files, the first of which holds the configuration. */
function readOnly(...paths: readonly string[]): (path: string) => { kind: "text"; text: string } | { kind: "missing" } {
  return (path) => (paths.includes(path) ? { kind: "text", text: path === paths[0] ? TEXT : "" } : { kind: "missing" });
}
