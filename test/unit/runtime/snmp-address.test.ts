import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentAddress } from "../../../src/runtime/snmp-address.ts";

const CASES = [
  ["/var/agentx/master", { kind: "unix", path: "/var/agentx/master" }],
  ["unix:/run/x", { kind: "unix", path: "/run/x" }],
  ["tcp:localhost:705", { kind: "tcp", host: "localhost", port: 705 }],
  ["tcp:192.0.2.1", { kind: "tcp", host: "192.0.2.1", port: 705 }],
  ["tcp6:[::1]:1705", { kind: "tcp", host: "::1", port: 1705 }],
  ["192.0.2.1:705", { kind: "tcp", host: "192.0.2.1", port: 705 }],
  ["localhost:1705", { kind: "tcp", host: "localhost", port: 1705 }],
  ["udp:localhost:705", null],
  ["tcp:localhost:99999", null],
  ["unix:", null],
] as const;

for (const [text, expected] of CASES) {
  test(`the AgentX master at ${text}`, () => assert.deepEqual(parseAgentAddress(text), expected));
}
