import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

function control(lines: string): unknown {
  const { configuration, diagnostics } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/a.conf": `global_defs {\n${lines}\n}\n` } }),
  );
  const { path, isOff, group, listen } = configuration.global.control;
  return [path, isOff, group, listen, diagnostics.map(({ code }) => code)];
}

test("where the control socket is", () => {
  assert.deepEqual(control(""), [null, false, null, null, []]);
  assert.deepEqual(control("control_socket /run/x.sock"), ["/run/x.sock", false, null, null, []]);
  assert.deepEqual(control("control_socket off"), [null, true, null, null, []]);
  assert.deepEqual(control("control_socket x.sock"), [null, false, null, null, ["bad-value"]]);
  assert.deepEqual(control("control_socket /run/x.sock nobodys"), ["/run/x.sock", false, null, null, ["missing-user"]]);
});

test("the TCP listener takes loopback addresses only", () => {
  const listen = { address: "127.0.0.1", port: 9650, tokenFile: null };
  assert.deepEqual(control("control_listen 127.0.0.1 9650"), [null, false, null, listen, []]);
  const full = { address: "::1", port: 9650, tokenFile: "/etc/token" };
  assert.deepEqual(control("control_listen ::1 9650 /etc/token"), [null, false, null, full, []]);
  for (const bad of ["0.0.0.0 9650", "127.0.0.1 0", "127.0.0.1 65536", "127.0.0.1", "127.0.0.999 80", "::1 80 token"]) {
    assert.deepEqual(control(`control_listen ${bad}`), [null, false, null, null, ["bad-value"]], bad);
  }
});
