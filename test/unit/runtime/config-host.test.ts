import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Link } from "../../../src/native/contract.ts";
import { createConfigurationHost, hasNameService, interfaceFacts } from "../../../src/runtime/config-host.ts";
import { inspectScript } from "../../../src/runtime/script-safety.ts";

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-host-"));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("files are told apart without opening what would block", (context) => {
  const base = folder(context);
  writeFileSync(join(base, "text"), "a\u00e4\n");
  writeFileSync(join(base, "program"), "b\n");
  chmodSync(join(base, "program"), 0o755);
  execFileSync("mkfifo", [join(base, "fifo")]);
  const host = createConfigurationHost(null);
  assert.deepEqual(host.readFile(join(base, "text")), { kind: "text", text: "a\u00e4\n" });
  assert.deepEqual(host.readFile(join(base, "program")), { kind: "executable", text: "b\n" });
  assert.deepEqual(host.readFile(join(base, "fifo")), { kind: "not-regular" });
  assert.deepEqual(host.readFile(base), { kind: "not-regular" });
  assert.deepEqual(host.readFile(join(base, "none")), { kind: "missing" });
  assert.deepEqual(host.readFile(join(base, "text", "none")), { kind: "missing" });
  assert.deepEqual([...(host.listDirectory(base) ?? [])].sort(), ["fifo", "program", "text"]);
  assert.equal(host.listDirectory(join(base, "none")), null);
  assert.equal(host.interfaces, null);
});

test("users and groups are found by name only", () => {
  const host = createConfigurationHost(null);
  assert.deepEqual(host.findUser("root"), { uid: 0, gid: 0 });
  assert.equal(host.findGroup("root"), 0);
  assert.equal(host.findUser("no-such-user"), null);
  assert.equal(host.findUser(""), null);
  assert.equal(host.findGroup("root:x"), null);
});

test("a name service is asked only where one is set up", () => {
  const text = "# passwd: ldap\npasswd:  files systemd\ngroup: files [SUCCESS=merge] sss # ldap\n";
  assert.equal(hasNameService(text, "passwd"), false);
  assert.equal(hasNameService(text, "group"), true);
  assert.equal(hasNameService("group: files # ldap\n", "group"), false);
  assert.equal(hasNameService("", "passwd"), false);
});

test("a pattern that PCRE2 does not take is told with the reason and the offset", () => {
  const host = createConfigurationHost(null);
  const problemOf = (pattern: string): string | undefined =>
    host.regexProblem?.({ pattern, options: [], isNegated: false, minOffset: 0, maxOffset: null });
  assert.equal(problemOf("we(?i)l+"), "");
  assert.equal(problemOf("we(l"), "missing closing parenthesis at offset 4");
});

test("random integers include both ends", () => {
  const host = createConfigurationHost(null);
  const seen = new Set(Array.from({ length: 200 }, () => host.randomInteger(3, 4)));
  assert.deepEqual([...seen].sort(), [3, 4]);
});

test("interfaces made for virtual routers are known by their hardware address", () => {
  const link: Link = {
    ifindex: 2,
    name: "eth0",
    kind: "veth",
    mac: "02:00:00:00:00:01",
    mtu: 1500,
    isUp: true,
    isRunning: true,
    hasArp: true,
    isLoopback: false,
    masterIfindex: 0,
  };
  const facts = interfaceFacts([
    link,
    { ...link, name: "vrrp.51", kind: "macvlan", mac: "00:00:5e:00:01:33" },
    { ...link, name: "mv0", kind: "macvlan" },
    { ...link, name: "lo", isLoopback: true, mtu: 65536 },
  ]);
  assert.deepEqual(facts.get("eth0"), { isLoopback: false, supportsMulticast: true, mtuBytes: 1500, isVmac: false });
  assert.equal(facts.get("vrrp.51")?.isVmac, true);
  assert.equal(facts.get("mv0")?.isVmac, false);
  assert.deepEqual(facts.get("lo"), { isLoopback: true, supportsMulticast: false, mtuBytes: 65536, isVmac: false });
});

test("scripts: missing, not executable, searched in PATH", (context) => {
  const base = folder(context);
  writeFileSync(join(base, "plain"), "#!/bin/sh\n");
  chmodSync(join(base, "plain"), 0o644);
  assert.equal(inspectScript(join(base, "none"), ""), "missing");
  assert.equal(inspectScript(base, ""), "missing");
  assert.equal(inspectScript(join(base, "plain"), ""), "not-executable");
  assert.equal(inspectScript("no-such-program", "/usr/bin"), "missing");
  assert.equal(inspectScript("sh", "relative:/usr/bin"), "ok");
});

test("a script that others could replace is insecure for root", { skip: process.getuid?.() !== 0 }, (context) => {
  const base = folder(context);
  const open = join(base, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const script = join(open, "s.sh");
  writeFileSync(script, "#!/bin/sh\n");
  chmodSync(script, 0o755);
  symlinkSync(script, join(base, "link"));
  assert.equal(inspectScript(script, ""), "insecure");
  assert.equal(inspectScript(join(base, "link"), ""), "insecure");
  // A sticky folder protects what root owns in it.
  chmodSync(open, 0o1777);
  assert.equal(inspectScript(script, ""), "ok");
  chmodSync(script, 0o775);
  assert.equal(inspectScript(script, ""), "ok");
  chmodSync(script, 0o777);
  assert.equal(inspectScript(script, ""), "insecure");
});
