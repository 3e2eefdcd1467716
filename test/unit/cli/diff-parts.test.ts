import assert from "node:assert/strict";
import { test } from "node:test";
import { describeParts } from "../../../src/cli/diff-parts.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";

function load(text: string): CompleteConfiguration {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } })).configuration;
}

const TEXT = `bfd_instance uplink {
  neighbor_ip 192.168.1.1
}
track_file load {
  file /tmp/load
}
static_routes {
  10.9.0.0/16 via 192.168.1.1 dev eth0
}
`;

test("a reload that touches neither instances nor servers is told as well", () => {
  assert.deepEqual(describeParts(load(TEXT), load(`# moved\n${TEXT}`)), []);
  const after = TEXT.replace("192.168.1.1\n}", "192.168.1.2\n}")
    .replace(/track_file[^}]*\}/, "")
    .replace("10.9", "10.8");
  assert.deepEqual(describeParts(load(TEXT), load(after)), [
    "track_file load: is removed",
    "static route 10.9.0.0/16 via 192.168.1.1 dev eth0 table 254 protocol 18 prepend: is removed",
    "bfd_instance uplink: changes",
    "static route 10.8.0.0/16 via 192.168.1.1 dev eth0 table 254 protocol 18 prepend: is added",
  ]);
});
