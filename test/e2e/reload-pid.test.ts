import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

/** Daemons whose socket is not where commands look first. */

const skip = whyNoLab();
const HOLDFAST = join(ROOT, "bin", "holdfast");

let sandbox: Sandbox;
before(async () => {
  if (skip === false) sandbox = await Sandbox.open();
});
after(async () => {
  if (skip === false) await sandbox.close();
});

function waitFor(condition: string): string {
  return `for i in $(seq 200); do { ${condition}; } && break; sleep 0.05; done`;
}

test("a daemon with a name is found by its pid, and named where nobody answers", { skip }, async () => {
  const out = await sandbox.runOk([
    "sh",
    "-c",
    `echo 'instance a' > /run/a.conf
HOLDFAST -nlG -f /run/a.conf 2> /run/a.log & D=$!
${waitFor("[ -S /run/holdfast/control_a.sock ]")}
HOLDFAST status 2>&1; echo status $?
HOLDFAST reload --pid $D; echo status $?
echo 'instance b' > /run/a.conf
HOLDFAST reload --pid $D | tail -1; echo told
HOLDFAST reload --pid $D > /dev/null; echo status $?
HOLDFAST reload --plan --pid $D > /dev/null 2>&1; echo status $?
HOLDFAST reload --pid 0 2>&1 | head -1
printf 'instance a\\nglobal_defs {\\n control_socket off\\n}\\n' > /run/a.conf
HOLDFAST reload --pid $D | tail -1
${waitFor("[ ! -e /run/holdfast ]")}
HOLDFAST reload --pid $D; echo status $?
${waitFor("[ $(grep -c 'Reload complete' /run/a.log) = 3 ]")}
kill $D; wait $D
HOLDFAST reload --pid $D 2>&1; echo status $?`.replaceAll("HOLDFAST", HOLDFAST),
  ]);
  const expected = new RegExp(
    [
      "^holdfast: no daemon listens at /run/holdfast/control.sock; is it running\\? \\(--socket names another place: /run/holdfast/control_a.sock\\)",
      "status 1",
      "Reloading ...",
      "Reload complete",
      "status 0",
      "Reload refused: .*instance.*",
      "told",
      "status 2",
      "status 2",
      "holdfast: --pid is the number of a process",
      "Reload complete",
      "process \\d+ has no control socket here: SIGHUP sent, its log says how it went",
      "status 0",
      "holdfast: process \\d+ can't be asked for a reload: it is gone, or another user's",
      "status 1",
      "$",
    ].join("\\n"),
  );
  assert.match(out, expected);
});
