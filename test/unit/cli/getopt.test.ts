import assert from "node:assert/strict";
import { test } from "node:test";
import { type OptionRow, parseWords } from "../../../src/cli/getopt.ts";

const ROWS: readonly OptionRow<"flag" | "file" | "log" | "lock" | "quiet">[] = [
  { name: "flag", short: "n", long: "no-fork", argument: "none" },
  { name: "file", short: "f", long: "use-file", argument: "required" },
  { name: "log", short: "g", long: "log-file", argument: "optional" },
  { name: "lock", short: null, long: "log", argument: "none" },
  { name: "quiet", short: "q", long: "log-quiet", argument: "none" },
];

function spelled(list: readonly string[]): string {
  return parseWords(list, ROWS)
    .map((word) => {
      if (word.kind === "option") return word.value === null ? word.name : `${word.name}=${word.value}`;
      return `${word.kind}(${word.kind === "operand" ? word.value : word.spelled})`;
    })
    .join(" ");
}

const CASES: readonly (readonly [words: string, expected: string])[] = [
  ["-n -f a", "flag file=a"],
  ["-nq", "flag quiet"],
  ["-nfa", "flag file=a"],
  ["-nf a", "flag file=a"],
  ["-f -n", "file=-n"],
  ["-f", "missing-argument(-f)"],
  ["-nf", "flag missing-argument(-f)"],
  ["-ga", "log=a"],
  ["-g a", "log operand(a)"],
  ["-gn", "log=n"],
  ["--use-file a", "file=a"],
  ["--use-file=a", "file=a"],
  ["--use-file=a=b", "file=a=b"],
  ["--use-file=", "file="],
  ["--use-file", "missing-argument(--use-file)"],
  ["--use a", "file=a"],
  ["--log-file a", "log operand(a)"],
  ["--log-file=a", "log=a"],
  ["--log", "lock"],
  ["--log-", "unknown(--log-)"],
  ["--lo", "unknown(--lo)"],
  ["--log-q", "quiet"],
  ["--no-fork=1", "unknown(--no-fork=1)"],
  ["--bogus -n", "unknown(--bogus) flag"],
  ["-nZq", "flag unknown(-Z) quiet"],
  ["a -n b", "operand(a) flag operand(b)"],
  ["-n -- -q --", "flag operand(-q) operand(--)"],
  ["- -n", "operand(-) flag"],
  ["", ""],
];

for (const [words, expected] of CASES) {
  test(`getopt: ${words === "" ? "no words" : words}`, () => {
    assert.equal(spelled(words === "" ? [] : words.split(" ")), expected);
  });
}
