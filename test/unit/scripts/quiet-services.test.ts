import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../helpers/repository.ts";

const { servicesIn, withoutServiceStarts } = (await import(
  pathToFileURL(join(ROOT, "scripts/quiet-services.mjs")).href
)) as {
  readonly servicesIn: (listing: string) => readonly string[];
  readonly withoutServiceStarts: <Result>(body: () => Result, policy: string) => Result;
};

test("while packages are installed their services are forbidden, afterwards the machine is as it was", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-policy-"));
  try {
    const policy = join(folder, "policy-rc.d");
    const answer = (): number | null => spawnSync(policy, ["nginx", "start"]).status;
    assert.equal(withoutServiceStarts(answer, policy), 101);
    assert.equal(existsSync(policy), false);
    assert.throws(() => {
      withoutServiceStarts(() => {
        throw new Error("no network");
      }, policy);
    }, /no network/);
    assert.equal(existsSync(policy), false);
    writeFileSync(policy, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const { ino } = statSync(policy);
    assert.equal(withoutServiceStarts(answer, policy), 0);
    assert.equal(statSync(policy).ino, ino);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("units of packages are found where Debian 12 and 13 put them, without templates and user units", () => {
  const listing = `/.
/lib/systemd/system/keepalived.service
/usr/lib/systemd/system/nginx.service
/usr/lib/systemd/system/nginx.service
/usr/lib/systemd/system/getty@.service
/usr/lib/systemd/system/exim4-base.timer
/usr/lib/systemd/user/podman.socket
/usr/lib/systemd/system/nginx.service.d/own.conf
/usr/sbin/nginx
`;
  assert.deepEqual(servicesIn(listing), ["exim4-base.timer", "keepalived.service", "nginx.service"]);
});
