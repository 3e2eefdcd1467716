/**
 * What keepalived 2.2.7 said of single odd values and lines (`test/fixtures/config/verdicts.jsonl`): one object a line with the
 * text, the exit code of `-t` and the lines complained of. A machine with eth0, eth1 and /bin/true, without /nonexistent.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";
import { ROOT } from "../../helpers/repository.ts";

interface Verdict {
  readonly what: string;
  readonly text: string;
  readonly exit: number;
  /** Empty where reading ended before its time. */
  readonly lines: readonly number[];
}

function readVerdicts(): readonly Verdict[] {
  const text = readFileSync(join(ROOT, "test/fixtures/config/verdicts.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const MACHINE = {
  interfaces: ["lo", "eth0", "eth1"],
  users: { root: { uid: 0, gid: 0 } },
  scripts: { "/nonexistent": "missing" },
} as const;

test("odd values and lines are judged as keepalived judges them", (context) => {
  const verdicts = readVerdicts();
  const wrong = verdicts.flatMap(({ what, text, exit, lines }) => {
    const { testExitCode, diagnostics } = loadWhole(text, MACHINE);
    const told = new Set(diagnostics.map(({ place }) => place?.line));
    const silent = lines.filter((line) => !told.has(line));
    if (testExitCode === exit && silent.length === 0) return [];
    return [`${what}: ${testExitCode} instead of ${exit}, nothing told of lines ${silent.join(" ")}`];
  });
  context.diagnostic(`${verdicts.length} verdicts`);
  assert.deepEqual(wrong, []);
});

function instance(words: string): string {
  return `vrrp_instance V {\n interface eth0\n virtual_router_id 7\n${words}\n}\n`;
}

test("the first word that tells a family decides, and a source address of another one is left out", () => {
  const text = instance(" virtual_ipaddress {\n 10.0.0.7\n }\n mcast_src_ip fe80::1");
  const { configuration, startRefusal, testExitCode } = loadWhole(text, MACHINE);
  const [found] = configuration.vrrpInstances;
  assert.deepEqual([startRefusal, testExitCode, found?.family, found?.sourceAddress], [null, 5, "inet", null]);
  const reversed = loadWhole(instance(" mcast_src_ip fe80::1\n virtual_ipaddress {\n 10.0.0.7\n }"), MACHINE);
  assert.equal(reversed.startRefusal?.reasons[0]?.code, "no-vip");
});

test("more addresses than fit into a packet of the interface are excluded from the advert", () => {
  const lines = Array.from({ length: 95 }, (_, index) => `  fe80::7:${index}`).join("\n");
  const { configuration } = loadWhole(instance(` virtual_ipaddress {\n${lines}\n }`), MACHINE);
  const [found] = configuration.vrrpInstances;
  assert.deepEqual([found?.virtualAddresses.length, found?.excludedAddresses.length], [89, 6]);
});

test("unicast instances share a VRID unless they have a peer in common", () => {
  const pair = (first: string, second: string): string | undefined => {
    const one = (peers: string): string =>
      instance(` unicast_peer {\n${peers}\n }\n virtual_ipaddress {\n 10.0.0.7\n }`);
    const text = one(first) + one(second).replace("vrrp_instance V", "vrrp_instance W");
    return loadWhole(text, MACHINE).startRefusal?.reasons[0]?.code;
  };
  assert.equal(pair("10.0.0.8", "10.0.0.9"), undefined);
  assert.equal(pair("10.0.0.8", "10.0.0.8\n 10.0.0.9"), "duplicate-vrid");
});

test("names of VMACs do not tell instances of one VRID apart", () => {
  const words = " virtual_ipaddress {\n 10.0.0.7\n }\n use_vmac";
  const text = instance(`${words} x1`) + instance(`${words} x2`).replace("vrrp_instance V", "vrrp_instance W");
  assert.equal(loadWhole(text, MACHINE).startRefusal?.reasons[0]?.code, "duplicate-vrid");
});

test("a command whose quote is not closed is lost, and the daemon starts without it", () => {
  const text = instance(' virtual_ipaddress {\n 10.0.0.7\n }\n notify "/bin/true');
  const { startRefusal, testExitCode, configuration } = loadWhole(text, MACHINE);
  assert.deepEqual([startRefusal, testExitCode, configuration.vrrpInstances[0]?.notify.any], [null, 5, null]);
});

test("a backslash at the end of a line belongs to the last word", () => {
  const text = instance(" virtual_ipaddress {\n 10.0.0.7\n }\n priority 50 \\");
  const { configuration, testExitCode } = loadWhole(text, MACHINE);
  assert.deepEqual([testExitCode, configuration.vrrpInstances[0]?.priority], [5, 100]);
});

function timingOf(words: string): readonly unknown[] {
  const text = `virtual_server 10.0.0.1 80 {
 lb_algo rr
 lb_kind NAT
 protocol TCP
 real_server 10.1.0.1 80 {
  TCP_CHECK {
   ${words}
  }
 }
}
`;
  const [checker] = loadWhole(text, MACHINE).configuration.virtualServers[0]?.realServers[0]?.checkers ?? [];
  return [checker?.timing.delayLoopUs, checker?.timing.warmupUs, checker?.target.bindInterface];
}

test("times beyond a year and names that no interface can have do not keep the checkers from starting", () => {
  const yearUs = 365 * 86_400 * 1_000_000;
  assert.deepEqual(timingOf("delay_loop 4294967295"), [yearUs, yearUs, null]);
  assert.deepEqual(timingOf("warmup 99999999999"), [60_000_000, yearUs, null]);
  assert.deepEqual(timingOf('warmup 1\n bind_if ""'), [60_000_000, 1_000_000, null]);
  assert.deepEqual(timingOf("warmup 1\n bind_if averyveryverylongname"), [60_000_000, 1_000_000, null]);
});

test("the own interface is no tracked one, also where its faults do not count", () => {
  const words = " dont_track_primary\n track_interface {\n eth0\n eth1\n }\n virtual_ipaddress {\n 10.0.0.7\n }";
  const { configuration, testExitCode } = loadWhole(instance(words), MACHINE);
  const tracked = configuration.vrrpInstances[0]?.trackedInterfaces.map(({ name }) => name);
  assert.deepEqual([testExitCode, tracked], [5, ["eth1"]]);
});

test("numbers and labels beyond what the vrrp loop takes do not keep it from starting", () => {
  const addresses = (line: string): string => ` virtual_ipaddress {\n 10.0.0.7\n ${line}\n }`;
  const words = ` garp_master_refresh 4294967295\n garp_master_repeat 4294967295\n garp_lower_prio_repeat 2147483647\n`;
  const { configuration } = loadWhole(instance(words + addresses("10.0.0.8 label ééééééééé")), MACHINE);
  const [found] = configuration.vrrpInstances;
  const { repeat, refreshUs, lowerPriorityRepeat } = found?.announce ?? {};
  assert.deepEqual([repeat, lowerPriorityRepeat, refreshUs], [65_536, 65_536, 365 * 86_400 * 1_000_000]);
  assert.equal(found?.virtualAddresses.length, 1);
});

test("an empty helo_name is none", () => {
  const text = `virtual_server 10.0.0.1 80 {\n protocol TCP\n real_server 10.1.0.1 80 {\n SMTP_CHECK {\n helo_name ""\n }\n }\n}\n`;
  const [checker] = loadWhole(text, MACHINE).configuration.virtualServers[0]?.realServers[0]?.applicationCheckers ?? [];
  assert.equal(checker?.check.kind === "smtp" && checker.check.heloName, "smtpchecker.keepalived.org");
});
