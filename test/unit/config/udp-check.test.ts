import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

const FILE = "/etc/keepalived/keepalived.conf";

function readExchange(lines: string): unknown {
  const text = `virtual_server 192.0.2.1 53 {
  lvs_sched rr
  lvs_method DR
  protocol UDP
  real_server 192.0.2.7 53 {
    UDP_CHECK {
${lines}
    }
  }
}
`;
  const host = createMemoryHost({ files: { [FILE]: text }, hostName: "node1", interfaces: ["lo"] });
  const options = { path: FILE, workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { configuration, diagnostics } = loadConfiguration(options, host);
  const checker = configuration.virtualServers[0]?.realServers[0]?.checkers[0];
  if (checker?.kind !== "udp") return null;
  const { payload, reply } = checker.exchange;
  return { payload, reply, codes: diagnostics.map(({ code }) => code) };
}

test("a digit that stands alone is an octet", () => {
  assert.deepEqual(readExchange("payload 0 1 23 456\nrequire_reply 1X x"), {
    payload: "0001234506",
    reply: "1x0x",
    codes: [],
  });
});

test("anything but digits is refused, and a wildcard is no payload", () => {
  assert.deepEqual(readExchange("payload 0x\nrequire_reply 0g"), {
    payload: "",
    reply: "",
    codes: ["bad-value", "bad-value"],
  });
});
