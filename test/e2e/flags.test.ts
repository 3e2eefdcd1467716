import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";

const HOLDFAST = join(ROOT, "bin", "holdfast");

interface Case {
  readonly words: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: RegExp;
}

/** None of these gets as far as reading a configuration. */
const CASES: readonly Case[] = [
  {
    words: ["-v"],
    status: 0,
    stdout: "",
    stderr: /^holdfast v\d+\.\d+\.\d+ \(compatible with Keepalived v2\.\d+\.\d+\)/,
  },
  { words: ["--version"], status: 0, stdout: "", stderr: /^holdfast v/ },
  { words: ["-h"], status: 0, stdout: "", stderr: /--use-file=FILE[\s\S]*realserver/ },
  { words: ["-nlDh"], status: 0, stdout: "", stderr: /^Usage: holdfast/ },
  { words: ["--bogus"], status: 1, stdout: "", stderr: /^Unknown option --bogus\nTry: holdfast --help\n$/ },
  { words: ["-nZ"], status: 1, stdout: "", stderr: /^Unknown option -Z\nTry: holdfast --help\n$/ },
  { words: ["--log"], status: 1, stdout: "", stderr: /^Unknown option --log\nTry: holdfast --help\n$/ },
  { words: ["-f"], status: 1, stdout: "", stderr: /^Missing parameter for option -f\nTry: holdfast --help\n$/ },
  { words: ["-i"], status: 1, stdout: "", stderr: /^Missing parameter for option -i\nTry: holdfast --help\n$/ },
  {
    words: ["--use-file"],
    status: 1,
    stdout: "",
    stderr: /^Missing parameter for option --use-file\nTry: holdfast --help\n$/,
  },
  { words: ["--signum=STOP"], status: 0, stdout: "15\n", stderr: /^$/ },
  { words: ["--sig", "RELOAD"], status: 0, stdout: "1\n", stderr: /^$/ },
  { words: ["--signum=DATA"], status: 0, stdout: "10\n", stderr: /^$/ },
  { words: ["--signum=STATS"], status: 0, stdout: "12\n", stderr: /^$/ },
  { words: ["--signum=STATS_CLEAR"], status: 0, stdout: "63\n", stderr: /^$/ },
  { words: ["--signum=JSON"], status: 0, stdout: "36\n", stderr: /^$/ },
  { words: ["--signum=FOO"], status: 1, stdout: "", stderr: /^Unknown sigfunc FOO\nTry: holdfast --help\n$/ },
  {
    words: ["-u", "abc", "foo", "--signum=STOP"],
    status: 0,
    stdout: "15\n",
    stderr: /^Invalid --umask option abc, 0177 .*\n$/,
  },
];

for (const { words, status, stdout, stderr } of CASES) {
  test(`holdfast ${words.join(" ")}`, async () => {
    const result = await run([HOLDFAST, ...words]);
    assert.equal(result.stdout, stdout);
    assert.match(result.stderr, stderr);
    assert.equal(result.status, status);
  });
}

const KEEPALIVED = findProgram("keepalived");

test("the same words give the same status and output as keepalived's", {
  skip: KEEPALIVED === null ? "keepalived is not installed" : false,
}, async () => {
  // keepalived prints an --umask complaint without its newline. For a long option without its parameter (`--use-file`) 2.2.7
  // prints whatever lies in memory there, and at times crashes on it.
  const isComparable = ({ words }: Case): boolean => !words.includes("-u") && !words.includes("--use-file");
  for (const { words } of CASES.filter(isComparable)) {
    const ours = await run([HOLDFAST, ...words]);
    const theirs = await run([KEEPALIVED ?? "", ...words]);
    assert.deepEqual([words, ours.status, ours.stdout], [words, theirs.status, theirs.stdout]);
    if (words.some((word) => /^(-v|-h|-nlDh|--version)$/.test(word))) continue;
    assert.equal(ours.stderr.replace("Try: holdfast --help\n", ""), theirs.stderr);
  }
});

test("-t --config-fd writes the text with its includes, as keepalived does for its children", {
  skip: KEEPALIVED === null ? "keepalived is not installed" : false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-merged-"));
  const [file, other, merged] = ["a.conf", "b.conf", "merged"].map((name) => join(folder, name));
  writeFileSync(file ?? "", "global_defs {\n  router_id LAB # here\n}\ninclude b.conf\n");
  writeFileSync(other ?? "", "static_rules {\n}\n");
  const mergedBy = async (program: string): Promise<string> => {
    rmSync(merged ?? "", { force: true });
    const { status } = await run([
      "sh",
      "-c",
      `exec "$0" -t -f "$1" --config-fd=9 9<> "$2"`,
      program,
      file ?? "",
      merged ?? "",
    ]);
    assert.equal(status, 0);
    return readFileSync(merged ?? "", "utf8");
  };
  const ours = await mergedBy(HOLDFAST);
  assert.match(ours, /^router_id LAB$/m);
  assert.match(ours, /^static_rules \{$/m);
  // keepalived names an included file as the line does.
  assert.equal(ours.replaceAll(`# ${folder}/b`, "# b"), await mergedBy(KEEPALIVED ?? ""));
  rmSync(folder, { recursive: true });
});

test("a word that is no command starts no daemon", async () => {
  const { status, stdout, stderr } = await run([HOLDFAST, "statsu"]);
  const told = 'holdfast: there is no command "statsu", did you mean "status"?\nTry: holdfast --help\n';
  assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: "", stderr: told });
});

test("a subcommand that lacks a word says so", async () => {
  const { status, stderr } = await run([HOLDFAST, "check"]);
  assert.equal(status, 1);
  assert.match(stderr, /^holdfast: something is missing: holdfast check <file>\nTry: holdfast check --help\n$/);
});

test("a subcommand's usage error is one message and a hint", async () => {
  const result = await run([HOLDFAST, "realserver", "sideways"]);
  assert.equal(result.status, 1);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /Choices: "up", "down", "status"/);
  assert.match(result.stderr, /Try: holdfast realserver --help\n$/);
});

test("a subcommand explains itself with examples", async () => {
  for (const name of ["realserver", "check"]) {
    const result = await run([HOLDFAST, name, "--help"]);
    assert.equal(result.status, 0);
    assert.match(result.stdout, new RegExp(`^holdfast ${name}[\\s\\S]*Examples:`));
  }
});
