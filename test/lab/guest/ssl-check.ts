import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeCertificate } from "../../helpers/certificate.ts";
import { waitUntil } from "../../helpers/event-log.ts";
import { linesOf, sendSignal } from "../../helpers/process.ts";
import { findProgram, ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";
import { nginxConfig } from "../nginx.ts";

const RUDE_SERVER = join(ROOT, "dist/test/lab/programs/tls-server.js");
const MANNERS = "/run/manners";
const PAGE = "/run/www/index.html";
const TOLD = "/run/told";
const VIP = "192.168.1.100";
const DIGEST = createHash("md5").update("well").digest("hex");

const NGINX = nginxConfig(`  ssl_certificate /run/tls/expired.pem;
  ssl_certificate_key /run/tls/expired.key;
  server {
    listen 192.168.1.8:443 ssl default_server;
    return 404;
  }
  server {
    listen 192.168.1.8:443 ssl;
    server_name lab.example;
    root /run/www;
    if ($ssl_server_name != lab.example) {
      return 403;
    }
  }`);

function serverOf(host: string, check: string, url: string): string {
  return `  real_server 192.168.1.${host} 443 {
    weight 1
    notify_up "/run/tell up ${host}"
    notify_down "/run/tell down ${host}"
    SSL_GET {
      ${check}
      url {
        path /index.html
        ${url}
      }
      connect_timeout 2
      retry 1
      delay_before_retry 1
      warmup 0
      log_all_failures
    }
  }
`;
}

const CONFIG = `global_defs {
  script_user root
  enable_script_security
}
virtual_server ${VIP} 443 {
  delay_loop 1
  lb_algo rr
  lb_kind DR
  protocol TCP
${serverOf("7", "connect_port 8443", `digest ${DIGEST}`)}${serverOf("8", "enable_sni\n virtualhost lab.example", `digest ${DIGEST}`)}${serverOf("9", "", "status_code 200")}${serverOf("10", "", "status_code 200")}}
`;

/** Manners of the server at 7, and what is said of them; without a reset in the handshake, of which keepalived says either. */
const RUDE: readonly (readonly [string, string])[] = [
  ["page ill", "MD5 digest error to server"],
  ["status 503", "HTTP status code error to server"],
  ["mute", "Timeout connecting server"],
  ["silent", "Timeout SSL read server"],
  ["rubbish", "SSL handshake/communication error connecting to server"],
  ["hangup", "SSL handshake/communication error connecting to server"],
  ["garble", "HTTP status code error to server"],
  ["empty", "SSL read error from server"],
  ["old well", "SSL handshake/communication error connecting to server"],
];

/** What happens to nginx at 8, and what is said of it. */
const NGINX_FAULTS: readonly string[] = [
  "MD5 digest error to server",
  "HTTP status code error to server",
  "Timeout connecting server",
  "Connection failed server",
];

/** The servers of the machine `web`: a rude one, nginx, and two of openssl, one of which is too old. */
class Web {
  readonly machine: Machine;
  private nginx: ChildProcess | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  async start(): Promise<void> {
    const { machine } = this;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-ssl-"));
    for (const [name, days] of [
      ["good", 2],
      ["expired", -1],
    ] as const) {
      const { keyFile, certificateFile } = makeCertificate(folder, name, days);
      machine.writeFile(`/run/tls/${name}.key`, readFileSync(keyFile, "utf8"));
      machine.writeFile(`/run/tls/${name}.pem`, readFileSync(certificateFile, "utf8"));
    }
    machine.writeFile("/run/nginx.conf", NGINX);
    machine.writeFile(MANNERS, "page well");
    machine.writeFile(PAGE, "well");
    const rude = machine.spawn([
      process.execPath,
      RUDE_SERVER,
      MANNERS,
      "8443",
      "/run/tls/good.key",
      "/run/tls/good.pem",
    ]);
    await linesOf(rude.stdout, rude.stderr).waitFor("the rude server", ({ text }) => text === "ready");
    this.startNginx();
    this.startOpenssl("192.168.1.9", []);
    this.startOpenssl("192.168.1.10", ["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"]);
    for (const host of ["8", "9", "10"]) await this.listens(`192.168.1.${host}:443`);
  }

  startNginx(): void {
    this.nginx = this.machine.spawn([findProgram("nginx") ?? "/usr/sbin/nginx", "-c", "/run/nginx.conf", "-p", "/run"]);
  }

  signalNginx(signal: NodeJS.Signals): void {
    const pid = this.nginx === null ? null : this.machine.pidOf(this.nginx);
    if (pid !== null) sendSignal(pid, signal);
    // What entered the machine stops with its program, but does not go on with it.
    if (signal === "SIGCONT" && this.nginx?.pid !== undefined) sendSignal(this.nginx.pid, signal);
  }

  private startOpenssl(address: string, words: readonly string[]): void {
    const files = ["-key", "/run/tls/good.key", "-cert", "/run/tls/good.pem"];
    this.machine.spawn(["openssl", "s_server", "-quiet", "-www", "-accept", `${address}:443`, ...files, ...words]);
  }

  private async listens(address: string): Promise<void> {
    for (let round = 0; round < 100; round += 1) {
      if ((await this.machine.runOk(["ss", "-Hltn"])).includes(address)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`nothing listens on ${address}`);
  }
}

interface Seen {
  readonly lines: readonly string[];
  readonly told: readonly string[];
  readonly table: string;
}

async function seenBy(director: Machine, web: Web, name: DaemonName): Promise<Seen> {
  const script = `printf '#!/bin/sh\\necho "$@" >> ${TOLD}\\n' > /run/tell; chmod 755 /run/tell`;
  await director.runOk(["sh", "-c", script]);
  const daemon = new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  const pooled = async (expected: string): Promise<void> => {
    const wanted = expected.replace(/\d+/g, "192.168.1.$&");
    await waitUntil(`the pool ${wanted}`, () => (poolOf(director, VIP, 443)?.join(" ") === wanted ? true : null), {
      timeoutMs: 60_000,
    });
  };
  try {
    await pooled("7 8 9");
    await daemon.logged("Remote Web server [192.168.1.7]");
    await daemon.logged("Remote Web server [192.168.1.8]");
    for (const [manners] of RUDE) {
      web.machine.writeFile(MANNERS, manners);
      await pooled("8 9");
      web.machine.writeFile(MANNERS, "page well");
      await pooled("7 8 9");
    }
    const breakAndMend = async (broken: () => unknown, mended: () => unknown): Promise<void> => {
      await broken();
      await pooled("7 9");
      await mended();
      await pooled("7 8 9");
    };
    await breakAndMend(
      () => web.machine.writeFile(PAGE, "ill"),
      () => web.machine.writeFile(PAGE, "well"),
    );
    await breakAndMend(
      () => web.machine.runOk(["mv", PAGE, "/run/www/away"]),
      () => web.machine.runOk(["mv", "/run/www/away", PAGE]),
    );
    await breakAndMend(
      () => web.signalNginx("SIGSTOP"),
      () => web.signalNginx("SIGCONT"),
    );
    await breakAndMend(
      () => web.signalNginx("SIGKILL"),
      () => web.startNginx(),
    );
    const table = await director.runOk(["ipvsadm", "-Sn"]);
    const told = director.readFile(TOLD).trim().split("\n");
    await daemon.terminate();
    return { lines: daemon.text.split("\n").map((line) => line.replace(/^.*? \d{4}: /, "")), told, table };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  }
}

/** Two equal lines in a row are one: how often a server was asked while its state was changed by hand is chance. */
function saidOf(lines: readonly string[], server: string): readonly string[] {
  return (
    lines
      // `MD5 digest success to ... url(...)` is of the schedule of urls, and not of TLS.
      .filter((line) => line.includes(server) && !/Activating|Shutting| success to /.test(line))
      .map((line) => line.replace(/^(Adding|Removing) service (\S+) .*/, "$1 $2"))
      .filter((line, index, all) => line !== all[index - 1])
  );
}

function expectedOf(server: string, faults: readonly string[]): readonly string[] {
  const good = `Remote Web server ${server} succeed on service.`;
  const failed = `HTTP_CHECK on service ${server} failed after 1 retries.`;
  return [
    good,
    ...faults.flatMap((words) => [`${words} ${server}.`, failed, `Removing ${server}`, good, `Adding ${server}`]),
  ];
}

for (const name of daemonNames()) {
  await test(`SSL_GET takes servers out and in, with keepalived's words (${name})`, { timeout: 280_000 }, async () => {
    const network = await Network.build();
    try {
      const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
      const addresses = ["7", "8", "9", "10"].map((host) => `192.168.1.${host}/24`);
      const web = new Web(await network.addMachine({ name: "web", addresses }));
      await web.start();
      const { lines, told, table } = await seenBy(director, web, name);
      const [rude, nginx, plain, old] = ["7", "8", "9", "10"].map((host) => `[192.168.1.${host}]:tcp:443`) as [
        string,
        string,
        string,
        string,
      ];
      assert.deepEqual(
        saidOf(lines, rude),
        expectedOf(
          rude,
          RUDE.map(([, words]) => words),
        ),
      );
      assert.deepEqual(saidOf(lines, nginx), expectedOf(nginx, NGINX_FAULTS));
      assert.deepEqual(saidOf(lines, plain), expectedOf(plain, []));
      assert.deepEqual(saidOf(lines, old), [
        `SSL handshake/communication error connecting to server ${old}.`,
        `HTTP_CHECK on service ${old} failed after 1 retries.`,
        `Removing ${old}`,
      ]);
      const flips = [...RUDE.map(() => "7"), ...NGINX_FAULTS.map(() => "8")];
      assert.deepEqual(told, ["down 10", ...flips.flatMap((host) => [`down ${host}`, `up ${host}`])]);
      const destination = (end: string): string => `-a -t ${VIP}:443 -r 192.168.1.${end} -g -w 1`;
      const destinations = ["7:443", "8:443", "9:443"].map(destination).sort();
      assert.deepEqual(table.trim().split("\n").sort(), [`-A -t ${VIP}:443 -s rr`, ...destinations].sort());
    } finally {
      await network.close();
    }
  });
}
