import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SnmpAgent } from "../../../src/runtime/snmp-agent.ts";
import { scalars } from "../../../src/snmp/mib.ts";
import { integer } from "../../../src/snmp/values.ts";

const ROOT = [1, 3, 6, 1, 4, 1, 9];

/** The next whole packet from the agent; they come one at a time here. */
async function packet(socket: Socket): Promise<Buffer> {
  const [chunk] = await once(socket, "data");
  assert.ok(Buffer.isBuffer(chunk));
  return chunk;
}

/** A Response without error to a packet, in session 7. */
function accepted(request: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, 20));
  header[1] = 18;
  header.writeUInt32BE(7, 4);
  header.writeUInt32BE(8, 16);
  return Buffer.concat([header, Buffer.alloc(8)]);
}

test("an agent answers its master, and leaves one that sends no AgentX", { timeout: 20_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "snmp-"));
  const path = join(folder, "master");
  const server = createServer().listen(path);
  await once(server, "listening");
  const told: string[] = [];
  const timers: (() => void)[] = [];
  const agent = new SnmpAgent(
    { address: { kind: "unix", path }, place: path, session: { id: ROOT, description: "test", subtrees: [ROOT] } },
    {
      findWritable: async () => () => null,
      view: async () => scalars(ROOT, { 1: () => integer(5) }),
      log: { info: (message) => told.push(message), warning: (message) => told.push(message) },
      after: (_, callback) => {
        timers.push(callback);
        return () => timers.splice(timers.indexOf(callback), 1);
      },
    },
  );
  try {
    agent.start();
    const [master] = await once(server, "connection");
    for (const type of [1, 3]) {
      const request = await packet(master);
      assert.equal(request[1], type);
      master.write(accepted(request));
    }
    const ask = "01051000" + "00000007" + "00000001" + "00000001" + "00000018";
    master.write(Buffer.from(`${ask}040400000000000100000009000000010000000000000000`, "hex"));
    const answer = await packet(master);
    assert.equal(answer[1], 18);
    assert.ok(answer.toString("hex").includes("0002000004040000"), answer.toString("hex"));
    assert.ok(answer.toString("hex").endsWith("00000005"), answer.toString("hex"));

    master.write(Buffer.alloc(40, 0xff));
    await once(master, "end");
    assert.deepEqual(told, ["snmp connected", "snmp packet refused"]);
    master.destroy();
    timers.at(-1)?.();
    await once(server, "connection");
  } finally {
    agent.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
