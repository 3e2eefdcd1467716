import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { longOptions, renderCompletion } from "../../../src/cli/completion.ts";
import { SUBCOMMAND_NAMES } from "../../../src/cli/subcommand-names.ts";
import { run } from "../../helpers/process.ts";
import { findProgram, ROOT } from "../../helpers/repository.ts";

const HOLDFAST = join(ROOT, "bin", "holdfast");

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

test("bash completes the options of the daemon and of each command", async () => {
  assert.equal(await completions("--use"), "--use-file");
  assert.equal(await completions("-n", "--dont-f"), "--dont-fork");
  assert.equal(await completions("rs", "drain", "--d"), "--deadline --down");
  assert.equal(await completions("reload", "--pl"), "--plan");
});

test("each command's options are those that its help shows", async () => {
  for (const command of SUBCOMMAND_NAMES.filter((name) => name !== "genhash")) {
    const { stdout } = await run([HOLDFAST, command, "--help"]);
    const shown = [...stdout.matchAll(/^ +(?:-\w, +)?(--[a-z-]+)/gm)].map(([, option]) => option);
    const wanted = new Set(shown.filter((option) => option !== "--version"));
    assert.deepEqual([command, [...longOptions(command)].sort()], [command, [...wanted].sort()]);
  }
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
  assert.match(await shell(["zsh", "-f"], complete("holdfast why --a", 3)), /-- --help --socket --all --json$/);
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
  assert.equal(await complete("holdfast rs list --do"), "--down");
});
