import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScopedAddress } from "../../../src/config/address.ts";
import { sessionSettings } from "../../../src/runtime/bfd-runtime.ts";
import { loadText } from "../../helpers/load-text.ts";

test("only a link-local address has an interface", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["FE80::0:1%eth0", "fe80::1%eth0"],
    ["febf::1%a.b", "febf::1%a.b"],
    ["fe80::1", "fe80::1"],
    ["10.0.0.1", "10.0.0.1"],
    ["fec0::1%eth0", null],
    ["10.0.0.1%eth0", null],
    ["fe80::1%", null],
    ["fe80::1%eth0%eth1", null],
    ["fe80::1%name-of-16-octets", null],
  ];
  for (const [text, expected] of cases) assert.equal(parseScopedAddress(text), expected, text);
});

test("a link-local neighbour's interface goes to the loop apart from its address", () => {
  const { bfdInstances } = loadText("bfd_instance A {\n neighbor_ip fe80::1%eth0\n source_ip fe80::2%eth0\n}\n");
  const [instance] = bfdInstances;
  assert.equal(instance?.neighborAddress, "fe80::1%eth0");
  const settings = instance === undefined ? null : sessionSettings(instance);
  assert.deepEqual(
    [settings?.family, settings?.neighborAddress, settings?.sourceAddress, settings?.interfaceName],
    ["inet6", "fe80::1", "fe80::2", "eth0"],
  );
});
