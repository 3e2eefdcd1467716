import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clearReloadMarker, reloadMarkerPath, setReloadMarker } from "../../../src/runtime/reload-marker.ts";

const PLAIN = { runDirectory: "/run", instanceName: null, networkNamespace: null, usesPidDirectory: false };

test("reload_file: its own place is beside the pid file", () => {
  assert.equal(reloadMarkerPath(null, PLAIN), null);
  assert.equal(reloadMarkerPath("/a/b", PLAIN), "/a/b");
  assert.equal(reloadMarkerPath("", PLAIN), "/run/keepalived.reload");
  assert.equal(reloadMarkerPath("", { ...PLAIN, instanceName: "foo" }), "/run/keepalived/keepalived_foo.reload");
});

test("reload_file: an empty file of mode 0644 whatever the umask is; a link is not followed", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-marker-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "reading");
  const umask = process.umask(0o177);
  context.after(() => process.umask(umask));
  assert.equal(setReloadMarker(path), null);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.equal(statSync(path).size, 0);
  assert.equal(clearReloadMarker(path), null);
  assert.equal(existsSync(path), false);
  assert.equal(clearReloadMarker(path), null, "gone already");
  const other = join(folder, "other");
  writeFileSync(other, "precious");
  symlinkSync(other, path);
  assert.equal(setReloadMarker(path), null);
  assert.equal(clearReloadMarker(path), null);
  assert.equal(readFileSync(other, "utf8"), "precious");
  assert.equal(setReloadMarker(join(folder, "no/such/folder")), "ENOENT");
});
