import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { linesOf } from "../helpers/process.ts";
import { findProgram } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, VRRP_FLAGS } from "./daemon.ts";
import { mailGlobals } from "./mail.ts";
import { Network } from "./network.ts";

const MAILBOX = "/run/lab/mail/box";

/** Takes mail from this machine only, verifies the syntax of its headers, and appends it to a file. */
const EXIM = `primary_hostname = relay.example.org
domainlist local_domains = example.org
daemon_smtp_ports = 2500
local_interfaces = 127.0.0.1
spool_directory = /run/lab/mail/spool
log_file_path = /run/lab/mail/log-%s
pid_file_path = /run/lab/mail/pid
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_message
begin acl
check_recipient:
  deny domains = !+local_domains
  deny local_parts = nobody
  accept
check_message:
  deny !verify = header_syntax
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  file = ${MAILBOX}
  user = Debian-exim
  envelope_to_add
  return_path_add
`;

const CONFIG = `${mailGlobals(["smtp_alert on"], ["one", "nobody", "two"])}
vrrp_instance V {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    192.168.1.100
  }
}
`;

const skip = whyNoLab() || (findProgram("exim4") === null && "needs exim4 (Debian: exim4-daemon-light)");

describe("alerts through a mail server that people use", { skip }, () => {
  test("exim takes them, for those recipients that it knows", { timeout: 90_000 }, async () => {
    const network = await Network.build();
    try {
      const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
      machine.writeFile("/run/lab/exim.conf", EXIM);
      await machine.runOk(["sh", "-c", "mkdir -p /run/lab/mail/spool && chown -R Debian-exim /run/lab/mail"]);
      await machine.runOk(["mount", "--bind", "/dev/null", "/etc/resolv.conf"]);
      const exim = machine.spawn(["exim4", "-C", "/run/lab/exim.conf", "-bdf", "-q1h"]);
      const heard = linesOf(exim.stdout, exim.stderr);
      await machine.runOk(["sh", "-c", "until [ -e /run/lab/mail/pid ]; do sleep 0.05; done"]);
      const daemon = new Daemon(machine, { name: "holdfast", config: CONFIG, flags: VRRP_FLAGS });
      await daemon.logged("(V) Entering MASTER STATE", { timeoutMs: 20_000 });
      const read = async (): Promise<string> => (await machine.run(["cat", MAILBOX])).stdout;
      let box = "";
      for (let turn = 0; turn < 200 && box.split("Entering MASTER state").length < 3; turn += 1) {
        box = await read();
        await machine.runOk(["sleep", "0.1"]);
      }
      const context = `${box}\n${heard.items.map(({ text }) => text).join("\n")}\n${daemon.text}`;
      assert.match(box, /^Return-path: <keep@example\.org>$/m, context);
      assert.match(box, /^Subject: \[LAB\] VRRP Instance V - Entering MASTER state$/m, context);
      assert.match(box, /^=> VRRP Instance is now owning VRRP VIPs <=$/m, context);
      for (const name of ["one", "two"])
        assert.match(box, new RegExp(`^Envelope-to: ${name}@example\\.org$`, "m"), context);
      await waitUntil("the refusal to be told", () =>
        daemon.text.includes("refused for nobody@example.org") ? true : null,
      );
      await daemon.terminate();
    } finally {
      await network.close();
    }
  });
});
