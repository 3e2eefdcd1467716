import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { COMPLAINT, createFakeDaemon, LVS_TEXT, systemError, VRRP_TEXT } from "../../helpers/fake-daemon-parts.ts";

test("reload: the parts get the new configuration", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT);
  await daemon.start();
  parts.calls.length = 0;
  parts.text = VRRP_TEXT.replace("VI_1", "VI_2") + LVS_TEXT;
  await daemon.reload();
  assert.deepEqual(parts.calls, [
    "log reloading",
    "manager reloading",
    "log configuration file",
    "ipvs open",
    "vrrp reload VI_2",
    "lvs start 1",
    "pid checkers",
    "log reload complete",
    "manager status Running; the last reload is complete",
    "manager ready",
  ]);
  parts.calls.length = 0;
  parts.text = LVS_TEXT;
  await daemon.reload();
  assert.ok(parts.calls.includes("vrrp reload ") && parts.calls.includes("lvs reload 1"));
  parts.calls.length = 0;
  parts.text = VRRP_TEXT + LVS_TEXT;
  await daemon.reload();
  assert.ok(!parts.calls.some((call) => call.startsWith("pid")), "the pid files are still held");
});

test("reload: what only a restart brings into effect is named", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT);
  await daemon.start();
  parts.text = `global_defs {\n vrrp_lease_time 30\n}\n${VRRP_TEXT}`;
  await daemon.reload();
  assert.ok(parts.calls.includes("log restart needed"));
  parts.calls.length = 0;
  await daemon.reload();
  assert.ok(!parts.calls.includes("log restart needed") && parts.calls.includes("log reload complete"));
});

test("reload: a text damaged since the start changes nothing, one that was so all along is taken", async () => {
  const damaged = VRRP_TEXT.replace(/\}\s*$/, "");
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT);
  await daemon.start();
  for (const text of [damaged, VRRP_TEXT.replace("10.0.0.100", "10.0.0.1000")]) {
    parts.calls.length = 0;
    parts.text = text;
    await daemon.reload();
    assert.deepEqual(
      parts.calls.filter((call) => /^vrrp|^log reload refused/.test(call)),
      ["log reload refused"],
    );
  }
  const tolerant = createFakeDaemon(damaged);
  await tolerant.daemon.start();
  tolerant.parts.text = damaged.replace("_id 51", "_id 52");
  await tolerant.daemon.reload();
  assert.ok(tolerant.parts.calls.includes("log reload complete"));
});

test("reload_check_config: a text with any complaint is refused, and the complaints go to the file", async () => {
  const tested: string[] = [];
  const text = `global_defs {\n reload_check_config /a.log\n}\n${VRRP_TEXT}`;
  const { daemon, parts } = createFakeDaemon(text, {
    dependencies: {
      noteReloadTest: ({ diagnostics }, path) =>
        tested.push(`${path} ${diagnostics.map(({ code }) => code).join(" ")}`),
    },
  });
  await daemon.start();
  parts.calls.length = 0;
  // Without the word in the new text: what counts is what is in force.
  parts.text = `${VRRP_TEXT}unknown_word\n`;
  await daemon.reload();
  assert.deepEqual(parts.calls.slice(0, 4), [
    "log reload tested",
    "manager reloading",
    "log reload test failed",
    "log reload refused",
  ]);
  parts.calls.length = 0;
  parts.text = VRRP_TEXT;
  await daemon.reload();
  assert.deepEqual(parts.calls.slice(0, 3), ["log reload tested", "manager reloading", "log reloading"]);
  assert.ok(parts.calls.includes("log reload complete"));
  parts.text = `${VRRP_TEXT}unknown_word\n`;
  await daemon.reload();
  assert.ok(!parts.calls.includes("log reload refused"), "the word is gone");
  assert.deepEqual(tested, ["/a.log unknown-keyword", "/a.log "]);
});

test("reload: whatever is wrong, the old configuration stays and the daemon lives on", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT + LVS_TEXT);
  await daemon.start();
  const wrong: readonly (readonly [text: string, complaints: readonly Diagnostic[]])[] = [
    ["", []],
    [`instance other\n${VRRP_TEXT}`, []],
    [`net_namespace other\n${VRRP_TEXT}`, []],
    [VRRP_TEXT, [COMPLAINT]],
  ];
  for (const [text, complaints] of wrong) {
    parts.calls.length = 0;
    parts.text = text;
    parts.complaints = complaints;
    await daemon.reload();
    assert.ok(parts.calls.includes("log reload refused"), parts.calls.join("\n"));
    assert.ok(!parts.calls.some((call) => /^lvs|reload complete/.test(call)), parts.calls.join("\n"));
    assert.match(
      parts.calls.at(-2) ?? "",
      /^manager status Running with the configuration before a reload that was refused: ./,
    );
    assert.equal(parts.calls.at(-1), "manager ready");
  }
  parts.calls.length = 0;
  parts.complaints = [];
  await daemon.reload();
  assert.ok(parts.calls.includes("log reload complete"));
  assert.ok(parts.calls.includes("manager status Running; the last reload is complete"));
});

test("a kernel that has no IPVS refuses the reload before VRRP hears of it", async () => {
  const openIpvs = (): never => {
    throw systemError("ENOENT");
  };
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT, { dependencies: { openIpvs } });
  await daemon.start();
  parts.text = VRRP_TEXT + LVS_TEXT;
  await daemon.reload();
  assert.ok(parts.calls.includes("log ipvs unavailable") && parts.calls.includes("log reload refused"));
  assert.ok(!parts.calls.some((call) => call.startsWith("vrrp reload")));
});

test("load balancing that can't follow a reload takes VRRP back with it", async () => {
  const lvsReload = (): Promise<void> => Promise.reject(systemError("EPERM"));
  const both = createFakeDaemon(VRRP_TEXT + LVS_TEXT, { lvsReload });
  await both.daemon.start();
  both.parts.calls.length = 0;
  both.parts.text = VRRP_TEXT.replace("VI_1", "VI_2") + LVS_TEXT;
  await both.daemon.reload();
  assert.deepEqual(
    both.parts.calls.filter((call) => /^vrrp|^log reload refused/.test(call)),
    ["vrrp reload VI_2", "vrrp reload VI_1", "log reload refused"],
  );
  const onlyLvs = createFakeDaemon(LVS_TEXT, { lvsReload });
  await onlyLvs.daemon.start();
  onlyLvs.parts.text = VRRP_TEXT + LVS_TEXT;
  await onlyLvs.daemon.reload();
  assert.deepEqual(
    onlyLvs.parts.calls.filter((call) => /^vrrp|^log reload refused/.test(call)),
    ["vrrp start", "vrrp stop", "log reload refused"],
  );
});

test("requests during a reload are carried out once, after it", async () => {
  const { daemon, parts } = createFakeDaemon(VRRP_TEXT);
  await daemon.start();
  await Promise.all([daemon.reload(), daemon.reload(), daemon.reload()]);
  assert.equal(parts.calls.filter((call) => call === "log reload queued").length, 2);
  assert.equal(parts.calls.filter((call) => call === "log reloading").length, 2);
});
