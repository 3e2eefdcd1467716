/**
 * Checks that read answers against servers that send rubbish, beside keepalived: the same verdict, or a better one where
 * that is said; and it costs neither memory nor the other checks.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { imaginedIpvs } from "../../bench/ipvs-preload.ts";
import { makeCertificate } from "../helpers/certificate.ts";
import type { EventLog } from "../helpers/event-log.ts";
import { type Line, linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const REAL = "192.168.1.2";
const FOREIGN = "192.168.1.3";
const MANNERS = "/run/manners";
/** Clients that a server has to have seen before it counts as still up. */
const CHECKS = 3;
const MIB = 2 ** 20;
const ENOUGH_MS = 60_000;

/** Only what is silent takes longer. */
const TIMES = "connect_timeout 1\n retry 1\n delay_before_retry 0.5\n delay_loop 0.5\n warmup 0";

/** Whether a server of such manners is up. */
type Verdicts = Readonly<Record<string, boolean>>;
type Manners = readonly (readonly [string, boolean])[];

interface Kind {
  readonly check: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  readonly program: string;
  readonly isSecure?: boolean;
  readonly verdicts: Verdicts;
  /** Where keepalived 2.2.7 judges otherwise, or (null) never comes to a verdict again. */
  readonly theirs: Readonly<Record<string, boolean | null>>;
}

/** Of HTTP_GET and SSL_GET. */
const WEB_VERDICTS: Verdicts = {
  silence: false,
  "end at once": false,
  "a bare line feed": true,
  "a drip of the status line": false,
  "a drip of headers": false,
  "a drip of the body": false,
  "headers of 60 KiB": true,
  "headers of 1 MiB": false,
  "headers without end": false,
  "one header without end": false,
  "a status line without end": false,
  "no status": false,
  "a status of letters": false,
  "a status of four digits": false,
  "a status below zero": false,
  "no protocol": false,
  "an end within the headers": false,
  "only to be continued": false,
  chunks: true,
  "chunks of rubbish": true,
  "chunks without end": false,
  "no length": true,
  "no length and no end": false,
  "a length never reached": true,
  "a body without end": false,
  zeros: false,
  "binary without end": false,
  "reset at once": false,
  "rubbish at once": false,
};

/** keepalived reads on and on: its time limit begins anew with what comes. */
const ENDLESS = Object.keys(WEB_VERDICTS).filter((manner) => /drip of|without end/.test(manner));
const WEB_VERDICTS_OF_KEEPALIVED: Kind["theirs"] = {
  ...Object.fromEntries(ENDLESS.map((manner) => [manner, null])),
  "a bare line feed": false,
  // Its buffer has 4 KiB.
  "headers of 60 KiB": false,
};

const URL = "url {\n path /\n status_code 200\n }";

const KINDS: Readonly<Record<string, Kind>> = {
  DNS_CHECK: {
    check: `DNS_CHECK {\n type A\n name check.test\n ${TIMES}\n }`,
    port: 53,
    protocol: "UDP",
    program: "rude-dns-server.js",
    verdicts: {
      silent: false,
      refusal: false,
      "wrong id": false,
      "no header": false,
      "one octet": false,
      "an empty datagram": false,
      "the question itself": false,
      "header only": true,
      "cut off in the question": true,
      "compression loop": true,
      "wrong question": true,
      "largest datagram": true,
      "largest datagram of rubbish": false,
      noise: false,
      "flood of wrong ids": false,
      "answer of a stranger": false,
      "flood of a stranger": false,
      "flood of a stranger beside the answer": true,
    },
    // It looks at the first four octets alone.
    theirs: { "no header": true },
  },
  SMTP_CHECK: {
    check: `SMTP_CHECK {\n helo_name lab.example\n ${TIMES}\n }`,
    port: 25,
    protocol: "TCP",
    program: "rude-smtp-server.js",
    verdicts: {
      "greeting of failure": false,
      "HELO refused": false,
      "QUIT refused": true,
      silence: false,
      "silence after the greeting": false,
      "end at once": false,
      "reset at once": false,
      "endless lines": false,
      "endless good lines": false,
      "one endless line": false,
      "endless binary": false,
      "a drip without a line": false,
      "a drip of lines": false,
      zeros: false,
      "a code of letters": false,
      "a code alone": false,
      "a bare line feed": true,
    },
    // Its deadline begins anew with each octet, and a full buffer is read for ever.
    theirs: { "one endless line": null, "endless binary": null, "a drip without a line": null },
  },
  HTTP_GET: {
    check: `HTTP_GET {\n ${URL}\n ${TIMES}\n }`,
    port: 80,
    protocol: "TCP",
    program: "rude-web-server.js",
    verdicts: WEB_VERDICTS,
    theirs: WEB_VERDICTS_OF_KEEPALIVED,
  },
  SSL_GET: {
    check: `SSL_GET {\n ${URL}\n ${TIMES}\n }`,
    port: 443,
    protocol: "TCP",
    program: "rude-web-server.js",
    isSecure: true,
    verdicts: {
      ...WEB_VERDICTS,
      "no handshake": false,
      "a plain page": false,
      "rubbish for a handshake": false,
      "a record of zeros": false,
      "an alert": false,
      "a record that drips": false,
    },
    theirs: { ...WEB_VERDICTS_OF_KEEPALIVED, "a record that drips": null, "rubbish for a handshake": null },
  },
};

