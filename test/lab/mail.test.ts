import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName, VRRP_FLAGS } from "./daemon.ts";
import { MAIL_MANNERS, MailSink, mailGlobals } from "./mail.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const CONFIG = `${mailGlobals(["smtp_connect_timeout 2", "smtp_alert on"])}
vrrp_sync_group G {
  group {
    V
    W
  }
}
vrrp_instance V {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  advert_int 0.5
  version 3
  virtual_ipaddress {
    192.168.1.100
  }
}
vrrp_instance W {
  state MASTER
  version 3
  interface eth0
  virtual_router_id 52
  priority 100
  advert_int 0.5
  virtual_ipaddress {
    192.168.1.101
  }
}
`;

/** Both instances and their group: backup, active, fault, backup, active. */
const PER_CHANGE = 3;

async function mailsOf(name: DaemonName): Promise<readonly string[]> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    const sink = await MailSink.start(machine, "127.0.0.1", 2500);
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: VRRP_FLAGS });
    const until = (count: number): Promise<unknown> =>
      waitUntil(`${count} mails of ${name}`, () => (sink.mails.length >= count ? true : null), { timeoutMs: 20_000 });
    await until(2 * PER_CHANGE);
    await machine.ip("link set eth0 down");
    await until(3 * PER_CHANGE);
    await machine.ip("link set eth0 up");
    await until(5 * PER_CHANGE);
    const mails = sink.mails.slice(0, 5 * PER_CHANGE);
    await daemon.terminate();
    return mails.map((mail) => JSON.stringify(mail)).sort();
  } finally {
    await network.close();
  }
}

/** How a relay misbehaves, and what keepalived says of it. */
const MANNERS: Readonly<Record<string, string>> = {
  silent: "Timeout reading data to remote SMTP server [127.0.0.1]:2500.",
  "refuse-4xx": "Error processing HELO cmd on SMTP server [127.0.0.1]:2500. SMTP status code = 451",
  "refuse-5xx": "Error processing HELO cmd on SMTP server [127.0.0.1]:2500. SMTP status code = 554",
  rubbish: "not sent",
  endless: "not sent",
  close: "Remote SMTP server [127.0.0.1]:2500 has closed the connection.",
};

describe("alerts", { skip: whyNoLab() }, () => {
  test("of VRRP are keepalived's, word for word", { timeout: 120_000 }, async () => {
    const all: (readonly string[])[] = [];
    for (const name of daemonNames()) all.push(await mailsOf(name));
    const [first, second = first] = all;
    assert.deepEqual(first, second);
    assert.equal(first?.length, 5 * PER_CHANGE);
  });

  test("that no relay takes disturb nothing, and the next one does take them", { timeout: 180_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      const sink = await MailSink.start(machine, "127.0.0.1", 2500);
      const daemon = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: VRRP_FLAGS });
      await daemon.logged("(W) Entering MASTER STATE", { timeoutMs: 20_000 });
      for (const [manners, words] of Object.entries(MANNERS)) {
        machine.writeFile(MAIL_MANNERS, manners);
        const from = daemon.log.position;
        await machine.ip("link set eth0 down");
        await daemon.logged("(V) Entering FAULT STATE", { from, timeoutMs: 10_000 });
        await machine.ip("link set eth0 up");
        await daemon.logged("(V) Entering MASTER STATE", { from, timeoutMs: 10_000 });
        await daemon.logged(words, { from, timeoutMs: 60_000 });
      }
      machine.writeFile(MAIL_MANNERS, "well");
      const before = sink.mails.length;
      await machine.ip("link set eth0 down");
      await waitUntil(
        "a mail of the fault",
        () =>
          sink.mails.slice(before).some(({ subject }) => subject.endsWith("Instance V - Entering FAULT state"))
            ? true
            : null,
        { timeoutMs: 90_000 },
      );
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });
});
