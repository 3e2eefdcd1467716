/**
 * Compiles addon and runner for arm64 on another machine, with Debian's cross compiler; Node-API needs headers only, which
 * are the same everywhere. Tries them by qemu and Debian's own Node when that is there.
 * Needs: node scripts/setup.mjs --for arm64
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { jobs, linkedFolder } from "./build-native.mjs";
import { hasProgram, nodeHeaders, packageProgram, ROOT, run, say } from "./tools.mjs";

const TRIPLET = "aarch64-linux-gnu";
const QEMU = "qemu-aarch64-static";
const CONTENT = ["holdfast.node", "holdfast-runner"];
/** e_machine. @see elf(5), EM_AARCH64 */
const MACHINE_OFFSET = 18;
const MACHINE = 183;
const LINKED = ["libpcre2-dev"];
const TO_TRY = [
  ...["nodejs", "libnode108", "libuv1", "libc-ares2", "libnghttp2-14", "libssl3", "libicu72", "zlib1g", "libbrotli1"],
  ...["libstdc++6", "libgcc-s1", "libc6", "node-cjs-module-lexer", "node-undici", "node-acorn", "node-busboy"],
];

/** Unpacks Debian packages of the other architecture into a folder; the machine's own package lists stay as they are. */
function unpack(names, folder) {
  const state = join(folder, "apt");
  for (const part of ["lists/partial", "cache/archives/partial", "debs"])
    mkdirSync(join(state, part), { recursive: true });
  const settings = [
    ...["APT::Architecture=arm64", "APT::Architectures=arm64", "Dir::State::status=/dev/null"],
    ...[`Dir::State::lists=${join(state, "lists")}`, `Dir::Cache=${join(state, "cache")}`, "APT::Sandbox::User=root"],
  ].flatMap((setting) => ["-o", setting]);
  const apt = (...words) => run("apt-get", ["-q", ...settings, ...words], { cwd: join(state, "debs") });
  if (!apt("update") || !apt("download", ...names)) return false;
  return readdirSync(join(state, "debs")).every((file) => run("dpkg-deb", ["-x", join(state, "debs", file), folder]));
}

function isForArm64(path) {
  const head = Buffer.alloc(20);
  readSync(openSync(path, "r"), head, 0, head.length, 0);
  return head.readUInt16LE(MACHINE_OFFSET) === MACHINE;
}

/** Loads the addon in an emulated Node. @returns {boolean} false when that went wrong; true as well when it can't be tried */
function isLoadable(addon, sysroot) {
  if (!hasProgram(QEMU)) {
    say(`cross-build: not tried, since there is no ${QEMU}`);
    return true;
  }
  if (!existsSync(join(sysroot, "usr/bin/node")) && !unpack(TO_TRY, sysroot)) return false;
  const program = `const addon = { exports: {} }; process.dlopen(addon, process.argv[1]);
    if (!(addon.exports.contractVersion > 0 && addon.exports.monotonicUs() > 0)) process.exit(1);
    console.log(process.arch + ", Node " + process.version + ": contract " + addon.exports.contractVersion);`;
  const tried = spawnSync(QEMU, ["-L", sysroot, join(sysroot, "usr/bin/node"), "-e", program, addon], {
    encoding: "utf8",
  });
  say(`cross-build: ${tried.status === 0 ? tried.stdout.trim() : `the addon does not load: ${tried.stderr}`}`);
  return tried.status === 0;
}

/** @returns {string | null} the folder with addon and runner; null when they could not be made */
export function buildForArm64() {
  if (!hasProgram(`${TRIPLET}-g++`)) {
    say(`cross-build: no ${TRIPLET}-g++; install it by: node scripts/setup.mjs --for arm64`);
    return null;
  }
  const folder = linkedFolder("build-arm64");
  const sysroot = join(folder, "sysroot");
  if (!existsSync(join(sysroot, "usr/include/pcre2.h")) && !unpack(LINKED, sysroot)) return null;
  const env = {
    ...process.env,
    CC: `${TRIPLET}-gcc`,
    CXX: `${TRIPLET}-g++`,
    LINK: `${TRIPLET}-g++`,
    AR: `${TRIPLET}-gcc-ar`,
    CXXFLAGS: `-isystem ${join(sysroot, "usr/include")}`,
    LDFLAGS: `-L${join(sysroot, "usr/lib", TRIPLET)}`,
  };
  const headers = nodeHeaders();
  const words = [packageProgram("node-gyp/bin/node-gyp.js"), "configure", "build", "--silent", "--arch=arm64"];
  words.push(`--jobs=${jobs()}`);
  if (headers !== null) words.push(`--nodedir=${headers}`);
  if (!run(process.execPath, words, { cwd: folder, env })) return null;
  const built = join(folder, "build/Release");
  const strangers = CONTENT.filter((name) => !isForArm64(join(built, name)));
  if (strangers.length > 0) {
    say(`cross-build: not for arm64: ${strangers.join(" ")}`);
    return null;
  }
  return isLoadable(join(built, CONTENT[0]), sysroot) ? built : null;
}

export const ARM64_STRIP = `${TRIPLET}-strip`;

if (process.argv[1] === join(ROOT, "scripts/cross-build.mjs") && buildForArm64() === null) process.exitCode = 1;
