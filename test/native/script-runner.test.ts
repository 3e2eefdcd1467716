import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ScriptUser } from "../../src/model/command.ts";
import { runnerProgram } from "../../src/native/load.ts";
import { resolveCommand } from "../../src/runtime/script-command.ts";
import { createScriptRunner, type ScriptEnd, type ScriptRunner } from "../../src/runtime/script-runner.ts";
import { waitUntil } from "../helpers/event-log.ts";
import { childrenOf } from "../helpers/process.ts";

const PLACE = { file: "test", line: 1, column: 1 };

interface Outcome {
  readonly end: ScriptEnd;
  readonly isTimedOut: boolean;
}

describe("ScriptRunner", () => {
  let folder = "";
  let runner: ScriptRunner;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-scripts-"));
    process.env["LD_LIBRARY_PATH"] = "/nowhere";
    runner = createScriptRunner({ program: runnerProgram(), log: () => undefined });
    runner.open();
  });

  after(() => {
    runner.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function script(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  function run(argv: readonly string[], timeoutMs = 0, user: ScriptUser | null = null) {
    return new Promise<Outcome>((resolve) => {
      let isTimedOut = false;
      const start = { ...resolveCommand({ argv, user, place: PLACE }), timeoutMs };
      runner.start(start, {
        onTimeout: () => {
          isTimedOut = true;
        },
        onEnd: (end) => resolve({ end, isTimedOut }),
      });
    });
  }

  test("a script has the groups it is given, or its first one alone", { skip: process.getuid?.() !== 0 }, async () => {
    const out = join(folder, "groups");
    writeFileSync(out, "");
    chmodSync(out, 0o666);
    chmodSync(folder, 0o755);
    const path = script("groups.sh", `#!/bin/sh\nid -G > ${out}\n`);
    await run([path], 0, { uid: 65534, gid: 65534 });
    assert.equal(readFileSync(out, "utf8"), "65534\n");
    await run([path], 0, { uid: 65534, gid: 65534, groups: [65534, 7, 9] });
    assert.equal(readFileSync(out, "utf8"), "65534 7 9\n");
  });

  test("a link is followed, unless it is to be run by its own path", async () => {
    const out = join(folder, "name");
    const real = script("real.sh", `#!/bin/sh\necho "$0" > ${out}\n`);
    const link = join(folder, "link.sh");
    symlinkSync(real, link);
    const runLink = (how: { isRunByLink?: true }): Promise<void> =>
      new Promise((resolve) => {
        const start = { ...resolveCommand({ argv: [link], user: null, place: PLACE, ...how }), timeoutMs: 0 };
        runner.start(start, { onEnd: () => resolve() });
      });
    await runLink({});
    assert.equal(readFileSync(out, "utf8"), `${realpathSync(real)}\n`);
    await runLink({ isRunByLink: true });
    assert.equal(readFileSync(out, "utf8"), `${link}\n`);
  });

  test("hands words over as they are and reports the exit status", async () => {
    const out = join(folder, "words");
    const path = script("words.sh", `#!/bin/sh\nprintf '%s|' "$@" > ${out}\nexit 7\n`);
    const { end } = await run([path, "a 'b", 'c"d', "", "$HOME"]);
    assert.deepEqual(end, { kind: "exited", status: 7 });
    assert.equal(readFileSync(out, "utf8"), `a 'b|c"d||$HOME|`);
  });

  test("gives a script its own group, quiet streams, no unwanted variables and no descriptors", async () => {
    const out = join(folder, "facts");
    const path = script(
      "facts.sh",
      `#!/bin/sh\nexec 9>${out}\necho "$(cut -d' ' -f5 /proc/$$/stat) $$" >&9\nreadlink /proc/$$/fd/0 >&9\nenv | grep -c LD_LIBRARY >&9\nls -l /proc/$$/fd | grep -c 'socket\\|anon_inode' >&9\ngrep SigIgn /proc/$$/status >&9\n`,
    );
    await run([path]);
    const [group = "", stream, variables, descriptors, ignored] = readFileSync(out, "utf8").trim().split("\n");
    assert.equal(group.split(" ")[0], group.split(" ")[1]);
    assert.equal(stream, "/dev/null");
    assert.equal(variables, "0");
    assert.equal(descriptors, "0");
    assert.match(ignored ?? "", /SigIgn:\t0+$/);
  });

  test("runs as the user it was given", { skip: process.getuid?.() !== 0 && "needs root" }, async () => {
    const path = script("user.sh", `#!/bin/sh\n[ "$(id -u):$(id -g):$(id -G)" = 65534:65534:65534 ]\n`);
    chmodSync(folder, 0o755);
    const { end } = await run([path], 0, { uid: 65534, gid: 65534 });
    assert.equal(end.kind === "exited" && end.status, 0);
  });

  test("tells a script that could not be started from one that failed", async () => {
    const { end } = await run([join(folder, "missing")]);
    assert.deepEqual(end, { kind: "not-started", reason: "ENOENT" });
  });

  test("gives a file without interpreter to the shell, and tests that </path can be opened", async () => {
    const path = join(folder, "plain");
    writeFileSync(path, `[ "$1" = "it's" ] && exit 5\n`);
    chmodSync(path, 0o755);
    assert.deepEqual((await run([path, "it's"])).end, { kind: "exited", status: 5 });
    const opened = (await run([`<${path}`])).end;
    assert.equal(opened.kind === "exited" && opened.status, 0);
    const missing = (await run([`<${path}x`])).end;
    assert.notEqual(missing.kind === "exited" && missing.status, 0);
  });

  test("ends a whole group at the deadline, by force if it must", async () => {
    const pids = join(folder, "pids");
    const path = script("slow.sh", `#!/bin/sh\ntrap '' TERM\nsleep 60 &\necho $! > ${pids}\nwait\nsleep 60\n`);
    const outcome = await run([path], 50);
    assert.deepEqual(outcome, { end: { kind: "signalled", signal: 9 }, isTimedOut: true });
    const pid = Number(readFileSync(pids, "utf8"));
    await waitUntil("the background process to end", () => (existsSync(`/proc/${pid}/cwd`) ? null : true));
  });

  test("makes FIFOs whatever the umask is", async () => {
    const path = join(folder, "fifo");
    assert.equal(await runner.makeFifo(path, 0o644, null), null);
    assert.equal(statSync(path).isFIFO(), true);
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.equal(await runner.makeFifo(path, 0o644, null), "EEXIST");
  });

  test("starts the helper anew when it died; what ran counts as not started", async () => {
    const own = createScriptRunner({ program: runnerProgram(), log: () => undefined });
    own.open();
    const path = script("sleep.sh", "#!/bin/sh\nexec sleep 60\n");
    const ends: ScriptEnd[] = [];
    const before = new Set(childrenOf(process.pid));
    own.start({ file: path, argv: [path], user: null, timeoutMs: 0 }, { onEnd: (end) => void ends.push(end) });
    const helper = [...before].at(-1) ?? 0;
    const child = await waitUntil("the script", () => childrenOf(helper)[0] ?? null);
    process.kill(helper, "SIGKILL");
    await waitUntil("the loss to be noticed", () => (ends.length > 0 ? true : null));
    assert.equal(ends[0]?.kind, "not-started");
    await waitUntil("the script to die with the helper", () => (existsSync(`/proc/${child}/cwd`) ? null : true));
    const isBack = (): Promise<boolean> =>
      new Promise((resolve) => {
        const start = { file: "/bin/true", argv: ["true"], user: null, timeoutMs: 0 };
        own.start(start, { onEnd: (end) => resolve(end.kind === "exited" && end.status === 0) });
      });
    let attempts = 0;
    while (!(await isBack())) {
      attempts += 1;
      assert.ok(attempts < 1_000, "the helper did not come back");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    own.close();
  });
});
