import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { COMPLAINT, createFakeDaemon, LVS_TEXT, systemError, VRRP_TEXT } from "../../helpers/fake-daemon-parts.ts";

test("start: pid files before anything changes, then VRRP, then the table, then the news", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT + LVS_TEXT);
  assert.equal(await daemon.start(), true);
  assert.deepEqual(parts.calls, [
    "log configuration file",
    "pid parent vrrp checkers",
    "settle",
    "ipvs open",
    "vrrp start",
    "lvs start 1",
    "log startup complete",
    "manager ready",
  ]);
});

test("stop: parts, pid files, exit code 0, and only once", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT + LVS_TEXT);
  await daemon.start();
  parts.calls.length = 0;
  await Promise.all([daemon.stop(), daemon.stop()]);
  assert.equal(await daemon.untilEnd(), 0);
  assert.deepEqual(parts.calls, [
    "log stopping",
    "manager stopping",
    "vrrp stop",
    "lvs stop",
    "pid close",
    "log stopped",
  ]);
});

test("only what is configured and allowed is started", async () => {
  const onlyVrrp = createFakeDaemon(VRRP_TEXT);
  await onlyVrrp.daemon.start();
  assert.ok(onlyVrrp.parts.calls.includes("pid parent vrrp"));
  assert.ok(!onlyVrrp.parts.calls.some((call) => /ipvs|lvs/.test(call)));
  const withP = createFakeDaemon(VRRP_TEXT + LVS_TEXT, { options: { runsCheckers: false } });
  await withP.daemon.start();
  assert.ok(withP.parts.calls.includes("pid parent vrrp"));
  const withC = createFakeDaemon(VRRP_TEXT + LVS_TEXT, { options: { runsVrrp: false } });
  await withC.daemon.start();
  assert.ok(withC.parts.calls.includes("pid parent checkers"));
  assert.ok(!withC.parts.calls.includes("vrrp start"));
});

test("static objects need no instance to be there", async () => {
  for (const block of ["ipaddress {\n 10.0.0.1", "routes {\n 10.0.0.0/8 dev lo", "rules {\n from 10.0.0.1 table 5"]) {
    const { daemon, parts } = createFakeDaemon(`static_${block}\n}\n`);
    await daemon.start();
    assert.ok(parts.calls.includes("vrrp start"), block);
  }
});

test("without any block the daemon says so and idles", async () => {
  const { daemon, parts } = createFakeDaemon("# nothing\n");
  assert.equal(await daemon.start(), true);
  assert.deepEqual(parts.calls.slice(1, 4), ["pid parent", "settle", "log no configuration to run"]);
});

interface RefusedStart {
  readonly name: string;
  readonly text: string;
  readonly changes: Parameters<typeof createFakeDaemon>[1];
  readonly complaints?: readonly Diagnostic[];
  readonly exitCode: number;
  readonly says: string;
}

const REFUSED_STARTS: readonly RefusedStart[] = [
  { name: "no file", text: "", changes: {}, exitCode: 6, says: "log diagnostic" },
  {
    name: "no permission",
    text: VRRP_TEXT,
    changes: { dependencies: { missingCapabilities: () => ["CAP_NET_RAW"] } },
    exitCode: 4,
    says: "log missing capabilities",
  },
  {
    name: "another daemon",
    text: VRRP_TEXT,
    changes: {
      dependencies: { takePidFiles: () => ({ files: [], refusal: { kind: "running", path: "/a", pid: 5 } }) },
    },
    exitCode: 0,
    says: "log already running",
  },
  {
    name: "pid file in a read-only place",
    text: VRRP_TEXT,
    changes: {
      dependencies: { takePidFiles: () => ({ files: [], refusal: { kind: "failed", path: "/a", code: "EROFS" } }) },
    },
    exitCode: 1,
    says: "log pid file not written",
  },
  {
    name: "no IPVS in the kernel",
    text: VRRP_TEXT + LVS_TEXT,
    changes: {
      dependencies: {
        openIpvs: () => {
          throw systemError("ENOENT");
        },
      },
    },
    exitCode: 1,
    says: "log ipvs unavailable",
  },
  {
    name: "no such namespace",
    text: VRRP_TEXT,
    changes: {
      options: { namespace: "blue" },
      dependencies: {
        enterNamespace: () => {
          throw systemError("ENOENT");
        },
      },
    },
    exitCode: 1,
    says: "log namespace not entered",
  },
];

for (const { name, text, changes, exitCode, says } of REFUSED_STARTS) {
  test(`a start that is refused changes nothing: ${name}`, async () => {
    const { daemon, parts } = createFakeDaemon(text, changes);
    assert.equal(await daemon.start(), false);
    assert.equal(await daemon.untilEnd(), exitCode);
    assert.ok(parts.calls.includes(says), parts.calls.join("\n"));
    assert.ok(!parts.calls.some((call) => /^(vrrp|lvs) /.test(call)), parts.calls.join("\n"));
  });
}

