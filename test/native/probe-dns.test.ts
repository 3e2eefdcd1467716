import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { planTargets } from "../../src/checker/targets.ts";
import type { ProbeTarget } from "../../src/native/contract.ts";
import { loadText } from "../helpers/load-text.ts";
import { RecordedLoop } from "./probe-helpers.ts";

const LIMIT = { timeout: 20_000 };

let port = 0;
let server: ChildProcess;
let recorded: RecordedLoop;

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port: found } = socket.address();
  socket.close();
  return found;
}

/** A name server that knows `up.test` and refuses all else. */
before(async () => {
  recorded = new RecordedLoop();
  port = await freePort();
  const own = ["--conf-file=/dev/null", "--no-daemon", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="];
  const where = [`--port=${port}`, "--listen-address=127.0.0.1", "--bind-interfaces"];
  server = spawn("/usr/sbin/dnsmasq", [...own, ...where, "--address=/up.test/192.0.2.1"], { stdio: "pipe" });
  if (server.stderr === null) throw new Error("stderr is a pipe");
  for await (const text of server.stderr.iterator({ destroyOnReturn: false })) if (`${text}`.includes("started")) break;
});

after(() => {
  recorded.loop.close();
  server.kill("SIGKILL");
});

/** As a configuration asks for it. */
function probeOf(words: string): ProbeTarget {
  const text = `virtual_server 192.0.2.100 53 {
  lb_kind NAT
  protocol UDP
  real_server 127.0.0.1 ${port} {
    DNS_CHECK {
      connect_timeout 1
      ${words}
    }
  }
}
`;
  const [planned] = planTargets(loadText(text).virtualServers).values();
  if (planned === undefined) throw new Error("a probe is expected");
  return planned.probe;
}

test("a name that the server knows passes", LIMIT, async () => {
  assert.equal((await recorded.probe(probeOf("type A\n      name up.test"))).reason, "ok");
});

test("an error code fails at once", LIMIT, async () => {
  const refused = await recorded.probe(probeOf("type A\n      name elsewhere.example"));
  assert.deepEqual([refused.result, refused.reason], ["failure", "mismatch"]);
  assert.ok(refused.latencyUs < 1_000_000);
});

test("a frozen server fails after the timeout", LIMIT, async () => {
  server.kill("SIGSTOP");
  const frozen = await recorded.probe(probeOf("type A\n      name up.test"));
  server.kill("SIGCONT");
  assert.deepEqual([frozen.result, frozen.reason], ["failure", "timeout"]);
});
