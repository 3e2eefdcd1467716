import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { listenOnSocket } from "../../../src/runtime/control-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "control-"));
after(() => rmSync(folder, { recursive: true }));

const place = (path: string, isFree = true): Parameters<typeof listenOnSocket>[1] => ({
  path,
  gid: null,
  ownsFolder: true,
  tryLockFile: () => isFree,
});

test("the socket is 0600, replaces one that was left over, and goes with its folder", async () => {
  const path = join(folder, "a/control.sock");
  const left = createServer();
  mkdirSync(join(folder, "a"), { mode: 0o755 });
  await new Promise<void>((resolve) => left.listen(path, resolve));
  const server = createServer();
  const release = await listenOnSocket(server, place(path));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  server.close();
  release();
  left.close();
  assert.equal(existsSync(join(folder, "a")), false);
});

test("a place where others can write, somebody else's lock, and what is no socket are refused", async () => {
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o1777);
  await assert.rejects(listenOnSocket(createServer(), place(join(open, "c.sock"))), /others can write in/);
  const path = join(folder, "b.sock");
  await assert.rejects(listenOnSocket(createServer(), place(path, false)), /another daemon has it/);
  writeFileSync(path, "keep");
  await assert.rejects(listenOnSocket(createServer(), place(path)), /is no socket; remove it/);
  const link = join(folder, "d.sock");
  symlinkSync("/etc/passwd", link);
  await assert.rejects(listenOnSocket(createServer(), place(link)), /is no socket; remove it/);
});

test("a lock that is a symbolic link is not followed", async () => {
  const path = join(folder, "e.sock");
  symlinkSync(join(folder, "victim"), `${path}.lock`);
  await assert.rejects(listenOnSocket(createServer(), place(path)), { code: "ELOOP" });
  assert.equal(existsSync(join(folder, "victim")), false);
});
