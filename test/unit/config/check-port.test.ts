import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

function advised(checker: string): readonly string[] {
  const text = `virtual_server fwmark 1 {
  lb_algo rr
  lb_kind NAT
  real_server 10.0.0.1 0 {
    ${checker}
  }
}
`;
  const { configuration, diagnostics, testExitCode } = loadWhole(text);
  assert.equal(testExitCode, 0);
  assert.equal(configuration.virtualServers[0]?.realServers[0]?.checkers.length, 1, checker);
  return diagnostics.map(({ code, place }) => `${code} ${place?.line}`);
}

test("a check that would ask port 0 is kept, and said to", () => {
  const url = "url {\n path /\n status_code 200\n }\n";
  const checkers = ["TCP_CHECK {\n}", "SMTP_CHECK {\n}", "DNS_CHECK {\n}", "UDP_CHECK {\n}", `HTTP_GET {\n${url}}`];
  for (const checker of checkers) assert.deepEqual(advised(checker), ["advice 5"], checker);
});

test("one with a port of its own, or that needs none, is not spoken of", () => {
  assert.deepEqual(advised("TCP_CHECK {\n connect_port 80\n}"), []);
  assert.deepEqual(advised("PING_CHECK {\n}"), []);
});
