import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

const HOLDFAST = join(ROOT, "bin", "holdfast");
const skip = findProgram("script") === null ? "no script" : whyNoLab();

test("top draws on a terminal that does not know its size, and gives the screen back when it is ended", {
  skip,
}, async () => {
  const sandbox = await Sandbox.open();
  try {
    const out = await sandbox.runOk([
      "sh",
      "-c",
      `echo > /run/a.conf
${HOLDFAST} -nlG -f /run/a.conf 2> /run/a.log & D=$!
for i in $(seq 200); do [ -S /run/holdfast/control.sock ] && break; sleep 0.05; done
echo 'timeout --foreground --preserve-status 3 ${HOLDFAST} top -n 0.2; echo status $?' > /run/look.sh
script -qec 'stty rows 0 cols 0; sh /run/look.sh' /dev/null < /dev/null
kill $D; wait $D; true`,
    ]);
    assert.match(out, /holdfast \d+\.\d+\.\d+, pid \d+/);
    assert.match(out, /Startup complete/);
    assert.ok(out.endsWith("\u001b[?25h\u001b[?1049lstatus 0\r\n"), out);
  } finally {
    await sandbox.close();
  }
});
