import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import type { InterfaceAddress } from "../../src/native/contract.ts";
import { ADDON_PATH, addon, typeErrorNaming } from "./netlink-helpers.ts";

/** The addon as an untyped caller sees it. */
function untyped(): { openRtnetlink: () => Record<string, (...words: unknown[]) => unknown> } {
  return addon as unknown as ReturnType<typeof untyped>;
}

const ADDRESS: InterfaceAddress = {
  // No link has this number: nothing here changes the machine.
  ifindex: 2_147_483_647,
  family: "inet",
  address: "192.0.2.1",
  prefixLength: 32,
  scope: 0,
  label: null,
  broadcast: null,
  peer: null,
};

function openSockets(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("rtnetlink misuse", () => {
  const WRONG: readonly [string, Record<string, unknown>][] = [
    ["ifindex", { ifindex: 0 }],
    ["ifindex", { ifindex: 1.5 }],
    ["ifindex", { ifindex: 2 ** 31 }],
    ["ifindex", { ifindex: "1" }],
    ["family", { family: "inet7" }],
    ["family", { family: undefined }],
    ["address", { address: "::1" }],
    ["address", { address: "300.0.0.1" }],
    ["address", { address: null }],
    ["prefixLength", { prefixLength: 33 }],
    ["prefixLength", { prefixLength: -1 }],
    ["prefixLength", { family: "inet6", address: "::1", prefixLength: 129 }],
    ["scope", { scope: 256 }],
    ["label", { label: "sixteen-octets-0" }],
    ["label", { label: undefined }],
    ["broadcast", { broadcast: "all" }],
    ["peer", { peer: "::2" }],
  ];
  for (const [field, wrong] of WRONG) {
    it(`address ${JSON.stringify(wrong)} names ${field}`, () => {
      const rtnetlink = untyped().openRtnetlink();
      const commands = [{ kind: "address-add", address: { ...ADDRESS, ...wrong } }];
      assert.throws(() => rtnetlink["apply"]?.(commands), typeErrorNaming(`commands[0].address.${field}`));
      rtnetlink["close"]?.();
    });
  }

  it("commands that are none are refused as a whole", () => {
    const rtnetlink = untyped().openRtnetlink();
    const good = { kind: "address-delete", address: ADDRESS };
    for (const [words, field] of [
      [[], "commands"],
      [[{}], "commands"],
      [["address-add"], "commands"],
      [[[good, null]], "commands[1]"],
      [[[good, good, { kind: "flush", address: ADDRESS }]], "commands[2].kind"],
      [[[{ kind: "address-add" }]], "commands[0].address"],
    ] as const) {
      assert.throws(() => rtnetlink["apply"]?.(...words), typeErrorNaming(field));
    }
    const angry = Object.defineProperty({}, "kind", {
      get: () => {
        throw new RangeError("mine");
      },
    });
    assert.throws(() => rtnetlink["apply"]?.([angry]), { name: "RangeError", message: "mine" });
    rtnetlink["close"]?.();
  });

  it("close is idempotent; everything else throws ERR_CLOSED after it", () => {
    const before = openSockets();
    const rtnetlink = addon.openRtnetlink();
    assert.equal(openSockets(), before + 1);
    rtnetlink.close();
    rtnetlink.close();
    assert.equal(openSockets(), before);
    for (const use of [() => rtnetlink.links(), () => rtnetlink.addresses(), () => rtnetlink.apply([])]) {
      assert.throws(use, { code: "ERR_CLOSED", errno: null, syscall: null });
    }
  });

  it("without the capability each command is refused, and reading still works", () => {
    const code = `
      const addon = require(${JSON.stringify(ADDON_PATH)});
      if (process.geteuid() === 0) process.seteuid(65534);
      const rtnetlink = addon.openRtnetlink();
      const command = { kind: "address-delete", address: ${JSON.stringify(ADDRESS)} };
      Promise.all([rtnetlink.apply([command, command]), rtnetlink.links()]).then(([results, links]) =>
        console.log(results.map((result) => result.syscall + " " + result.code).join(), links.length > 0));`;
    const child = spawnSync(process.execPath, ["-e", code], { encoding: "utf8", timeout: 10_000 });
    assert.equal(child.stdout, "RTM_DELADDR EPERM,RTM_DELADDR EPERM true\n");
  });

  it("a foreign this is refused", () => {
    const rtnetlink = untyped().openRtnetlink();
    for (const method of ["links", "addresses", "apply", "close"]) {
      assert.throws(() => rtnetlink[method]?.call({}, []), TypeError);
    }
    rtnetlink["close"]?.();
  });

  it("is collected when forgotten, work under way included", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const before = openSockets();
    const promises = Array.from({ length: 50 }, () => addon.openRtnetlink().links());
    collect();
    const lists = await Promise.all(promises);
    assert.ok(lists.every((links) => links.some((link) => link.isLoopback)));
    // Finalizers run some turns of the loop after the collection.
    for (let turn = 0; turn < 100 && openSockets() > before; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(openSockets(), before);
  });
});

describe("rtnetlink and its environment", { timeout: 30_000 }, () => {
  const BUSY = `
    const addon = require(${JSON.stringify(ADDON_PATH)});
    const rtnetlink = addon.openRtnetlink();
    const batch = new Array(2000).fill({ kind: "address-delete", address: ${JSON.stringify(ADDRESS)} });
    const work = [];
    for (let round = 0; round < 20; round++) work.push(rtnetlink.apply(batch), rtnetlink.links());`;

  for (const [name, end, status] of [
    ["exit", "process.exit(7)", 7],
    ["exit while settling", "work[0].then(() => process.exit(7))", 7],
    ["an uncaught error", "throw new Error('x')", 1],
    ["an uncaught error while settling", "work[0].then(() => { throw new Error('x') })", 1],
    ["the end of the script, all work done", "Promise.all(work).then((all) => { process.exitCode = all.length })", 40],
    ["close at the end", "rtnetlink.close(); Promise.all(work).then((all) => { process.exitCode = all.length })", 40],
  ] as const) {
    it(`${name} ends the process in order`, () => {
      const child = spawnSync(process.execPath, ["-e", `${BUSY}\n${end}`], { timeout: 20_000 });
      assert.deepEqual([child.signal, child.status], [null, status]);
    });
  }

  it("works in a worker that is terminated at any moment, and again in the next", async () => {
    const tell = 'require("node:worker_threads").parentPort.postMessage';
    for (let round = 0; round < 10; round++) {
      const code = `${BUSY}\nwork[${round * 3}].then((result) => ${tell}(result.length))`;
      const worker = new Worker(code, { eval: true });
      const length = await new Promise<number>((resolve, reject) =>
        worker.once("message", resolve).once("error", reject),
      );
      assert.ok(length > 0);
      await worker.terminate();
    }
  });
});