function configOf({ check, port, protocol }: Kind): string {
  return `virtual_server 10.0.0.1 ${port} {
  lb_kind NAT
  protocol ${protocol}
  real_server ${REAL} ${port} {
    ${check}
  }
}
virtual_server 10.0.0.2 22 {
  lb_kind NAT
  protocol TCP
  real_server ${REAL} 22 {
    TCP_CHECK {
      ${TIMES}
    }
  }
}
`;
}

/** Resident octets of all processes of a daemon. */
function residentBytes(daemon: Daemon): number {
  const pages = daemon.pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]));
  return pages.reduce((total, count) => total + 4_096 * count, 0);
}

/** A server as one daemon sees it. */
class Stage {
  readonly daemon: Daemon;
  private readonly director: Machine;
  private readonly real: Machine;
  private readonly told: EventLog<Line>;
  private isUp = true;

  constructor(director: Machine, real: Machine, told: EventLog<Line>, daemon: Daemon) {
    this.director = director;
    this.real = real;
    this.told = told;
    this.daemon = daemon;
  }

  /** @returns whether the server is up once it behaves like this */
  async verdictOn(manner: string, isExpectedUp: boolean): Promise<boolean> {
    const from = this.daemon.log.position;
    const position = this.told.position;
    this.real.writeFile(`${MANNERS}/${this.director.address}`, manner);
    if (isExpectedUp === this.isUp) await this.asked(manner, position);
    else {
      const word = isExpectedUp ? "Adding" : "Removing";
      await this.daemon.logged(`${word} service [${REAL}]`, { from, timeoutMs: ENOUGH_MS });
    }
    const words = this.daemon.log.items.slice(from).map(({ text }) => /(Adding|Removing) service \[/.exec(text)?.[1]);
    const last = words.findLast((word) => word !== undefined);
    if (last !== undefined) this.isUp = last === "Adding";
    return this.isUp;
  }

  private async asked(manner: string, position: number): Promise<void> {
    const line = `${this.director.address} ${manner}`;
    const count = (): number => this.told.items.slice(position).filter(({ text }) => text === line).length;
    await this.told.waitFor(`clients of "${manner}"`, () => count() >= CHECKS, { timeoutMs: ENOUGH_MS });
  }
}

/** @returns paths of key and certificate, as the machine sees them */
function certificateFor(machine: Machine): readonly string[] {
  const { keyFile, certificateFile } = makeCertificate(mkdtempSync(join(tmpdir(), "holdfast-rude-")));
  machine.writeFile("/run/tls.key", readFileSync(keyFile, "utf8"));
  machine.writeFile("/run/tls.pem", readFileSync(certificateFile, "utf8"));
  return ["/run/tls.key", "/run/tls.pem"];
}

/** A network with a rude server and a sane one, and a director for each daemon. */
class Bed {
  readonly network: Network;
  readonly real: Machine;
  readonly told: EventLog<Line>;
  readonly directors: ReadonlyMap<DaemonName, Machine>;