test("an interface that VRRP misses ends the start with keepalived's code, and the pid files go", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT + LVS_TEXT);
  parts.complaints = [COMPLAINT];
  assert.equal(await daemon.start(), false);
  assert.equal(await daemon.untilEnd(), 2);
  assert.deepEqual(parts.calls.slice(-6), [
    "vrrp start",
    "log diagnostic",
    "vrrp stop",
    "manager failed 2",
    "pid close",
    "log stopped",
  ]);
});

test("a namespace named in the configuration is entered, and the configuration read again there", async () => {
  const { daemon, parts } = createFakeDaemon(`net_namespace blue\n${VRRP_TEXT}`);
  await daemon.start();
  assert.deepEqual(parts.calls.slice(0, 2), ["namespace blue", "log configuration file"]);
  const given = createFakeDaemon(`net_namespace blue\n${VRRP_TEXT}`, { options: { namespace: "red" } });
  await given.daemon.start();
  assert.deepEqual(given.parts.calls.slice(0, 2), ["namespace red", "log configuration file"]);
});

test("of several complaints a refused start names the one that stopped it", async () => {
  const { daemon, parts } = createFakeDaemon(`vrrp_instnace VI_0 {\n}\n${VRRP_TEXT.replace("_id 51", "_id 510")}`);
  assert.equal(await daemon.start(), false);
  assert.equal(parts.calls.filter((call) => call === "log start refused").length, 1);
  const alone = createFakeDaemon(VRRP_TEXT.replace(" virtual_router_id 51\n", ""));
  assert.equal(await alone.daemon.start(), false);
  assert.ok(!alone.parts.calls.includes("log start refused"), "it is the only one");
});

test("a stop during start or reload is carried out after it", async () => {
  const starting = createFakeDaemon(VRRP_TEXT);
  const start = starting.daemon.start();
  await starting.daemon.stop();
  await start;
  assert.equal(await starting.daemon.untilEnd(), 0);
  assert.deepEqual(starting.parts.calls.slice(-4), ["manager stopping", "vrrp stop", "pid close", "log stopped"]);
  const reloading = createFakeDaemon(VRRP_TEXT);
  await reloading.daemon.start();
  const reload = reloading.daemon.reload();
  await reloading.daemon.stop();
  await reload;
  assert.equal(await reloading.daemon.untilEnd(), 0);
  assert.ok(reloading.parts.calls.indexOf("log reload complete") < reloading.parts.calls.indexOf("log stopping"));
});

function never(): Promise<void> {
  return new Promise(() => {});
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a part that does not stop is left after the patience", async (context: TestContext) => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT, { vrrpStop: never });
  await daemon.start();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  void daemon.stop();
  await settled();
  assert.ok(!parts.calls.includes("log stopped"));
  context.mock.timers.tick(5000);
  assert.equal(await daemon.untilEnd(), 0);
  assert.ok(parts.calls.includes("log stop took too long"));
});

test("a stop does not wait for a reload that hangs", async (context: TestContext) => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT, { vrrpReload: never });
  await daemon.start();
  void daemon.reload();
  await settled();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await daemon.stop();
  context.mock.timers.tick(5000);
  assert.equal(await daemon.untilEnd(), 0);
  assert.ok(parts.calls.includes("vrrp stop"));
});

test("after an internal error what is held is released and the code says so", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT);
  await daemon.start();
  await daemon.crash();
  assert.equal(await daemon.untilEnd(), 70);
  assert.ok(parts.calls.includes("vrrp stop") && parts.calls.includes("pid close"));
});

test("a loop that runs BFD only is watched, and its health is in the status", async () => {
  const { daemon } = createFakeDaemon("bfd_instance A {\n neighbor_ip 10.0.0.9\n}\n");
  await daemon.start();
  assert.deepEqual([...daemon.heartbeats()], [["vrrp", 4]]);
  assert.equal(daemon.status()?.vrrpHealth?.heartbeats, 4);
  await daemon.stop();
});

test("BFD: after the rest, with its pid file, not with -B, and gone when a reload takes it away", async () => {
  const text = `${VRRP_TEXT}bfd_instance A {\n neighbor_ip 10.0.0.9\n}\n`;
  const { daemon, parts } = createFakeDaemon(text);
  await daemon.start();
  assert.ok(parts.calls.includes("pid parent vrrp bfd"));
  assert.ok(parts.calls.indexOf("bfd open 1 10.0.0.9") > parts.calls.indexOf("vrrp start"));
  parts.text = VRRP_TEXT;
  await daemon.reload();
  assert.ok(parts.calls.includes("bfd close 1"));
  await daemon.stop();
  assert.ok(parts.calls.includes("bfd stop"));
  const without = createFakeDaemon(text, { options: { runsBfd: false } });
  await without.daemon.start();
  assert.ok(without.parts.calls.includes("pid parent vrrp"));
});
