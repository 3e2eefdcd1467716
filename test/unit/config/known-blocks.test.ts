import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LoadedConfiguration, loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { isSameModel } from "../../../src/model/equality.ts";

/** What is loaded: the file, one that it may include, what `@id` means, and a variable of the environment. */
interface Input {
  readonly main: string;
  readonly included: string;
  readonly id: string;
  readonly variable: string;
}

function load({ main, included, id, variable }: Input, before: LoadedConfiguration | null): LoadedConfiguration {
  const host = createMemoryHost({
    files: { "/a.conf": main, "/b.conf": included, "/bin/check": "" },
    environment: { WEIGHT: variable },
  });
  const source = { path: "/a.conf", workingDirectory: "/", configId: id, enforcesIncludes: false };
  if (before === null) return loadConfiguration(source, host);
  return loadConfiguration(source, host, null, { configuration: before.configuration, blocks: before.blocks });
}

/** Blocks of lines: everything that reaches into a virtual server from outside, and what is wrong with some. */
const PIECES = [
  "global_defs {\n smtp_alert true\n}",
  "global_defs {\n checker_log_all_failures true\n}",
  "global_defs {\n checker_start_spread 3\n enable_script_security\n}",
  "$PORT=80",
  "$PORT=8080",
  "$TAIL=weight 3 \\\n delay_loop 7",
  "track_file watched {\n file /tmp/watched\n weight 2\n}",
  "track_file watched {\n file /tmp/watched\n weight 5\n}",
  "bfd_instance peer {\n neighbor_ip 10.9.9.9\n}",
  "virtual_server_group pool {\n 10.0.2.1 80\n}",
  "virtual_server group pool {\n protocol TCP\n real_server 10.0.1.1 80 {\n }\n}",
  "vrrp_sync_group empty {\n}",
  "include /b.conf",
  "# a comment",
  "}",
  "virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n TCP_CHECK {\n }\n }\n}",
  "virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n weight 2\n TCP_CHECK {\n }\n }\n}",
  "virtual_server 10.0.0.2 80\n{\n protocol TCP # it is\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 { } }",
  "virtual_server 10.0.0.3 $PORT {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n }\n}",
  "virtual_server 10.0.0.4 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n weight $PORT\n }\n}",
  "virtual_server 10.0.0.5 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n @one delay_loop 5\n @^one delay_loop 9\n real_server 10.0.1.1 80 {\n }\n}",
  "@one virtual_server 10.0.0.6 80 {\n@one protocol TCP\n@one lb_algo rr\n@one lb_kind NAT\n@one real_server 10.0.1.1 80 {\n@one }\n@one }",
  "virtual_server 10.0.0.7 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n ~SEQ(I, 1, 2) real_server 10.0.1.$I 80 { }\n}",
  "virtual_server 10.0.0.8 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n include /b.conf\n}",
  "virtual_server 10.0.0.9 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n FILE_CHECK {\n track_file watched\n }\n }\n}",
  "virtual_server 10.0.0.10 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n BFD_CHECK {\n name peer\n }\n }\n}",
  'virtual_server 10.0.0.11 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n quorum_up "/bin/check up"\n real_server 10.0.1.1 80 {\n }\n}',
  "virtual_server 10.0.0.12 80 {\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n unknown\n }\n}",
  "virtual_server 10.0.0.13 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n $OWN=4\n real_server 10.0.1.1 80 {\n }\n}",
  "virtual_server 10.0.0.14 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n HTTP_GET {\n url {\n path /\n status_code 200\n regex_stack 1 2\n }\n }\n }\n}",
  "virtual_server 10.0.0.15 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n weight $" +
    "{_ENV WEIGHT}\n }\n}",
  "virtual_server fwmark 7 {\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n weight $OWN\n }\n}",
  "virtual_server 10.0.0.16 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n }",
  "SSL {\n certificate /tmp/cert\n}",
];

const text = textOf(PIECES);
/** One that includes itself is read until the limits of nesting are reached, which takes its time. */
const included = textOf(PIECES.filter((piece) => !piece.includes("include")));

function textOf(pieces: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: 10 }).map((chosen) => chosen.join("\n"));
}

const input: fc.Arbitrary<Input> = fc.record({
  main: fc.tuple(text, fc.constantFrom("", "\n")).map(([lines, end]) => lines + end),
  included: fc.oneof(included, fc.constant("delay_loop 3"), fc.constant("real_server 10.0.1.9 80 {\n}\n")),
  id: fc.constantFrom("one", "two"),
  variable: fc.constantFrom("1", "2"),
});

test("a load that takes over blocks is the same as one that does not", () => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 2, maxLength: 4 }), (inputs) => {
      let before: LoadedConfiguration | null = null;
      for (const one of inputs) {
        const cold = load(one, null);
        const warm = load(one, before);
        assert.ok(isSameModel(warm.configuration, cold.configuration), "another configuration");
        assert.deepEqual(warm.diagnostics, cold.diagnostics);
        assert.deepEqual(warm.startRefusal, cold.startRefusal);
        assert.equal(warm.testExitCode, cold.testExitCode);
        before = warm;
      }
    }),
    { numRuns: 400 },
  );
});

const PLAIN =
  "virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 10.0.1.1 80 {\n }\n}\n";
const INPUT: Input = { main: PLAIN, included: "", id: "one", variable: "1" };

test("a block that has moved is not built again, nor is one in another file", () => {
  const first = load(INPUT, null);
  for (const main of [PLAIN, `# moved\n\n${PLAIN}`, "include /b.conf\n"]) {
    const next = load(
      { ...INPUT, main, included: PLAIN },
      { ...first, configuration: load({ ...INPUT, main: "" }, null).configuration },
    );
    assert.equal(next.configuration.virtualServers[0], first.configuration.virtualServers[0]);
  }
});

test("a block after one that was taken over has its own line in diagnostics", () => {
  const first = load(INPUT, null);
  const { diagnostics } = load({ ...INPUT, main: `\n${PLAIN}\nnonsense\n` }, first);
  assert.deepEqual(
    diagnostics.map(({ code, place }) => [code, place?.line]),
    [["unknown-keyword", 10]],
  );
});

test("with other facts around it, a block is built again", () => {
  const first = load(INPUT, null);
  const mails = load({ ...INPUT, main: `global_defs {\n smtp_alert true\n}\n${PLAIN}` }, first);
  assert.equal(first.configuration.virtualServers[0]?.sendsMail, false);
  assert.equal(mails.configuration.virtualServers[0]?.sendsMail, true);
});

test("what the configuration keeps is what the next load takes over", () => {
  const first = load(INPUT, null);
  const commented = load({ ...INPUT, main: PLAIN.replace("TCP", "TCP # said") }, first);
  assert.equal(commented.configuration.virtualServers[0], first.configuration.virtualServers[0]);
  assert.deepEqual(
    [...commented.blocks.values()].map(({ server }) => server),
    commented.configuration.virtualServers,
  );
  assert.equal([...commented.blocks.values()][0]?.server, first.configuration.virtualServers[0]);
});
