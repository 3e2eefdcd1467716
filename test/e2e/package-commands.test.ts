import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { examplesOf, type Fence } from "../helpers/examples.ts";
import type { Finished } from "../helpers/process.ts";
import { run } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { NamespaceHolder } from "../lab/sandbox.ts";

/**
 * The commands of the pages that install something, as they stand there, in this machine's own files under a layer that is
 * thrown away: apt really takes keepalived out and puts holdfast in. No service manager runs there, so nothing is started.
 */

/** Whoever asks back is answered by this: nobody sits there. */
const APT = 'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false"; DPkg::Use-Pty "false";';

const SETUP = `
set -e
names=$(cat /etc/resolv.conf 2> /dev/null || true)
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root /mnt/upper2 /mnt/work2
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
if [ ! -e "/mnt/root$1/package.json" ]; then
  mkdir -p "/mnt/root$1"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper2,workdir=/mnt/work2" "/mnt/root$1"
fi
cd /mnt/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs tmp
rm -f etc/resolv.conf
echo "$names" > etc/resolv.conf
echo '${APT}' > etc/apt/apt.conf.d/99answers
rm -rf run/systemd srv/app
exec chroot . sh -c 'echo ready; exec cat'
`;

function whyNoLayer(): string | false {
  if (process.getuid?.() !== 0) return "needs root for namespaces";
  if (findProgram("apt") === null) return "needs apt";
  const look =
    "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r";
  const { status, stderr } = spawnSync("unshare", ["-m", "-p", "--fork", "sh", "-c", look], { encoding: "utf8" });
  return status === 0 ? false : `needs namespaces and overlayfs: ${stderr.trim()}`;
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync("dpkg", ["-s", name], { encoding: "utf8" });
  return /^Status: install ok installed$/m.test(stdout);
}

/** The registry or the package source is out of reach: that is no fault of the command's. */
const OFFLINE = /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|Temporary failure|Could not resolve|Failed to fetch/;

describe("commands that install", { skip: whyNoLayer() }, () => {
  let holder: NamespaceHolder;
  before(async () => {
    const words = [
      "unshare",
      "-m",
      "-p",
      "-u",
      "-i",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "sh",
      "-c",
      SETUP,
      "sh",
      ROOT,
    ];
    holder = await NamespaceHolder.start(words);
  });
  after(() => holder.close());

  const inLayer = (command: string): Promise<Finished> =>
    run(holder.enter(["bash", "-c", `cd ${ROOT}\n${command}`]), { timeoutMs: 400_000 });

  /** @returns false when it was skipped */
  async function follow(page: string, fence: Fence, skip: (reason: string) => void): Promise<boolean> {
    const examples = examplesOf(page, fence);
    assert.ok(examples.length > 0);
    for (const { command, output } of examples) {
      const { status, stdout, stderr } = await inLayer(command);
      const said = `${command}\n${stdout}${stderr}`;
      if (status !== 0 && OFFLINE.test(said)) {
        skip(`no package source: ${command}`);
        return false;
      }
      assert.equal(status, 0, said);
      for (const line of output.split("\n").filter((text) => text !== "")) assert.ok(said.includes(line), said);
    }
    return true;
  }

  test("the packages for this machine", {
    timeout: 480_000,
    skip: isInstalled("nodejs") ? false : "Node is no Debian package here, so apt can't know it",
  }, async (context) => {
    const hadKeepalived = isInstalled("keepalived");
    if (!(await follow("installation.md", "console package", (reason) => context.skip(reason)))) return;
    const statusOf = async (name: string): Promise<string> => (await inLayer(`dpkg -s ${name}`)).stdout;
    assert.match(await statusOf("holdfast"), /^Status: install ok installed$/m);
    assert.doesNotMatch(await statusOf("keepalived"), /^Status: install ok installed$/m);
    assert.equal(isInstalled("keepalived"), hadKeepalived, "the machine itself has changed");
  });

  test("the packages for arm64", {
    timeout: 600_000,
    skip: findProgram("aarch64-linux-gnu-g++") === null && "no cross compiler (npm run prebuild:arm64 installs it)",
  }, async (context) => {
    await follow("installation.md", "console arm64", (reason) => context.skip(reason));
  });

  test("MIB files without keepalived", { timeout: 120_000 }, async (context) => {
    await follow("snmp.md", "console download", (reason) => context.skip(reason));
  });
});
