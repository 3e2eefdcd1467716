import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseRealserverState, renderRealserverState } from "../../../src/cli/realserver-state.ts";
import { readStateFile, removeStateFile, UnsafeStateError, writeStateFile } from "../../../src/cli/state-file.ts";

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-state-"));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("state is written 0600 in a folder of its own, read back, replaced and removed", (context) => {
  const path = join(folder(context), "own", "a.json");
  assert.equal(readStateFile(path), null);
  writeStateFile(path, "one");
  writeStateFile(path, "two");
  assert.equal(readStateFile(path), "two");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, "..")).mode & 0o777, 0o700);
  removeStateFile(path);
  assert.ok(!existsSync(join(path, "..")));
  removeStateFile(path);
});

test("what somebody else could have written is refused", (context) => {
  const base = folder(context);
  const path = join(base, "a.json");
  writeFileSync(path, "x");
  symlinkSync(path, join(base, "link.json"));
  assert.throws(() => readStateFile(join(base, "link.json")), UnsafeStateError);
  chmodSync(path, 0o666);
  assert.throws(() => readStateFile(path), /writable by others/);
  assert.throws(() => readStateFile(base), UnsafeStateError);
  mkdirSync(join(base, "open"));
  chmodSync(join(base, "open"), 0o777);
  assert.throws(() => writeStateFile(join(base, "open", "a.json"), "x"), UnsafeStateError);
  symlinkSync(join(base, "open"), join(base, "folder-link"));
  assert.throws(() => writeStateFile(join(base, "folder-link", "a.json"), "x"), UnsafeStateError);
});

test("a state that could not be put in its place leaves nothing behind", (context) => {
  const base = folder(context);
  chmodSync(base, 0o700);
  mkdirSync(join(base, "a.json"));
  assert.throws(() => writeStateFile(join(base, "a.json"), "x"), { code: "EISDIR" });
  assert.deepEqual(readdirSync(base), ["a.json"]);
});

test("another owner is refused", {
  skip: process.getuid?.() !== 0 ? "needs root to give files away" : false,
}, (context) => {
  const path = join(folder(context), "a.json");
  writeFileSync(path, "x", { mode: 0o600 });
  chownSync(path, 65534, 65534);
  assert.throws(() => readStateFile(path), /owned by somebody else/);
});

test("a planted temporary link is not written through", (context) => {
  const base = folder(context);
  chmodSync(base, 0o700);
  symlinkSync(join(base, "victim"), join(base, "a.json.new"));
  writeStateFile(join(base, "a.json"), "x");
  assert.ok(!existsSync(join(base, "victim")));
  assert.equal(readStateFile(join(base, "a.json")), "x");
});

test("only what this program writes is taken as state", () => {
  const state = { addresses: ["10.0.0.1", "2001:db8::1"], sysctls: { "net/ipv4/conf/all/arp_ignore": 0 } };
  assert.deepEqual(parseRealserverState(renderRealserverState(state)), state);
  const wrong = [
    "",
    "null",
    "[]",
    "{}",
    '{"addresses":[],"sysctls":[]}',
    '{"addresses":["10.0.0.256"],"sysctls":{}}',
    '{"addresses":["2001:0db8::1"],"sysctls":{}}',
    '{"addresses":[1],"sysctls":{}}',
    '{"addresses":[],"sysctls":{"../../../tmp/x":1}}',
    '{"addresses":[],"sysctls":{"kernel/core_pattern":1}}',
    '{"addresses":[],"sysctls":{"net/ipv4/conf/all/arp_ignore":"1"}}',
    '{"addresses":[],"sysctls":{"net/ipv4/conf/all/arp_ignore":99}}',
  ];
  for (const text of wrong) assert.equal(parseRealserverState(text), null, text);
});
