import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRow, readComplaints, readDefaultDump, readDump, readVerdicts } from "./corpus.ts";
import { dumpCheckers, dumpCheckTrackers, dumpServerGroups } from "./dump-check.ts";
import { dumpGlobals } from "./dump-global.ts";
import { compareDumps, parseDump } from "./dump-object.ts";
import { dumpBfd, dumpVrrp } from "./dump-vrrp.ts";

const rows = readVerdicts();

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
}

/** Differences that `docs/compatibility.md` explains, or that the machine decides. */
const KNOWN = { unmatchedComplaints: 81, differentValues: 152 };

/** `CORPUS_SHOW=verdict,lines,values` prints what differs. */
const shouldShow = process.env["CORPUS_SHOW"] ?? "";

test("the corpus is accepted and refused as keepalived does", (context) => {
  const started = rows.filter(({ start }) => /^(runs|refuses)/.test(start));
  const wrong = started.filter((row) => {
    const { startRefusal } = loadRow(row);
    return (startRefusal === null) !== row.start.startsWith("runs");
  });
  context.diagnostic(`verdict: ${percent(started.length - wrong.length, started.length)}`);
  if (shouldShow.includes("verdict")) {
    for (const row of wrong) {
      const { startRefusal } = loadRow(row);
      console.log(
        row.name,
        row.args,
        row.start,
        startRefusal?.reasons.map(({ code, message }) => `${code}: ${message}`),
      );
    }
  }
  assert.equal(wrong.length, 0, wrong.map(({ name }) => name).join(", "));
});

/**
 * keepalived crashes (pq-2067), is an older one than the word (ka-doc-...), or stops at a namespace that is not there
 * and says nothing of the rest (openstack-..., pq-notify), which serves nobody.
 */
const KNOWN_EXIT_CODES =
  /^(pq-2067|ka-doc-vrrp-hmac-authentication|openstack-test-keepalivedlvs-(42|query-212)|pq-notify -i medium|pq-1972u)/;

test("a test of a configuration ends with keepalived's exit code", (context) => {
  const judged = rows.filter(({ exitFull }) => exitFull !== "-" && exitFull !== "");
  const wrong = judged.filter((row) => String(loadRow(row).testExitCode) !== row.exitFull);
  context.diagnostic(`exit codes: ${percent(judged.length - wrong.length, judged.length)}`);
  const names = wrong.map(({ name, args }) => `${name} ${args}`);
  assert.deepEqual(
    names.filter((name) => !KNOWN_EXIT_CODES.test(name)),
    [],
  );
});

test("every complaint of keepalived about the text has a diagnostic on its line", (context) => {
  const complaints = readComplaints();
  let total = 0;
  const missed = new Map<string, string[]>();
  for (const row of rows) {
    // A notice about the runtime says nothing of the text.
    const complaintsOfOurs = loadRow(row).diagnostics.filter(({ code }) => code !== "not-yet-in-effect");
    const places = complaintsOfOurs.flatMap(({ place }) => (place === null ? [] : [place]));
    for (const { file, line, code } of complaints.get(`${row.name} ${row.args}`) ?? []) {
      if (line === null) continue;
      total++;
      if (!places.some((place) => place.line === line && place.file.endsWith(file)))
        missed.set(code, [...(missed.get(code) ?? []), `${row.name}:${line}`]);
    }
  }
  const count = [...missed.values()].flat().length;
  context.diagnostic(`diagnostics on the same line: ${percent(total - count, total)}`);
  if (shouldShow.includes("lines")) {
    for (const [code, places] of [...missed].sort((a, b) => b[1].length - a[1].length)) {
      console.log(code, places.length, places.slice(0, 6).join(" "));
    }
  }
  assert.ok(count <= KNOWN.unmatchedComplaints, `${count} complaints without a diagnostic`);
});

/** What the machine decides, not the text: run-time state, and values the peer never set. */
function isRuntime(line: string, heading: string): boolean {
  if (/^(Using src_ip = .*)$/.test(line)) return !line.includes("from configuration");
  if (
    /^Wantstate = FAULT|^Flags: none|^Smtp server = ([^0-9]|127.0.0.1|192.0.2.250)|^Insecure =|^Init state =|^No reload scheduled|^Using autogen|^Default script/.test(
      line,
    )
  )
    return true;
  return heading.startsWith("[checker") && /18446744073709551615|^Retries = 4294967295/.test(line);
}

test("effective values are those of keepalived's dumps", (context) => {
  let equal = 0;
  let total = 0;
  const odd = new Map<string, string[]>();
  const firstRows = new Map(rows.toReversed().map((row) => [row.name, row]));
  for (const row of firstRows.values()) {
    const { configuration } = loadRow(row);
    for (const kind of ["vrrp", "check", "bfd"] as const) {
      const dump = readDump(row.name, kind);
      if (dump === null) continue;
      const ours = {
        vrrp: () => [dumpGlobals(configuration, "vrrp", readDefaultDump("vrrp")), ...dumpVrrp(configuration)],
        check: () => [
          dumpGlobals(configuration, "check", readDefaultDump("check")),
          ...dumpServerGroups(configuration),
          ...dumpCheckers(configuration),
          ...dumpCheckTrackers(configuration),
        ],
        bfd: () => dumpBfd(configuration),
      }[kind]();
      const compared = compareDumps(parseDump(dump), ours, isRuntime);
      equal += compared.equal;
      total += compared.total + Math.max(0, compared.surplus.length - compared.missing.length);
      for (const line of [
        ...compared.missing.map((text) => `- ${text}`),
        ...compared.surplus.map((text) => `+ ${text}`),
      ]) {
        odd.set(line.replace(/^(.).*?\]: /, "$1 "), [
          ...(odd.get(line.replace(/^(.).*?\]: /, "$1 ")) ?? []),
          `${row.name}.${kind} ${line}`,
        ]);
      }
    }
  }
  context.diagnostic(`effective values: ${percent(equal, total)}`);
  if (shouldShow.includes("values")) {
    for (const [line, places] of [...odd].sort((a, b) => b[1].length - a[1].length).slice(0, 150)) {
      console.log(
        places.length,
        line,
        "<<",
        places
          .map((text) => text.split(" ")[0])
          .join(" ")
          .slice(0, 200),
      );
    }
  }
  assert.ok(total - equal <= KNOWN.differentValues, `${total - equal} values differ`);
});