  private constructor(network: Network, real: Machine, told: EventLog<Line>, directors: Bed["directors"]) {
    this.network = network;
    this.real = real;
    this.told = told;
    this.directors = directors;
  }

  static async build({ program, port, isSecure = false }: Kind): Promise<Bed> {
    const network = await Network.build();
    const real = await network.addMachine({ name: "real", addresses: [`${REAL}/24`, `${FOREIGN}/24`] });
    const directors = new Map<DaemonName, Machine>();
    for (const [index, name] of daemonNames().entries()) {
      const director = await network.addMachine({ name, addresses: [`192.168.1.${10 + index}/24`] });
      real.writeFile(`${MANNERS}/${director.address}`, "good");
      directors.set(name, director);
    }
    const path = (name: string): string => join(ROOT, "dist/test/lab/programs", name);
    const words = [MANNERS, String(port), FOREIGN, ...(isSecure ? certificateFor(real) : [])];
    const server = real.spawn([process.execPath, path(program), ...words]);
    const told = linesOf(server.stdout, server.stderr);
    const sane = real.spawn([process.execPath, path("web-server.js"), "sane", "22"]);
    const isReady = ({ text }: Line): boolean => text === "ready";
    await Promise.all([told.waitFor("the server", isReady), linesOf(sane.stdout).waitFor("the other", isReady)]);
    return new Bed(network, real, told, directors);
  }

  stageFor(name: DaemonName, config: string): Stage {
    const director = this.directors.get(name);
    assert.ok(director);
    const env = name === "keepalived" ? imaginedIpvs() : { HOLDFAST_IPVS: "memory" };
    const daemon = new Daemon(director, { name, config, flags: [...ALL_FLAGS, "-C"], env });
    return new Stage(director, this.real, this.told, daemon);
  }
}

async function judge(context: TestContext, stage: Stage, manners: Manners): Promise<void> {
  const { daemon } = stage;
  await daemon.logged(`TCP connection to [${REAL}]:tcp:22 success.`, { timeoutMs: ENOUGH_MS });
  assert.equal(await stage.verdictOn("good", true), true);
  const { pids } = daemon;
  const beforeBytes = residentBytes(daemon);
  for (const [manner, expected] of manners) {
    await context.test(`${manner} (${daemon.name})`, async () => {
      assert.equal(await stage.verdictOn(manner, expected), expected);
    });
    await stage.verdictOn("good", true);
  }
  if (daemon.name !== "holdfast") return;
  assert.deepEqual(daemon.pids, pids, "a process died");
  const grownBytes = residentBytes(daemon) - beforeBytes;
  assert.ok(grownBytes < 48 * MIB, `${grownBytes} octets more`);
  assert.doesNotMatch(daemon.text, /TCP_CHECK on service|orker/);
}

const skip = whyNoLab(["cc", "openssl"]);

describe("rude servers", { skip, concurrency: true }, () => {
  for (const [title, kind] of Object.entries(KINDS)) {
    describe(`${title} against rude servers`, { concurrency: true }, () => {
      let bed: Bed;
      before(async () => {
        bed = await Bed.build(kind);
      });
      after(() => bed.network.close());

      for (const name of daemonNames()) {
        test(`${title}: verdicts on rude servers (${name})`, { timeout: 400_000 }, async (context) => {
          const stage = bed.stageFor(name, configOf(kind));
          try {
            await judge(context, stage, verdictsOf(kind, name));
          } catch (error) {
            const why = error instanceof Error ? error.message : error;
            throw new Error(`${why}\n${stage.daemon.text}`, { cause: error });
          } finally {
            await stage.daemon.terminate();
          }
        });
      }
    });
  }
});

/** @returns manners with the verdict that this daemon comes to */
function verdictsOf({ verdicts, theirs }: Kind, name: DaemonName): Manners {
  const all = Object.entries(verdicts);
  if (name === "holdfast") return all;
  return all.flatMap(([manner, ours]) => {
    const verdict = manner in theirs ? theirs[manner] : ours;
    return typeof verdict === "boolean" ? [[manner, verdict] as const] : [];
  });
}
