import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { MailSettings } from "../../../src/model/global-complete.ts";
import { Mailer } from "../../../src/runtime/notify-mail.ts";
import { stateMail } from "../../../src/runtime/notify-words.ts";

/** A mail relay that accepts everything but one recipient, and keeps what it heard. */
class Sink {
  readonly heard: string[] = [];
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let isBody = false;
    let rest = "";
    socket.write("220 sink\r\n");
    socket.on("data", (part) => {
      const lines = (rest + part.toString("utf8")).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.heard.push(line);
        if (isBody) {
          if (line !== ".") continue;
          isBody = false;
          socket.write("250 taken\r\n");
        } else if (line === "DATA") {
          isBody = true;
          socket.write("354 go on\r\n");
        } else if (line === "QUIT") socket.end("221 bye\r\n");
        else socket.write(line.includes("refused@") ? "550 nobody\r\n" : "250 ok\r\n");
      }
    });
  }
}

describe("Mailer", () => {
  const sink = new Sink();
  let port = 0;
  before(async () => {
    port = await sink.listen();
  });
  after(() => sink.close());

  function settings(changes: Partial<MailSettings> = {}): MailSettings {
    return {
      from: "Keep Alive <ha@example.net>",
      recipients: ["root@example.net", "refused@example.net"],
      server: "127.0.0.1",
      port,
      heloName: "lab.example.net",
      timeoutUs: 2_000_000,
      alertsByDefault: null,
      alertsForVrrp: null,
      alertsForCheckers: null,
      skipsFaults: false,
      ...changes,
    };
  }

  it("sends keepalived's subject and body over plain SMTP and names refused recipients", async () => {
    const lines: string[] = [];
    const mailer = new Mailer({ settings: settings(), routerId: "LAB", log: ({ text }) => void lines.push(text) });
    mailer.send(stateMail({ subject: "INSTANCE", name: "VI_1", state: "MASTER", priority: 100, isRemoval: false }));
    await mailer.settled();
    const { heard } = sink;
    assert.equal(heard[0], "EHLO lab.example.net");
    assert.equal(
      heard.find((line) => line.startsWith("MAIL")),
      "MAIL FROM:<ha@example.net>",
    );
    assert.ok(heard.includes("Subject: [LAB] VRRP Instance VI_1 - Entering MASTER state"));
    assert.ok(heard.includes("X-Mailer: Keepalived"));
    assert.ok(heard.includes("To: root@example.net, refused@example.net"));
    assert.ok(heard.includes("=> VRRP Instance is now owning VRRP VIPs <="));
    assert.deepEqual(lines, [
      `Remote SMTP server [127.0.0.1]:${port} connected.`,
      "SMTP alert successfully sent.",
      'SMTP alert "VRRP Instance VI_1 - Entering MASTER state" not sent: refused for refused@example.net',
    ]);
  });

  it("says so when the relay cannot be reached", async () => {
    const lines: string[] = [];
    const unreachable = settings({ server: "127.0.0.1", port: 1 });
    const mailer = new Mailer({ settings: unreachable, routerId: "LAB", log: ({ text }) => void lines.push(text) });
    mailer.send(stateMail({ subject: "GROUP", name: "G", state: "STOP", priority: 0, isRemoval: false }));
    await mailer.settled();
    assert.equal(lines[0], "SMTP connection ERROR to [127.0.0.1]:1.");
    assert.match(lines[1] ?? "", /^SMTP alert "VRRP Group G - Stopping" not sent: /);
  });

  it("sends nothing without a relay", async () => {
    const log = (): void => assert.fail("nothing was to be said");
    const mailer = new Mailer({ settings: settings({ server: null }), routerId: "LAB", log });
    mailer.send({ subject: "a", body: "b" });
    await mailer.settled();
  });
});
