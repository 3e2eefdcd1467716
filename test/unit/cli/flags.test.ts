import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAGS, flagHelp } from "../../../src/cli/flag-table.ts";
import { type Flags, parseFacility, parseFlags, parseUmask } from "../../../src/cli/flags.ts";

function flagsOf(words: string): Flags {
  return parseFlags(words.split(" ")).flags;
}

test("without words everything has keepalived's default", () => {
  const { action, flags, complaints } = parseFlags([]);
  assert.deepEqual(action, { kind: "run" });
  assert.deepEqual(complaints, []);
  assert.deepEqual(flags, {
    configFile: "/etc/keepalived/keepalived.conf",
    configId: null,
    enforcesIncludes: false,
    runsVrrp: true,
    runsCheckers: true,
    runsBfd: true,
    staysInForeground: false,
    ignoresSigint: false,
    dumpsConfiguration: false,
    keepsVrrp: false,
    keepsIpvs: false,
    namespace: null,
    umask: null,
    pidFiles: { parent: null, vrrp: null, checkers: null, bfd: null },
    logsToConsole: false,
    detailLevel: 0,
    facility: 3,
    logsToSyslog: true,
    logFile: null,
    logFormat: "text",
    reportsAddresses: false,
    servesSnmp: false,
    snmpSocket: null,
    configFd: null,
    coreDumps: null,
    inertFlags: [],
  });
});

test("bundled flags as in service units", () => {
  const flags = flagsOf("-nlDDGVIf/a.conf -p /x.pid -r/y.pid --checkers_pid=/z.pid");
  assert.equal(flags.configFile, "/a.conf");
  assert.equal(flags.detailLevel, 2);
  assert.ok(flags.staysInForeground && flags.logsToConsole && flags.keepsVrrp && flags.keepsIpvs);
  assert.ok(!flags.logsToSyslog);
  assert.deepEqual(flags.pidFiles, { parent: "/x.pid", vrrp: "/y.pid", checkers: "/z.pid", bfd: null });
});

test("-P and -C take the other half away", () => {
  assert.deepEqual([flagsOf("-P").runsVrrp, flagsOf("-P").runsCheckers], [true, false]);
  assert.deepEqual([flagsOf("-C").runsVrrp, flagsOf("-C").runsCheckers], [false, true]);
});

test("an optional argument has to be attached", () => {
  assert.equal(flagsOf("-g").logFile, "");
  assert.equal(flagsOf("-g/a.log").logFile, "/a.log");
  assert.equal(flagsOf("--log-file=/a.log").logFile, "/a.log");
  assert.deepEqual(parseFlags(["-t"]).action, { kind: "config-test", file: null, isFaulted: false });
  assert.deepEqual(parseFlags(["-t/a"]).action, { kind: "config-test", file: "/a", isFaulted: false });
  assert.deepEqual(parseFlags(["--config-test=/a"]).action, { kind: "config-test", file: "/a", isFaulted: false });
});

test("unknown flags and missing arguments are usage errors, and all are named", () => {
  const parsed = parseFlags(["--bogus", "-Z", "-n", "-f"]);
  assert.deepEqual(parsed.action, { kind: "usage-error" });
  assert.deepEqual(parsed.complaints, [
    "Unknown option --bogus",
    "Unknown option -Z",
    "Missing parameter for option -f",
  ]);
});

test("surplus words are named and ignored", () => {
  const parsed = parseFlags(["xx", "-n", "--", "-yy"]);
  assert.deepEqual(parsed.action, { kind: "run" });
  assert.deepEqual(parsed.complaints, ["Unexpected argument(s): xx -yy"]);
});

