// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the syntax under test
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code } from "../../../src/config/codes.ts";
import type { FileContent } from "../../../src/config/host.ts";
import { NO_CHECKS } from "../../../src/config/include.ts";
import { LineReader } from "../../../src/config/line-reader.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { Reporter } from "../../../src/config/reporter.ts";
import { placeOf } from "../../../src/config/tree.ts";
import { type Statement, splitStatements } from "../../../src/config/words.ts";

interface Reading {
  /** Words of each statement, a brace as a word of its own. */
  readonly words: readonly string[];
  readonly codes: readonly Code[];
  readonly places: readonly string[];
}

/** What is left of a text when blocks begin to matter: statements as `word|word`. */
function read(text: string, files: Record<string, string | FileContent> = {}): Reading {
  const host = createMemoryHost({ files, environment: { HOME: "/root" } });
  const reporter = new Reporter();
  const reader = new LineReader({ configId: "host1", checks: NO_CHECKS, host, reporter, outside: { touches: 0 } });
  reader.openFile("main", "/etc/keepalived/main", text);
  const statements: Statement[] = [];
  for (let line = reader.next(); line !== null; line = reader.next()) {
    const origin = line;
    splitStatements(line.text, origin, {
      statement: (statement) => statements.push(statement),
      unmatchedQuote: (at) => reporter.add("unterminated-quote", "", at),
    });
  }
  return {
    words: statements.map(({ words, end }) => [...words, ...(end === "" ? [] : [end])].join("|")),
    codes: [...reporter.codes],
    places: statements.map((statement) => placeOf(statement)).map(({ line, column }) => `${line}:${column}`),
  };
}

function check(title: string, text: string, expected: readonly string[]): void {
  test(title, () => assert.deepEqual(read(text).words, expected));
}

check("a comment begins anywhere outside double quotes", 'aa bb # x\ncc3#x\ndd4!x\nee "#5" y', [
  "aa|bb",
  "cc3",
  "dd4",
  "ee|#5|y",
]);
check("a backslash does not protect a comment character", "ee5\\#x y", ["ee5"]);
check("double quotes begin and end words", 'a"b c"d x\n""', ["a|b c|d|x", ""]);
check("single quotes are ordinary characters", "'single quoted'", ["'single|quoted'"]);
check("carriage returns, tabs and form feeds separate words", "a\tb\r\nc\fd\n", ["a|b", "c|d"]);
check("a final backslash stays in the word", "aa\\\nbb", ["aa\\", "bb"]);

test("an unmatched quote loses the rest of its line only", () => {
  const { words, codes } = read('a b "c d\ne');
  assert.deepEqual(words, ["a|b", "e"]);
  assert.deepEqual(codes, ["unterminated-quote"]);
});

test("a line with a NUL is dropped", () => {
  const { words, codes } = read("a\0b\nc");
  assert.deepEqual(words, ["c"]);
  assert.deepEqual(codes, ["nul-in-line"]);
});

check("braces are tokens wherever they stand", "name{kw value}\nname\n{\n}\nkw { a b }", [
  "name|{",
  "kw|value",
  "}",
  "name",
  "{",
  "}",
  "kw|{",
  "a|b",
  "}",
]);
check("braces in double quotes are text", 'script "/bin/sh -c {"', ["script|/bin/sh -c {"]);

check(
  "@ID keeps a line for that id, @^ID for all others",
  "@host1 a\n@host2 b\n@^host1 c\n@^host2 d\n@host1\n  @host1 name {",
  ["a", "d", "name|{"],
);
check("one condition per line", "@host1 @host2 x", ["@host2|x"]);
check("the id is compared exactly", "@HOST1 a\n@host b", []);
check("a condition inside a line is text", "a @host1 b", ["a|@host1|b"]);

check("a parameter is expanded where a reference can end", "$A=1\n$S=x\n10.0.0.$A\nd($A)\np${S}q\np$S.q\nb$A/24", [
  "10.0.0.1",
  "d(1)",
  "pxq",
  "p$S.q",
  "b$A/24",
]);
check("a blank before = makes no definition", "$B = x", ["$B|=|x"]);
check("definitions expand when used", "$A=$B\n$B=2\nx $A\n$B=3\nx $A", ["x|2", "x|3"]);
check("parameters expand inside double quotes and after a backslash", '$A=1\nx "a $A b"\nh\\$A', ["x|a 1 b", "h\\1"]);
check("an undefined parameter stays", "x $NONE", ["x|$NONE"]);
check("a braced undefined parameter leaves a stray block", "x ${NONE}", ["x|$|{", "NONE", "}"]);
check("expansion can make a comment", 'h${_HASH}x y\nq "${_BANG}"', ["h", "q|!"]);
check("built-ins", "${_PWD} ${_INSTANCE} ${_ENV HOME} ${_RANDOM 5 7}", ["/etc/keepalived|host1|/root|5"]);
check("an expanded line may begin with a condition", "$C=@host1 a\n$D=@host2 b\n$C\n$D", ["a"]);

