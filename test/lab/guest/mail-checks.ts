import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { MailSink, mailGlobals, type SeenMail } from "../mail.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const WEB_SERVER = join(ROOT, "dist/test/lab/programs/web-server.js");
const MAIL_SERVER = join(ROOT, "dist/test/lab/programs/smtp-server.js");
const HEALTHY = "/run/healthy";
const WEIGHT_FILE = "/run/lab/health";

function check(name: string, words: string, timeout = "connect_timeout 5"): string {
  return `${name} {\n ${words}\n retry 0\n warmup 0\n delay_loop 1\n ${timeout}\n }`;
}

function to(port: number): string {
  return `connect_ip 192.168.1.7\n connect_port ${port}`;
}

/** One virtual server each. What nobody answers at all fails at once. */
const CHECKS: readonly string[] = [
  check("TCP_CHECK", to(80)),
  check("HTTP_GET", `url {\n path /\n status_code 200\n }\n ${to(80)}`),
  check("HTTP_GET", `url {\n path /\n status_code 201\n }\n ${to(80)}`),
  check("SMTP_CHECK", to(2525)),
  check("MISC_CHECK", `misc_path "/usr/bin/test -e ${HEALTHY}"\n user root`, "misc_timeout 10"),
  check("PING_CHECK", "connect_ip 192.168.1.7"),
  check("UDP_CHECK", `${to(9)}\n require_reply`),
  check("DNS_CHECK", `${to(53)}\n type A\n name example.org`),
  "FILE_CHECK {\n track_file health\n weight 1\n }",
];

const SERVICES = CHECKS.map(
  (words, at) => `virtual_server 192.168.1.${100 + at} 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  quorum 2
  real_server 10.0.0.${at + 1} 80 {
    ${words}
  }
  real_server 10.0.1.${at + 1} 80 {
  }
}
`,
).join("");

const CONFIG = `${mailGlobals(["script_user root", "smtp_connect_timeout 3", "smtp_alert_checker on"])}
track_file health {
  file ${WEIGHT_FILE}
}
${SERVICES}`;

/** Of the start (three checks fail at once), of the failure, of the recovery. */
const COUNTS = [9 + 2 * 3, 6 + 5, 6 + 5];

/**
 * keepalived also mails that a MISC_CHECK passed for the first time, though the server was up all along, and says once
 * more that an HTTP_GET failed when it fails for another reason.
 */
const TOO_MANY = [/^\[LAB\] Realserver \[10\.0\.0\.5\].* - UP$/, /^\[LAB\] Realserver \[10\.0\.0\.3\].* - DOWN$/];

/** Sorted, since probes start at random. */
function comparable(mails: readonly SeenMail[]): readonly string[] {
  return mails
    .map(({ envelope, from, to: recipients, mailer, subject, body }) =>
      [envelope.join(" "), from, recipients, mailer, subject, body].join(" | "),
    )
    .sort();
}

async function mailsOf(network: Network, name: DaemonName): Promise<readonly (readonly string[])[]> {
  const director = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
  const real = await network.addMachine({ name: "real", addresses: ["192.168.1.7/24"] });
  real.writeFile("/run/manners", "220 hi|250 ok|221 bye");
  const servers = [
    real.spawn([process.execPath, WEB_SERVER, "real", "80"]),
    real.spawn([process.execPath, MAIL_SERVER, "/run/manners", "2525"]),
  ];
  for (const { stdout } of servers) await new Promise((resolve) => stdout?.once("data", resolve));
  director.writeFile(HEALTHY, "");
  director.writeFile(WEIGHT_FILE, "0");
  const sink = await MailSink.start(director, "127.0.0.1", 2500);
  const daemon = new Daemon(director, { name, config: CONFIG, flags: [...ALL_FLAGS, "-C"] });
  const phases: SeenMail[][] = [];
  const phase = async (count: number): Promise<void> => {
    const before = sink.mails.length;
    const seen = (): SeenMail[] =>
      sink.mails.slice(before).filter(({ subject }) => TOO_MANY[phases.length]?.test(subject) !== true);
    await waitUntil(`${count} mails`, () => (seen().length >= count ? true : null), { timeoutMs: 90_000 }).catch(
      (error: unknown) => {
        throw new Error(`${name}: ${String(error)}\n${comparable(sink.mails).join("\n")}\n${daemon.text}`);
      },
    );
    // One too many would come at once.
    await director.runOk(["sleep", "3"]);
    phases.push(seen());
  };
  await phase(COUNTS[0] ?? 0);
  await network.unplug(real);
  await director.runOk(["rm", HEALTHY]);
  director.writeFile(WEIGHT_FILE, "-254");
  await phase(COUNTS[1] ?? 0);
  await network.plugIn(real);
  director.writeFile(HEALTHY, "");
  director.writeFile(WEIGHT_FILE, "0");
  await phase(COUNTS[2] ?? 0);
  await daemon.terminate();
  return phases.map(comparable);
}

describe("alerts of checkers beside keepalived's", () => {
  const all: (readonly (readonly string[])[])[] = [];
  for (const name of daemonNames()) {
    test(`${name} mails of every kind of check, and of the quorum`, { timeout: 240_000 }, async () => {
      const network = await Network.build();
      try {
        const phases = await mailsOf(network, name);
        all.push(phases);
        assert.deepEqual(
          phases.map((mails) => mails.length),
          COUNTS,
          phases.flat().join("\n"),
        );
      } finally {
        await network.close();
      }
    });
  }

  test("the same mails", { skip: daemonNames().length < 2 && "needs both daemons" }, () => {
    assert.deepEqual(all[0], all[1]);
  });
});
