import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { CONTRACT_VERSION } from "../../src/native/contract.ts";
import { loadNative } from "../../src/native/load.ts";
import { ADDON_PATH, addon } from "./netlink-helpers.ts";

function withAddonPath(path: string, body: () => void): void {
  const before = process.env["HOLDFAST_ADDON"];
  process.env["HOLDFAST_ADDON"] = path;
  try {
    body();
  } finally {
    if (before === undefined) delete process.env["HOLDFAST_ADDON"];
    else process.env["HOLDFAST_ADDON"] = before;
  }
}

describe("loading the addon", () => {
  it("gives an addon of this contract, the same one each time", () => {
    assert.equal(addon.contractVersion, CONTRACT_VERSION);
    assert.equal(loadNative(), addon);
  });

  it("a missing addon says which command makes it", () => {
    withAddonPath("/nonexistent/holdfast.node", () => {
      assert.throws(loadNative, /\/nonexistent\/holdfast\.node is missing; run: npm run build:native/);
    });
  });

  it("an addon of another contract says so and what to do", () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-load-"));
    const path = join(folder, "old.cjs");
    writeFileSync(path, "module.exports = { contractVersion: 0 };");
    try {
      withAddonPath(path, () => {
        const words = `speaks contract 0, this program ${CONTRACT_VERSION}; run: npm run build:native`;
        assert.throws(loadNative, new RegExp(words));
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("loads in workers side by side, each with classes of its own", async () => {
    const code = `
      const addon = require(${JSON.stringify(ADDON_PATH)});
      const table = addon.openRtnetlink();
      table.links().then((links) => {
        require("node:worker_threads").parentPort.postMessage(links.length);
        table.close();
      });`;
    const counts = await Promise.all(
      Array.from({ length: 4 }, () => {
        const worker = new Worker(code, { eval: true });
        return new Promise<number>((resolve, reject) => worker.once("message", resolve).once("error", reject));
      }),
    );
    assert.ok(counts.every((count) => count > 0));
  });

  it("does not keep a process alive by being loaded or opened", () => {
    const code = `require(${JSON.stringify(ADDON_PATH)}).openRtnetlink()`;
    const child = spawnSync(process.execPath, ["-e", code], { timeout: 10_000 });
    assert.deepEqual([child.signal, child.status], [null, 0]);
  });
});
