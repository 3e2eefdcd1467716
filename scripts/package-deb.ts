/**
 * Builds holdfast_VERSION_ARCH.deb.
 * Usage: npm run package:deb [-- [--arm64] [FOLDER]]   (FOLDER: where it goes; the repository's root without)
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { renderCompletion } from "../src/cli/completion.ts";
import { VERSION } from "../src/runtime/version.ts";
import { ROOT } from "../test/helpers/repository.ts";
import { configurationManual, programManual } from "./manual.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const HOME = "usr/lib/holdfast";
const UNITS = "usr/lib/systemd/system";
/** Only for compiling the addon. */
const NOT_AT_RUN_TIME = ["node_modules/node-addon-api"];

function control(architecture: string): string {
  return `Package: holdfast
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: holdfast developers <holdfast@localhost>
Section: net
Priority: optional
Depends: nodejs (>= 20.19), libc6 (>= 2.36)
Recommends: nftables, kmod
Suggests: ipvsadm
Provides: keepalived
Conflicts: keepalived
Replaces: keepalived
Description: VRRP failover, IPVS load balancing and health checks
 A drop-in replacement for keepalived: the same configuration, the same command
 line, the same effect on the network.
`;
}

/**
 * The new program takes over by the way of a crash: a daemon that is killed leaves everything in place, and the one that
 * the service manager starts at once adopts it. An orderly restart would give the addresses away.
 */
const POSTINST = `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \\([0-9]*\\).*/\\1/p')
if [ "\${version:-0}" -ge 254 ]; then
  mkdir -p "$DPKG_ROOT/${UNITS}/holdfast.service.d"
  ln -sf /${HOME}/contrib/systemd/notify-reload.conf "$DPKG_ROOT/${UNITS}/holdfast.service.d/notify-reload.conf"
fi
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload
if [ -z "$2" ]; then
  systemctl enable --now holdfast.service || echo "holdfast: see systemctl status holdfast" >&2
elif systemctl is-active --quiet holdfast.service; then
  systemctl kill --kill-who=main --signal=KILL holdfast.service
fi
`;

const PRERM = `#!/bin/sh
set -e
[ "$1" = remove ] || exit 0
rm -f "$DPKG_ROOT/${UNITS}/holdfast.service.d/notify-reload.conf"
rmdir "$DPKG_ROOT/${UNITS}/holdfast.service.d" 2>/dev/null || true
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl disable --now holdfast.service
`;

const POSTRM = `#!/bin/sh
set -e
if [ "$1" = purge ]; then rm -rf "$DPKG_ROOT/var/lib/holdfast"; fi
[ -d "$DPKG_ROOT/run/systemd/system" ] || exit 0
systemctl daemon-reload
`;

function write(path: string, text: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Folders of the packages that the daemon needs while it runs, from the lock file. */
function runtimePackages(): readonly string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional }]) => path !== "" && dev !== true && optional !== true)
    .map(([path]) => path)
    .filter((path) => !NOT_AT_RUN_TIME.includes(path));
}

function copyProgram(tree: string, arch: string): void {
  const home = join(tree, HOME);
  for (const part of ["bin", "dist/bundle", "dist/src", "contrib", `prebuilds/linux-${arch}`, ...runtimePackages()])
    cpSync(join(ROOT, part), join(home, part), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(home, "package.json"));
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  symlinkSync("../lib/holdfast/bin/holdfast", join(tree, "usr/bin/holdfast"));
  // What scripts and configuration management of keepalived's users call.
  symlinkSync("../lib/holdfast/bin/holdfast", join(tree, "usr/bin/genhash"));
  mkdirSync(join(tree, "usr/sbin"), { recursive: true });
  symlinkSync("../lib/holdfast/bin/holdfast", join(tree, "usr/sbin/keepalived"));
}

/** @see reproducible-builds.org, SOURCE_DATE_EPOCH */
function buildDate(): string {
  const epochSec = process.env["SOURCE_DATE_EPOCH"];
  return new Date(epochSec === undefined ? Date.now() : Number(epochSec) * 1000).toISOString().slice(0, 10);
}

function copySupport(tree: string): void {
  for (const unit of ["holdfast.service", "holdfast-cleanup.service"])
    write(join(tree, UNITS, unit), readFileSync(join(ROOT, "contrib/systemd", unit)));
  const policy = "org.keepalived.Vrrp1.conf";
  write(join(tree, "usr/share/dbus-1/system.d", policy), readFileSync(join(ROOT, "contrib/dbus", policy)));
  write(join(tree, "usr/share/man/man8/holdfast.8.gz"), gzipSync(programManual(buildDate()), { level: 9 }));
  write(join(tree, "usr/share/man/man5/holdfast.conf.5.gz"), gzipSync(configurationManual(buildDate()), { level: 9 }));
  symlinkSync("holdfast.8.gz", join(tree, "usr/share/man/man8/keepalived.8.gz"));
  symlinkSync("holdfast.conf.5.gz", join(tree, "usr/share/man/man5/keepalived.conf.5.gz"));
  write(join(tree, "usr/share/bash-completion/completions/holdfast"), renderCompletion("bash"));
  write(join(tree, "usr/share/zsh/vendor-completions/_holdfast"), renderCompletion("zsh"));
  write(join(tree, "usr/share/fish/vendor_completions.d/holdfast.fish"), renderCompletion("fish"));
  write(join(tree, "usr/share/doc/holdfast/copyright"), readFileSync(join(ROOT, "LICENSE")));
  write(
    join(tree, "etc/default/holdfast"),
    "# Options of the daemon and of its cleanup. Without a line here those of /etc/default/keepalived count.\n#DAEMON_ARGS=--log-detail\n",
  );
  mkdirSync(join(tree, "etc/keepalived"), { recursive: true });
}

function copyMaintenance(tree: string, architecture: string): void {
  write(join(tree, "DEBIAN/control"), control(architecture));
  write(join(tree, "DEBIAN/conffiles"), "/etc/default/holdfast\n");
  for (const [name, text] of Object.entries({ postinst: POSTINST, prerm: PRERM, postrm: POSTRM }))
    write(join(tree, "DEBIAN", name), text, 0o755);
}

function folderOf(words: readonly string[]): string {
  return words.find((word) => !word.startsWith("--")) ?? ROOT;
}

function say(text: string): void {
  process.stderr.write(`package: ${text}\n`);
}

function main(): void {
  const isCrossBuilt = process.argv.includes("--arm64");
  const arch = isCrossBuilt ? "arm64" : process.arch;
  const architecture = ARCHITECTURES[arch];
  if (architecture === undefined) throw new Error(`package: no Debian architecture for ${arch}`);
  const words = [join(ROOT, "scripts/prebuild.mjs"), ...(isCrossBuilt ? ["--arm64"] : [])];
  say("the addon, stripped");
  execFileSync(process.execPath, words, { stdio: "inherit" });
  say("program, manual pages and completions");
  const work = mkdtempSync(join(tmpdir(), "holdfast-deb-"));
  try {
    const tree = join(work, "tree");
    copyProgram(tree, arch);
    copySupport(tree);
    copyMaintenance(tree, architecture);
    execFileSync("chmod", ["-R", "u+rwX,go+rX,go-w", tree]);
    const file = join(resolve(folderOf(process.argv.slice(2))), `holdfast_${VERSION}_${architecture}.deb`);
    say("packing");
    execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, file], { stdio: "inherit" });
  } finally {
    rmSync(work, { recursive: true });
  }
}

main();
