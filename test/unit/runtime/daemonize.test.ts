import assert from "node:assert/strict";
import { test } from "node:test";
import { launchDaemon, takeStartReporter } from "../../../src/runtime/daemonize.ts";

/** The child's side, as a script: descriptor 3 is the status pipe. */
function tell(line: string): string {
  return `require("fs").writeSync(3, ${JSON.stringify(`${line}\n`)});`;
}
const STAY = "setTimeout(() => {}, 20_000);";
const CLOSE = 'require("fs").closeSync(3);';

interface Launched {
  readonly exitCode: number;
  readonly said: readonly string[];
}

async function launch(script: string, patienceMs = 10_000): Promise<Launched> {
  const said: string[] = [];
  const environment = { ...process.env };
  const say = (text: string): void => {
    said.push(text);
    const pid = /^pid (\d+)$/.exec(text)?.[1];
    if (pid !== undefined) pids.push(Number(pid));
  };
  const exitCode = await launchDaemon({ words: ["-e", script], environment, say, patienceMs });
  return { exitCode, said };
}

/** Daemons that stay have to be ended here. */
const pids: number[] = [];
const SAY_PID = 'require("fs").writeSync(3, JSON.stringify({say: "pid " + process.pid}) + "\\n");';

test.after(() => {
  for (const pid of pids) process.kill(pid, "SIGKILL");
});

test("a daemon that is up lets the command return with 0", async () => {
  const { exitCode, said } = await launch(`${SAY_PID}${tell('{"up":true}')}${CLOSE}${STAY}`);
  assert.equal(exitCode, 0);
  assert.equal(said.length, 1);
});

test("a daemon that fails hands over its message and its code", async () => {
  const result = await launch(`${tell('{"say":"no file"}')}${tell('{"exit":6}')}process.exit(6);`);
  assert.deepEqual(result, { exitCode: 6, said: ["no file"] });
  const second = await launch(`${tell('{"say":"already running"}')}${tell('{"exit":0}')}process.exit(0);`);
  assert.deepEqual(second, { exitCode: 0, said: ["already running"] });
});

test("a daemon that ends without a word is an error, whatever its code", async () => {
  const quiet = await launch("process.exit(0)");
  assert.deepEqual(quiet, { exitCode: 1, said: ["holdfast: the daemon ended with code 0 before it was up"] });
  const coded = await launch("process.exit(7)");
  assert.equal(coded.exitCode, 7);
  const killed = await launch('process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 1000)');
  assert.deepEqual(killed, { exitCode: 1, said: ["holdfast: the daemon ended by SIGKILL before it was up"] });
});

test("the command does not wait for ever", async () => {
  const { exitCode, said } = await launch(`${SAY_PID}${STAY}`, 400);
  assert.equal(exitCode, 0);
  assert.match(said.at(-1) ?? "", /still starting in the background, pid \d+/);
});

test("rubbish on the pipe is passed over", async () => {
  const { exitCode } = await launch(`${tell("rubbish")}${tell("null")}${tell('{"exit":4}')}process.exit(4);`);
  assert.equal(exitCode, 4);
});

test("only a process started that way has a reporter, and the variable goes no further", () => {
  assert.equal(takeStartReporter({}), null);
  const environment: NodeJS.ProcessEnv = { HOLDFAST_STATUS_FD: "17" };
  assert.equal(takeStartReporter(environment), null);
  assert.deepEqual(environment, {});
});
