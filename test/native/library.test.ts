import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createProber, monotonicUs, openRtnetlink, probeTarget } from "holdfast";
import { blocksOf } from "../helpers/examples.ts";
import { run, runOk } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";

const EXAMPLE = join(ROOT, "examples", "probe.mjs");

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address !== "string");
  return { server, port: address.port };
}

describe("the package as a library", () => {
  it("runs the example: one server answers, one refuses, then the process ends by itself", async () => {
    const [open, shut] = [await listen(), await listen()];
    shut.server.close();
    await once(shut.server, "close");
    const words = ["127.0.0.1", String(open.port), "127.0.0.1", String(shut.port)];
    const finished = await run([process.execPath, EXAMPLE, ...words]);
    open.server.close();
    assert.equal(finished.stderr, "");
    assert.equal(finished.status, 0);
    assert.deepEqual(
      finished.stdout.trim().split("\n").sort(),
      [
        `{"address":"127.0.0.1","port":${open.port},"result":"success","reason":"ok"}`,
        `{"address":"127.0.0.1","port":${shut.port},"result":"failure","reason":"refused"}`,
      ].sort(),
    );
  });

  it("has what the page imports", async () => {
    const [program = ""] = blocksOf("library.md", "js");
    const names = /\{(.*)\}/.exec(program)?.[1]?.trim() ?? "";
    const look = `${program}for (const one of [${names}]) console.log(typeof one);`;
    const said = await runOk([process.execPath, "--input-type=module", "-e", look], { cwd: ROOT });
    assert.equal(said, "function\n".repeat(names.split(",").length));
  });

  it("tells how the example is used", async () => {
    const finished = await run([process.execPath, EXAMPLE]);
    assert.equal(finished.status, 2);
    assert.match(finished.stderr, /^usage: /);
  });

  it("completes a target", () => {
    assert.deepEqual(probeTarget({ kind: "icmp", address: "2001:db8::1", fwmark: 7 }), {
      kind: "icmp",
      family: "inet6",
      address: "2001:db8::1",
      port: 0,
      bindAddress: null,
      bindPort: 0,
      bindInterface: null,
      fwmark: 7,
      timeoutUs: 5_000_000,
    });
  });

  it("refuses bad options by name", () => {
    assert.throws(() => createProber(() => undefined, { maxInFlight: 0 }), /options\.maxInFlight/);
  });

  it("reads the links of the machine", async () => {
    const rtnetlink = openRtnetlink();
    const links = await rtnetlink.links();
    rtnetlink.close();
    assert.ok(links.some(({ name, isLoopback }) => name === "lo" && isLoopback));
  });

  it("has a clock that does not go back", () => {
    const before = monotonicUs();
    assert.ok(monotonicUs() >= before);
  });
});
