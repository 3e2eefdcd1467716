import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCompletion } from "../../../src/cli/completion.ts";
import { run } from "../../helpers/process.ts";

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

test("zsh and fish know the same words", () => {
  assert.match(renderCompletion("zsh"), /bashcompinit[\s\S]*complete -o filenames -F _holdfast holdfast/);
  assert.match(renderCompletion("fish"), /seen_subcommand_from rs' -a 'list drain disable enable weight'/);
});
