import assert from "node:assert/strict";
import { test } from "node:test";
import { planTargets } from "../../../src/checker/targets.ts";
import type { ProbeTarget } from "../../../src/native/contract.ts";
import { loadText } from "../../helpers/load-text.ts";

function probesOf(check: string, around = ""): readonly ProbeTarget[] {
  const text = `virtual_server 192.0.2.100 25 {
  lb_kind NAT
  protocol TCP
  ${around}
  real_server 192.0.2.1 25 {
    ${check}
  }
}
`;
  return [...planTargets(loadText(text).virtualServers).values()].map(({ probe }) => probe);
}

test("an SMTP_CHECK is a probe that says its name", () => {
  const [probe] = probesOf("SMTP_CHECK {\n helo_name a.example\n fwmark 7\n connect_timeout 2\n }");
  assert.deepEqual(
    [probe?.kind, probe?.address, probe?.port, probe?.smtp?.heloName, probe?.fwmark, probe?.timeoutUs],
    ["smtp", "192.0.2.1", 25, "a.example", 7, 2_000_000],
  );
  assert.equal(probesOf("SMTP_CHECK {\n }")[0]?.smtp?.heloName, "smtpchecker.keepalived.org");
});

test("each host block is a probe, with the name from around it", () => {
  const hosts = "host {\n connect_ip 192.0.2.2\n }\n host {\n connect_port 2525\n bindto 192.0.2.9\n }";
  const probes = probesOf(`SMTP_CHECK {\n helo_name b\n ${hosts}\n }`);
  assert.deepEqual(
    probes.map(({ address, port, bindAddress, smtp }) => [address, port, bindAddress, smtp?.heloName]),
    [
      ["192.0.2.2", 25, null, "b"],
      ["192.0.2.1", 2525, "192.0.2.9", "b"],
    ],
  );
});

test("checks that say different names are different questions, equal ones are asked once", () => {
  const check = (name: string): string => `SMTP_CHECK {\n helo_name ${name}\n }\n`;
  assert.equal(probesOf(check("a") + check("b")).length, 2);
  assert.equal(probesOf(check("a") + check("a")).length, 1);
});

test("an HTTP_GET takes its host from the virtual server when nothing inside names one", () => {
  const [probe] = probesOf("HTTP_GET {\n url {\n path /\n }\n }", "virtualhost outer.example");
  assert.match(probe?.http?.request ?? "", /\r\nHost: outer\.example\r\n/);
});
