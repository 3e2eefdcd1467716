import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderCompletion } from "../../../src/cli/completion.ts";
import { run } from "../../helpers/process.ts";
import { findProgram } from "../../helpers/repository.ts";

async function completions(...words: readonly string[]): Promise<string> {
  const list = ["holdfast", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${renderCompletion("bash")}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length}; _holdfast; echo "\${COMPREPLY[*]}"`;
  const { stdout, stderr } = await run(["bash", "-c", script]);
  assert.equal(stderr, "");
  return stdout.trim();
}

test("bash completes commands and their actions", async () => {
  assert.equal(await completions("sta"), "status");
  assert.equal(await completions("rs", "d"), "drain disable");
  assert.equal(await completions("vrrp", "f"), "force-backup");
});

/** @returns what the shell says */
async function shell(words: readonly string[], script: string): Promise<string> {
  const { status, stdout, stderr } = await run([...words, "-c", script]);
  assert.deepEqual([status, stderr], [0, ""], script);
  return stdout.trim();
}

function lacking(program: string): string | false {
  return findProgram(program) === null ? `no ${program}` : false;
}

test("bash itself finds nothing wrong", async () => {
  assert.equal(await shell(["bash", "-n"], renderCompletion("bash")), "");
});

test("zsh itself takes the script, sourced and from a folder, and completes", { skip: lacking("zsh") }, async () => {
  await shell(["zsh", "-f", "-n"], renderCompletion("zsh"));
  const complete = (words: string, current: number): string =>
    `compadd() { print -r -- "$@" }; _files() { print files }; compdef() { print "compdef $*" }
${renderCompletion("zsh")}
words=(${words}); CURRENT=${current}; _holdfast`;
  assert.match(await shell(["zsh", "-f"], complete("holdfast sta", 2)), /^compdef _holdfast holdfast\n-- .*\bstatus\b/);
  assert.match(await shell(["zsh", "-f"], complete("holdfast vrrp f", 3)), /-- force-backup priority release$/);
  assert.match(await shell(["zsh", "-f"], complete("holdfast check /e", 3)), /files$/);
  const folder = mkdtempSync(join(tmpdir(), "completion-"));
  try {
    writeFileSync(join(folder, "_holdfast"), renderCompletion("zsh"));
    const look = `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D; print $_comps[holdfast]`;
    assert.equal(await shell(["zsh", "-f"], look), "_holdfast");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("fish itself completes", { skip: lacking("fish") }, async () => {
  await shell(["fish", "--no-execute", "--no-config"], renderCompletion("fish"));
  const complete = (line: string): Promise<string> =>
    shell(["fish", "--no-config"], `${renderCompletion("fish")}complete -C '${line}'\n`);
  assert.equal(await complete("holdfast sta"), "status");
  assert.equal(await complete("holdfast rs d"), "disable\ndrain");
});
