/**
 * Packages for tests bring services (a mail server, a web server, keepalived itself): what tests run they start themselves, in
 * namespaces of their own, so none of these shall come up on the machine, now or with the next boot.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

/** Debian asks this program before a package may start its service. @see invoke-rc.d(8) */
const POLICY = "/usr/sbin/policy-rc.d";
/** "Action forbidden by policy" */
const FORBIDDEN = 101;

/**
 * Runs `body` while no package may start a service. A policy that is there already is the machine's own and stays.
 * @template Result
 * @param {() => Result} body
 * @param {string} policy where the program is looked for
 */
export function withoutServiceStarts(body, policy = POLICY) {
  if (existsSync(policy)) return body();
  writeFileSync(policy, `#!/bin/sh\nexit ${FORBIDDEN}\n`, { mode: 0o755, flag: "wx" });
  try {
    return body();
  } finally {
    rmSync(policy, { force: true });
  }
}

/**
 * @param {string} listing paths of packages, as `dpkg -L` prints them
 * @returns {string[]} names of the service units among them that can be enabled; templates can't
 */
export function servicesIn(listing) {
  const paths = listing
    .split("\n")
    .filter((path) => /^(\/usr)?\/lib\/systemd\/system\/[^/@]+\.(service|socket|timer)$/.test(path));
  return [...new Set(paths.map((path) => basename(path)))].sort();
}

/** Takes services of packages out of the next boot. @param {readonly string[]} packages that were not there before */
export function disableServicesOf(packages) {
  if (!existsSync("/run/systemd/system") || packages.length === 0) return;
  const services = servicesIn(spawnSync("dpkg", ["-L", ...packages], { encoding: "utf8" }).stdout);
  if (services.length > 0) spawnSync("systemctl", ["--quiet", "disable", ...services], { stdio: "ignore" });
}
