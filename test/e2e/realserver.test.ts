import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Finished } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

const skip = whyNoLab();
const HOLDFAST = join(ROOT, "bin", "holdfast");
const SETTINGS = "cat /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce | tr -d '\\n'";

let sandbox: Sandbox;

function realserver(words: string, prefix = ""): Promise<Finished> {
  return sandbox.run(["sh", "-c", `${prefix} ${HOLDFAST} realserver ${words}`]);
}

function sh(script: string): Promise<string> {
  return sandbox.runOk(["sh", "-c", script]);
}

function addresses(): Promise<string> {
  return sh("ip -o addr show lo | grep -o 'inet6\\? [^ ]*' | sort");
}

before(async () => {
  if (skip !== false) return;
  sandbox = await Sandbox.open();
  // One setting is not what the kernel starts with: it has to come back.
  await sh("echo 1 > /proc/sys/net/ipv4/conf/lo/arp_announce");
});
after(async () => {
  if (skip === false) await sandbox.close();
});

test("up, up again, status, down: as found before", { skip }, async () => {
  const before = [await sh(SETTINGS), await addresses()];
  const up = await realserver("up 192.168.1.100 192.168.1.101/32");
  assert.equal(up.status, 0, up.stderr);
  assert.match(up.stdout, /added 192\.168\.1\.100\/32 on lo\n/);
  assert.match(await addresses(), /192\.168\.1\.100\/32[\s\S]*192\.168\.1\.101\/32/);
  const again = await realserver("up 192.168.1.100");
  assert.deepEqual([again.status, again.stdout], [0, "nothing to do\n"]);
  const status = await realserver("status");
  assert.equal(status.status, 0);
  assert.match(status.stdout, /VIP 192\.168\.1\.101 on lo +there +yes\n[\s\S]*arp_announce +2 +yes\n[\s\S]*ready\n$/);
  const partly = await realserver("down 192.168.1.101");
  assert.equal(partly.status, 0);
  assert.equal((await realserver("status 192.168.1.100")).status, 0);
  const down = await realserver("down");
  assert.equal(down.status, 0, down.stderr);
  assert.deepEqual([await sh(SETTINGS), await addresses()], before);
  assert.equal(await sh("ls /run"), "");
});

test("status tells scripts whether the machine is ready", { skip }, async () => {
  const none = await realserver("status");
  assert.equal(none.status, 3);
  const json = await realserver("status --json 192.168.1.100");
  assert.equal(json.status, 3);
  const report: Record<string, unknown> = JSON.parse(json.stdout);
  assert.equal(report["isReady"], false);
  assert.deepEqual(report["addresses"], [{ address: "192.168.1.100", isPresent: false }]);
});

test("the saved state is private, and what somebody planted there is refused", { skip }, async () => {
  await realserver("up 192.168.1.100");
  assert.equal(await sh("stat -c '%a %U' /run/holdfast /run/holdfast/*"), "700 root\n600 root\n");
  await sh("cd /run/holdfast && for f in *; do mv $f /run/kept; ln -s /run/kept $f; done");
  const planted = await realserver("down");
  assert.equal(planted.status, 1);
  assert.match(planted.stderr, /^holdfast: \/run\/holdfast\/realserver-\d+\.json is a symbolic link; look at it/);
  assert.match(await addresses(), /192\.168\.1\.100/);
  await sh("cd /run/holdfast && for f in *; do rm $f; mv /run/kept $f; done");
  assert.equal((await realserver("down")).status, 0);
});

test("bad words and missing permission change nothing", { skip }, async () => {
  const before = [await sh(SETTINGS), await addresses()];
  const cases: readonly (readonly [words: string, prefix: string, message: RegExp])[] = [
    ["up", "", /up needs at least one VIP/],
    ["up 192.168.1.300", "", /"192\.168\.1\.300" is not the address of a host/],
    ["up 192.168.1.100 192.168.1.0/24", "", /"192\.168\.1\.0\/24" is not the address of a host/],
    ["up 192.168.1.100", "setpriv --bounding-set -net_admin", /CAP_NET_ADMIN is needed; run as root/],
  ];
  for (const [words, prefix, message] of cases) {
    const result = await realserver(words, prefix);
    assert.equal(result.status, 1);
    assert.match(result.stderr, message);
  }
  assert.deepEqual([await sh(SETTINGS), await addresses()], before);
  assert.equal(await sh("ls /run"), "");
});
