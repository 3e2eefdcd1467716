import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acquirePidFile, acquirePidFiles, type PidFileDependencies } from "../../../src/runtime/pid-file.ts";

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-pid-"));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

function dependencies(changes: Partial<PidFileDependencies> = {}): PidFileDependencies {
  return { tryLockFile: () => true, pid: 4711, processName: () => null, ...changes };
}

test("a pid file holds the pid and is removed at close, once", (context) => {
  const path = join(folder(context), "a.pid");
  const outcome = acquirePidFile(path, dependencies());
  assert.ok(outcome.ok);
  assert.equal(readFileSync(path, "latin1"), "4711\n");
  assert.equal(statSync(path).mode & 0o777, 0o644);
  outcome.file.close();
  assert.ok(!existsSync(path));
  outcome.file.close();
});

test("stale content is replaced, whatever it is", (context) => {
  const path = join(folder(context), "a.pid");
  for (const text of ["99999\n", "99999999999999999999\n", "rubbish", "", "4711\n"]) {
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    const outcome = acquirePidFile(path, dependencies());
    assert.ok(outcome.ok, text);
    assert.equal(readFileSync(path, "latin1"), "4711\n");
    assert.equal(statSync(path).mode & 0o777, 0o644);
    outcome.file.close();
  }
});

test("a locked file belongs to a running daemon and is left as it is", (context) => {
  const path = join(folder(context), "a.pid");
  writeFileSync(path, "77\n");
  const outcome = acquirePidFile(path, dependencies({ tryLockFile: () => false }));
  assert.deepEqual(outcome, { ok: false, refusal: { kind: "running", path, pid: 77 } });
  assert.equal(readFileSync(path, "latin1"), "77\n");
});

test("a keepalived that does not lock is noticed by its name", (context) => {
  const path = join(folder(context), "a.pid");
  writeFileSync(path, "77\n");
  const running = acquirePidFile(path, dependencies({ processName: (pid) => (pid === 77 ? "keepalived" : null) }));
  assert.deepEqual(running, { ok: false, refusal: { kind: "running", path, pid: 77 } });
  const other = acquirePidFile(path, dependencies({ processName: () => "cron" }));
  assert.ok(other.ok);
  other.file.close();
});

test("symbolic links, folders and missing folders are refused", (context) => {
  const base = folder(context);
  symlinkSync(join(base, "target"), join(base, "link.pid"));
  mkdirSync(join(base, "folder.pid"));
  const codes = ["link.pid", "folder.pid", "no/such.pid"].map((name) => {
    const outcome = acquirePidFile(join(base, name), dependencies());
    assert.ok(!outcome.ok);
    return outcome.refusal.kind === "failed" ? outcome.refusal.code : outcome.refusal.kind;
  });
  assert.deepEqual(codes, ["ELOOP", "EISDIR", "ENOENT"]);
  assert.ok(!existsSync(join(base, "target")));
});

test("a path that was removed while its lock was taken is opened again", (context) => {
  const path = join(folder(context), "a.pid");
  writeFileSync(path, "77\n");
  let calls = 0;
  const tryLockFile = (): boolean => {
    calls += 1;
    if (calls === 1) rmSync(path);
    return true;
  };
  const outcome = acquirePidFile(path, dependencies({ tryLockFile }));
  assert.ok(outcome.ok);
  assert.equal(calls, 2);
  assert.equal(readFileSync(path, "latin1"), "4711\n");
  outcome.file.close();
});

test("a file that somebody else put in our place is not removed", (context) => {
  const base = folder(context);
  const path = join(base, "a.pid");
  const outcome = acquirePidFile(path, dependencies());
  assert.ok(outcome.ok);
  renameSync(path, join(base, "moved.pid"));
  writeFileSync(path, "5\n");
  outcome.file.close();
  assert.equal(readFileSync(path, "latin1"), "5\n");
});

test("all files or none", (context) => {
  const base = folder(context);
  const first = join(base, "a.pid");
  const { files, refusal } = acquirePidFiles([first, join(base, "no/b.pid")], dependencies());
  assert.deepEqual(files, []);
  assert.equal(refusal?.kind, "failed");
  assert.ok(!existsSync(first));
});
