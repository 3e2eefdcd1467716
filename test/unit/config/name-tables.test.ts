import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";

const FILES = {
  "/usr/share/iproute2/rt_tables": "100 shared\n",
  "/etc/iproute2/rt_tables": "200 shared\n201 own\n",
  "/etc/iproute2/rt_tables.d/more.conf": "202 dropped\n",
  "/etc/iproute2/rt_tables.d/more.txt": "203 ignored\n",
  "/opt/usr/rt_tables": "300 shared\n301 vendor\n",
  "/opt/etc/rt_tables": "0x190 shared # 400\n",
};

/** The table of a static route that names it so; null when nobody knows the name. */
function tableOf(name: string, ...globals: readonly string[]): number | null {
  const text = `global_defs {\n${globals.join("\n")}\n}\nstatic_routes {\n 10.1.0.0/24 dev eth0 table ${name}\n}\n`;
  const { configuration } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { ...FILES, "/a.conf": text } }),
  );
  return configuration.staticRoutes[0]?.table ?? null;
}

test("the administrator's names stand above the vendor's, and a folder of files adds to them", () => {
  assert.equal(tableOf("shared"), 200);
  assert.equal(tableOf("own"), 201);
  assert.equal(tableOf("dropped"), 202);
  assert.equal(tableOf("ignored"), null);
  assert.equal(tableOf("vendor"), null);
});

test("iproute_usr_dir and iproute_etc_dir take the places of the usual folders", () => {
  assert.equal(tableOf("shared", "iproute_usr_dir /opt/usr"), 200);
  assert.equal(tableOf("vendor", "iproute_usr_dir /opt/usr"), 301);
  assert.equal(tableOf("shared", "iproute_etc_dir /opt/etc"), 400);
  assert.equal(tableOf("own", "iproute_etc_dir /opt/etc"), null);
  assert.equal(tableOf("shared", "iproute_usr_dir /opt/usr", "iproute_etc_dir /nowhere"), 300);
});
