/** Debian packages by purpose: one table for the scripts and CI. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { disableServicesOf, withoutServiceStarts } from "./quiet-services.mjs";
import { hasProgram, ROOT, run, say } from "./tools.mjs";

/** @type {Readonly<Record<string, { why: string, packages: readonly string[] }>>} */
const PURPOSES = {
  build: { why: "compile the addon", packages: ["g++", "make", "python3", "libpcre2-dev"] },
  demo: {
    why: "build the demo's machines, and an IPVS kernel for hosts without one",
    packages: ["iproute2", "iputils-ping", "kmod", "procps", "util-linux", "nftables", "ipvsadm", "user-mode-linux"],
  },
  test: {
    why: "C++ tests, the peer daemon, the judge of packets, name servers, a web server, mail servers, a firewall for guests, a BFD peer, an SNMP master and receiver, a message bus, certificates, a reader of manual pages, Prometheus, shells, a second peer of the benchmarks, and a browser for the status page",
    packages: [
      "cmake",
      "libuv1-dev",
      "libgtest-dev",
      "libgmock-dev",
      "keepalived",
      "tshark",
      "chromium",
      "dnsmasq-base",
      "unbound",
      "bind9",
      "nginx-light",
      "python3-aiosmtpd",
      "iptables",
      "frr",
      "snmpd",
      "snmp",
      "snmptrapd",
      "exim4-daemon-light",
      "dbus-daemon",
      "dbus-bin",
      "libglib2.0-bin",
      "openssl",
      "mandoc",
      "prometheus",
      "zsh",
      "fish",
      "haproxy",
    ],
  },
  cross: {
    why: "compile for arm64 on another machine, and try it",
    packages: ["g++-aarch64-linux-gnu", "qemu-user-static"],
  },
  fuzz: { why: "fuzz the decoders", packages: ["cmake", "clang-19", "libclang-rt-19-dev", "libuv1-dev"] },
  lint: { why: "check C++ sources", packages: ["clang-format-19", "clang-tidy-19"] },
};

/** What tests run from a folder, because it can't be installed beside another package of the list. */
const UNPACKED = { test: ["postfix"] };
const UNPACKED_FOLDER = join(ROOT, "build", "debian");

/** What each purpose of setup needs. */
const NEEDS = {
  build: ["build"],
  demo: ["build", "demo"],
  test: ["build", "demo", "test"],
  lint: ["lint"],
  fuzz: ["build", "fuzz"],
  arm64: ["build", "cross"],
  all: Object.keys(PURPOSES).filter((purpose) => purpose !== "cross" && purpose !== "fuzz"),
};

/** @param {string} name */
export function isPurpose(name) {
  return Object.hasOwn(NEEDS, name);
}

// Placeholders of dpkg-query, not of JavaScript.
const FORMAT = ["Package", "db:Status-Status"]
  .map((field) => `\${${field}}`)
  .join(" ")
  .concat("\\n");

/** @returns {string[]} those of the packages that are not installed */
function missingOf(packages) {
  const query = spawnSync("dpkg-query", ["-W", "-f", FORMAT, ...packages], {
    encoding: "utf8",
  });
  const installed = new Set(
    query.stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/** Installs packages without questions; the package lists are fetched once when that alone does not do. */
function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", DEBCONF_NONINTERACTIVE_SEEN: "true" };
  // Not at the price of what the machine has: a mail server of its own would be in the way of the one for tests.
  const install = [
    "install",
    "-y",
    "--no-remove",
    "--no-install-recommends",
    "-o",
    "DPkg::Lock::Timeout=300",
    ...packages,
  ];
  if (run("apt-get", install, { env })) return true;
  return run("apt-get", ["update", "-q"], { env }) && run("apt-get", install, { env });
}

/** Fetches a package and unpacks it into a folder of its own; none of its scripts run, and it needs no root. */
function unpack(name) {
  const root = join(UNPACKED_FOLDER, name);
  if (existsSync(root)) return true;
  const fetched = join(UNPACKED_FOLDER, `${name}.fetched`);
  mkdirSync(fetched, { recursive: true });
  try {
    const isFetched =
      run("apt-get", ["download", "-q", name], { cwd: fetched }) ||
      (run("apt-get", ["update", "-q"]) && run("apt-get", ["download", "-q", name], { cwd: fetched }));
    const [archive] = readdirSync(fetched);
    if (!isFetched || archive === undefined) return false;
    const files = join(fetched, "files");
    if (!run("dpkg", ["-x", join(fetched, archive), files])) return false;
    renameSync(files, root);
    return true;
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
}

function ensureUnpacked(purpose) {
  for (const name of NEEDS[purpose].flatMap((need) => UNPACKED[need] ?? [])) {
    if (!unpack(name)) say(`setup: could not fetch ${name}; what needs it is skipped`);
  }
}

/**
 * Installs what is missing when root, else says which command does.
 * @param {string} purpose a key of NEEDS
 * @returns {boolean} whether everything is there
 */
export function ensurePackages(purpose) {
  const groups = NEEDS[purpose].map((name) => PURPOSES[name]);
  if (!existsSync("/usr/bin/dpkg-query")) {
    const absent = ["g++", "make", "python3", "ip"].filter((name) => !hasProgram(name));
    if (absent.length > 0) say(`setup: not a Debian-like machine; please install yourself: ${absent.join(" ")}`);
    return absent.length === 0;
  }
  ensureUnpacked(purpose);
  const missing = missingOf(groups.flatMap((group) => group.packages));
  if (missing.length === 0) return true;
  for (const { why, packages } of groups) {
    const part = packages.filter((name) => missing.includes(name));
    if (part.length > 0) say(`setup: missing Debian packages to ${why}: ${part.join(" ")}`);
  }
  if (process.getuid?.() !== 0) {
    say(`setup: not root, going on without; to install them: sudo apt-get install ${missing.join(" ")}`);
    return false;
  }
  say(`setup: installing ${missing.length} Debian packages; services among them are neither started nor enabled`);
  withoutServiceStarts(() => installAll(missing));
  const absent = missingOf(missing);
  disableServicesOf(missing.filter((name) => !absent.includes(name)));
  return absent.length === 0;
}

function installAll(packages) {
  if (aptInstall(packages)) return;
  // One package that can't be had must not keep the others away.
  for (const name of missingOf(packages)) {
    if (!aptInstall([name])) say(`setup: could not install ${name}; what needs it is skipped`);
  }
}
