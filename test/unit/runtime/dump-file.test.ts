import assert from "node:assert/strict";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { dumpDirectory, writeDumpFile } from "../../../src/runtime/dump-file.ts";

let folder: string;
let path: string;
const token = (): string => "token";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dump-file-"));
  path = join(folder, "a.stats");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a new file is for its owner only; an old one of ours is replaced", () => {
  assert.equal(writeDumpFile(path, "one\n", token), null);
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  assert.equal(writeDumpFile(path, "two\n", token), null);
  assert.equal(readFileSync(path, "utf8"), "two\n");
  assert.deepEqual(readdirSync(folder), ["a.stats"]);
});

test("a symbolic link is not followed and stays", () => {
  const target = join(folder, "target");
  writeFileSync(target, "old");
  symlinkSync(target, path);
  assert.equal(writeDumpFile(path, "new", token), "ELOOP");
  assert.equal(readFileSync(target, "utf8"), "old");
  assert.deepEqual(readdirSync(folder), ["a.stats", "target"]);
});

test("what is no regular file stays", () => {
  mkdirSync(path);
  assert.equal(writeDumpFile(path, "new", token), "ENOTREG");
});

test("a file of another owner stays", { skip: process.getuid?.() === 0 ? false : "needs root" }, () => {
  writeFileSync(path, "theirs");
  chownSync(path, 65534, 65534);
  assert.equal(writeDumpFile(path, "new", token), "EPERM");
  assert.equal(readFileSync(path, "utf8"), "theirs");
});

test("a temporary name that is taken is left alone and another one tried", () => {
  writeFileSync(`${path}.taken`, "theirs");
  const tokens = ["taken", "free"];
  assert.equal(
    writeDumpFile(path, "new", () => tokens.shift() ?? "none"),
    null,
  );
  assert.equal(readFileSync(`${path}.taken`, "utf8"), "theirs");
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(
    writeDumpFile(path, "newer", () => "taken"),
    "EEXIST",
  );
});

test("a missing directory is told", () => {
  assert.equal(writeDumpFile(join(folder, "none", "a.stats"), "new", token), "ENOENT");
});

test("TMPDIR counts when it is an existing directory, named from the root", () => {
  assert.equal(dumpDirectory({ TMPDIR: folder }), folder);
  assert.equal(dumpDirectory({ TMPDIR: "." }), "/tmp");
  assert.equal(dumpDirectory({ TMPDIR: join(folder, "none") }), "/tmp");
  assert.equal(dumpDirectory({}), "/tmp");
});