test("-v, -h and --signum act where they stand", () => {
  assert.deepEqual(parseFlags(["-v", "--bogus"]).action, { kind: "version" });
  assert.deepEqual(parseFlags(["-nh"]).action, { kind: "help" });
  assert.deepEqual(parseFlags(["--bogus", "--signum=STOP"]), {
    ...parseFlags(["--bogus", "--signum=STOP"]),
    action: { kind: "signum", number: 15 },
    complaints: ["Unknown option --bogus"],
  });
  const numbers = ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"].map(
    (name) => parseFlags(["--signum", name]).action,
  );
  assert.deepEqual(
    numbers.map((action) => (action.kind === "signum" ? action.number : null)),
    [15, 1, 10, 12, 63, 36],
  );
  assert.deepEqual(parseFlags(["--signum=toString"]).action, { kind: "usage-error" });
  assert.deepEqual(parseFlags(["--signum=FOO"]).complaints, ["Unknown sigfunc FOO"]);
});

test("facilities and masks", () => {
  assert.deepEqual(["0", "7", "local3", "user", "daemon", "8", "local9", "x", ""].map(parseFacility), [
    16,
    23,
    19,
    1,
    3,
    null,
    null,
    null,
    null,
  ]);
  assert.deepEqual(["0177", "127", "0x7f", "0", "0777", "512", "abc", "08", "-1", ""].map(parseUmask), [
    0o177,
    127,
    127,
    0,
    0o777,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("a bad value is named, and the default holds", () => {
  const parsed = parseFlags(["-S", "9", "-u", "abc", "--log-format=xml"]);
  assert.deepEqual(parsed.complaints, [
    "Invalid log facility '9', daemon is used: 0-7, local0-local7, user or daemon",
    "Invalid --umask option abc, 0177 is used: 0 to 0777, octal with a leading 0",
    "Invalid log format 'xml', text is used: text or json",
  ]);
  assert.deepEqual(parsed.action, { kind: "run" });
  assert.equal(parsed.flags.facility, 3);
  assert.equal(parsed.flags.umask, null);
});

test("a test counts a facility that there is not, as keepalived does", () => {
  assert.deepEqual(parseFlags(["-S", "9", "-t"]).action, { kind: "config-test", file: null, isFaulted: true });
});

test("-x and -A ask for SNMP", () => {
  const { servesSnmp, snmpSocket } = flagsOf("-x -A /s");
  assert.deepEqual({ servesSnmp, snmpSocket }, { servesSnmp: true, snmpSocket: "/s" });
});

test("flags that do nothing here are collected once each", () => {
  assert.deepEqual(flagsOf("-L -L --debug=D -R --all").inertFlags, ["--debug", "-L"]);
});

test("-T behind other options takes what follows it, unless it is the value of one", () => {
  const taken = (words: string): unknown => parseFlags(words.split(" ")).action;
  assert.deepEqual(taken("-nlT -s 1.2.3.4 -u /"), { kind: "genhash", words: ["-s", "1.2.3.4", "-u", "/"] });
  assert.deepEqual(taken("-n --genhash -v"), { kind: "genhash", words: ["-v"] });
  assert.deepEqual(taken("--genh -v"), { kind: "genhash", words: ["-v"] });
  assert.deepEqual(taken("-f -T -T -v"), { kind: "genhash", words: ["-v"] });
  assert.deepEqual(taken("-f -T"), { kind: "run" });
});

test("-m lifts the limit of core dumps, -M names their pattern as well", () => {
  assert.deepEqual(flagsOf("-m").coreDumps, { pattern: null });
  assert.deepEqual(flagsOf("-M").coreDumps, { pattern: "core" });
  assert.deepEqual(flagsOf("-m -M/var/crash/%e").coreDumps, { pattern: "/var/crash/%e" });
  assert.deepEqual(flagsOf("--core-dump-pattern=%p -m").coreDumps, { pattern: "%p" });
});

test("no two flags share a spelling, and each is in the help", () => {
  const spellings = FLAGS.flatMap(({ short, long }) => [short === null ? null : `-${short}`, `--${long}`]).filter(
    (spelling) => spelling !== null,
  );
  assert.equal(new Set(spellings).size, spellings.length);
  for (const { long } of FLAGS) assert.ok(flagHelp().includes(`--${long}`), `--${long}`);
});
