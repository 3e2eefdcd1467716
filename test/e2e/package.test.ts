import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { configurationManual, programManual } from "../../scripts/manual.ts";
import { run, runOk } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";

const TIMEOUT = { timeoutMs: 240_000 };
const CONFIG = "global_defs {\n router_id LAB\n}\n";

const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
after(() => rmSync(folder, { recursive: true }));

function lacking(program: string): string | false {
  return findProgram(program) === null ? `no ${program}` : false;
}

/** Without a compiler: only what Node and a shell need. */
const BARE = { ...process.env, CC: "/bin/false", CXX: "/bin/false" };

async function assertWorks(program: string): Promise<void> {
  assert.match((await run([program, "--version"], { env: BARE })).stderr, /^holdfast v/);
  const file = join(folder, "one.conf");
  writeFileSync(file, CONFIG);
  const checked = await run([program, "-t", "-f", file], { env: BARE });
  assert.deepEqual([checked.status, checked.stderr], [0, ""]);
  // Loads the addon: without permission or with, it finds no daemon to clean up after.
  const cleaned = await run([program, "cleanup", "--", "-f", join(folder, "none.conf")], { env: BARE });
  assert.match(cleaned.stderr, /none\.conf is not usable/);
}

describe("the Debian package", { skip: lacking("dpkg-deb") }, () => {
  const root = join(folder, "root");
  let deb = "";
  const dpkg = (...words: readonly string[]): Promise<string> =>
    runOk(
      ["dpkg", `--root=${root}`, "--force-depends,script-chrootless,not-root,bad-path", "--log=/dev/null", ...words],
      TIMEOUT,
    );

  before(async () => {
    await runOk([process.execPath, join(ROOT, "dist/scripts/package-deb.js"), folder], TIMEOUT);
    deb = join(folder, readdirSync(folder).find((name) => name.endsWith(".deb")) ?? "");
    mkdirSync(join(root, "var/lib/dpkg/info"), { recursive: true });
    mkdirSync(join(root, "var/lib/dpkg/updates"), { recursive: true });
    for (const name of ["status", "available"]) writeFileSync(join(root, "var/lib/dpkg", name), "");
  });

  test("takes keepalived's place and says what Node it needs", async () => {
    const fields = await runOk(["dpkg-deb", "--field", deb]);
    for (const field of ["Conflicts", "Replaces", "Provides"])
      assert.match(fields, new RegExp(`^${field}: keepalived$`, "m"));
    assert.match(fields, /^Depends: nodejs \(>= 20\.19\)/m);
    // One without the processor's name would crash V8 on another one.
    const caches = (await runOk(["dpkg-deb", "--contents", deb])).match(/dist\/bundle\/\S+\.cache/g);
    assert.deepEqual(caches, [`dist/bundle/main.${process.arch}.cache`]);
  });

  test("is installed, runs, is upgraded, removed and purged", { timeout: 240_000 }, async () => {
    await dpkg("--install", deb);
    await assertWorks(join(root, "usr/bin/holdfast"));
    await assertWorks(join(root, "usr/sbin/keepalived"));
    const depends = /libc6 \(>= 2\.(\d+)\)/.exec(await runOk(["dpkg-deb", "--field", deb, "Depends"]))?.[1];
    for (const name of ["holdfast.node", "holdfast-runner"]) {
      const octets = readFileSync(join(root, `usr/lib/holdfast/prebuilds/linux-${process.arch}`, name), "latin1");
      const versions = [...octets.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      assert.ok(versions.length > 0 && Math.max(...versions) <= Number(depends), `${name}: ${versions.join(" ")}`);
    }
    assert.match((await run([join(root, "usr/bin/genhash"), "-h"], { env: BARE })).stderr, /^Usage: genhash/);
    for (const path of [
      "usr/lib/systemd/system/holdfast.service",
      "usr/lib/systemd/system/holdfast-cleanup.service",
      "usr/share/man/man8/holdfast.8.gz",
      "usr/share/man/man5/holdfast.conf.5.gz",
      "usr/share/man/man8/keepalived.8.gz",
      "usr/share/man/man5/keepalived.conf.5.gz",
      "usr/share/bash-completion/completions/holdfast",
      "etc/keepalived",
    ])
      assert.ok(existsSync(join(root, path)), path);
    writeFileSync(join(root, "etc/keepalived/keepalived.conf"), CONFIG);
    await dpkg("--install", deb);
    await dpkg("--remove", "holdfast");
    assert.equal(existsSync(join(root, "usr/lib/holdfast")), false);
    assert.equal(readFileSync(join(root, "etc/keepalived/keepalived.conf"), "utf8"), CONFIG);
    assert.ok(existsSync(join(root, "etc/default/holdfast")));
    await dpkg("--purge", "holdfast");
    assert.equal(existsSync(join(root, "etc/default/holdfast")), false);
    assert.equal(existsSync(join(root, "usr/bin/holdfast")), false);
  });
});

test("the npm package brings its addon", { timeout: 240_000, skip: lacking("npm") }, async (context) => {
  const packed = await runOk(["npm", "pack", "--silent", "--pack-destination", folder], { cwd: ROOT, ...TIMEOUT });
  const tarball = join(folder, packed.trim().split("\n").at(-1) ?? "");
  const place = join(folder, "npm");
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), "{}");
  const words = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", tarball];
  const installed = await run(words, { cwd: place, env: BARE, ...TIMEOUT });
  if (/EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(installed.stderr)) return context.skip("no package registry");
  assert.equal(installed.status, 0, installed.stderr);
  await assertWorks(join(place, "node_modules/.bin/holdfast"));
});

describe("the manual pages", { skip: lacking("mandoc") }, () => {
  for (const [name, text] of Object.entries({
    "holdfast.8": programManual("2026-01-31"),
    "holdfast.conf.5": configurationManual("2026-01-31"),
  })) {
    test(`mandoc has no complaint about ${name}`, async () => {
      const path = join(folder, name);
      writeFileSync(path, text);
      const { stdout, stderr } = await run(["mandoc", "-Tlint", "-Wwarning", path]);
      assert.equal(stdout + stderr, "");
    });
  }
});

describe("the systemd units", { skip: lacking("systemd-analyze") }, () => {
  test("verify has no complaint, and security gives what the documentation says", async () => {
    for (const name of ["holdfast.service", "holdfast-cleanup.service"]) {
      const text = readFileSync(join(ROOT, "contrib/systemd", name), "utf8");
      writeFileSync(join(folder, name), text.replaceAll("/usr/bin/holdfast", join(ROOT, "bin/holdfast")));
    }
    const verified = await run(["systemd-analyze", "verify", "--man=no", join(folder, "holdfast.service")]);
    const own = verified.stderr.split("\n").filter((line) => line.includes("holdfast"));
    assert.deepEqual(own, []);
    const words = ["systemd-analyze", "security", "--offline=true", "--threshold=45", join(folder, "holdfast.service")];
    const { status, stdout } = await run(words);
    assert.equal(status, 0, stdout);
  });
});