check("a multi-line definition ends at the first line without a backslash", "$M=a 1 \\\n  b 2 \\\n  c\nd\nx $M", [
  "d",
  "x|a|1",
  "b|2",
  "c",
]);
check("a multi-line definition ends at a blank line", "$M=a \\\n\nb\n$M", ["b", "a"]);
check("a multi-line parameter expands only at the end of a line", "$M=a \\\nb\n${M} x\nx ${M}", [
  "$|{",
  "M",
  "}",
  "x",
  "x|a",
  "b",
]);
check("a commented line with a backslash continues a definition", "$M=a \\\n# b \\\nc\n$M", ["a", "c"]);

check("a multi-line parameter may begin with a definition", "$A=a $N\n$M= \\\n$N=1 \\\n$A \\\n$N=2 \\\n$A\n$M", [
  "a|1",
  "a|2",
]);

check("~SEQ counts up and down", "~SEQ(I,3) a$I\n~SEQ(I,-2) b$I\n~SEQ(I,0) c$I\n~SEQ(I,5,3) d$I\n~SEQ(I,1,2,5)e$I", [
  "a1",
  "a2",
  "a3",
  "b-1",
  "b-2",
  "c1",
  "c0",
  "d5",
  "d4",
  "d3",
  "e1",
  "e3",
  "e5",
]);
check("~SEQ reads C numbers, ~SEQx writes hex", "~SEQ(I,0x10,021) a$I\n~SEQx(I,9,11) b$I", [
  "a16",
  "a17",
  "b9",
  "ba",
  "bb",
]);
check(
  "~LST takes single values and tuples, missing ones are empty",
  "~LST(A,x,y) $A\n~LST({A,B},{1,2},{3}) a${A}b${B}",
  ["x", "y", "a1b2", "a3b"],
);
check("lists nest", "~SEQ(X,1,2) ~SEQ(Y,5,6) w${X}_$Y", ["w1_5", "w1_6", "w2_5", "w2_6"]);
check("a list repeats a multi-line parameter", "$VI=vi $I { \\\n id ${I} \\\n }\n~SEQ(I,11,12) $VI", [
  "vi|11|{",
  "id|11",
  "}",
  "vi|12|{",
  "id|12",
  "}",
]);
check("the arguments of a list may be parameters", "$N=2\n~SEQ(I,$N) a$I", ["a1", "a2"]);
check("a list in the middle of a line is text", "a ~SEQ(I,2) b", ["a|~SEQ(I,2)|b"]);

check("the variable of a list keeps its last value", "~SEQ(I,2) a$I\nb $I", ["a1", "a2", "b|2"]);
check("a list without values repeats nothing", "~LST(A,) a\nb", ["b"]);

test("a list with an impossible step is reported and left out", () => {
  const { words, codes } = read("~SEQ(I,1,-1,5) a$I\n~LST({A,B},{1,2,3}) x\nz");
  assert.deepEqual(words, ["z"]);
  assert.deepEqual(codes, ["bad-list"]);
});

test("include reads files relative to the including one, nested and inside blocks", () => {
  const files = {
    "/etc/keepalived/conf.d/b.conf": "b ${_PWD}\n",
    "/etc/keepalived/conf.d/a.conf": "a\ninclude deep/*.conf\n",
    "/etc/keepalived/conf.d/deep/c.conf": "$D=deep\nc\n",
    "/etc/keepalived/conf.d/.hidden.conf": "h\n",
  };
  const { words, codes } = read("x {\ninclude conf.d/*.conf\n}\n$D", files);
  assert.deepEqual(words, ["x|{", "a", "c", "b|/etc/keepalived/conf.d", "}", "deep"]);
  assert.deepEqual(codes, []);
});

for (const [line, code] of [
  ["include nothing.conf", "include-skipped"],
  ["include no*.conf", "include-skipped"],
  ["includer nothing.conf", "include-skipped"],
  ["includem nothing.conf", "include-refused"],
  ["includem no*.conf", "include-skipped"],
  ["includew no*.conf", "include-refused"],
  ["includeb {real,nothing}.conf", "include-refused"],
  ["includew {real,nothing}.conf", "include-skipped"],
  ["includeb run.sh", "include-refused"],
  ["include dangling.conf", "include-skipped"],
  ["includer dangling.conf", "include-refused"],
  ["includea no*.conf", "include-refused"],
  ["include run.sh", "include-skipped"],
  ["includer run.sh", "include-refused"],
] as const) {
  test(`"${line}" gives ${code}`, () => {
    const files: Record<string, string | FileContent> = {
      "/etc/keepalived/real.conf": "r\n",
      "/etc/keepalived/run.sh": { kind: "executable", text: "r\n" },
      "/etc/keepalived/dangling.conf": { kind: "missing" },
    };
    assert.deepEqual(read(`${line}\nz`, files).codes, [code]);
  });
}

check("include without a pattern or with another suffix is a plain line", "include\nincludez x", [
  "include",
  "includez|x",
]);

test("a file that includes itself ends", () => {
  const { codes } = read("include self\n", { "/etc/keepalived/self": "a\ninclude self\n" });
  assert.deepEqual(codes, ["limit-exceeded"]);
});

test("places follow the file until a parameter was replaced", () => {
  assert.deepEqual(read("$A=long value\n  aa bb\n@host1 cc\n\n  $A x").places, ["2:3", "3:8", "5:3"]);
});
