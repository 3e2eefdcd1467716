import { hostname, userInfo } from "node:os";
import type { MailSettings } from "../model/global-complete.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";

export interface Mail {
  /** Without `[ROUTER_ID] `. */
  readonly subject: string;
  readonly body: string;
}

export interface MailerOptions {
  readonly settings: MailSettings;
  readonly routerId: string;
  readonly log: (record: SpokenRecord) => void;
}

const LONGEST_SUBJECT_BYTES = 255;
const LONGEST_BODY_BYTES = 511;
/** Alerts that wait for a slow mail relay; more than these say nothing new. */
const MOST_WAITING = 256;

function cut(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString("utf8")
    .replace(/\uFFFD$/, "");
}

/** Sends alerts one after the other; the library is loaded with the first one. */
export class Mailer {
  readonly #options: MailerOptions;
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: MailerOptions) {
    this.#options = options;
  }

  send(mail: Mail): void {
    const { server, recipients } = this.#options.settings;
    if (server === null || recipients.length === 0) return;
    if (this.#waiting >= MOST_WAITING) {
      this.#complain(mail, "too many alerts are waiting");
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail.then(async () => {
      try {
        await this.#deliver(mail, server);
      } catch (error) {
        this.#complain(mail, errorText(error));
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Resolves when everything handed over so far is sent or given up. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #deliver({ subject, body }: Mail, server: string): Promise<void> {
    const { settings, routerId } = this.#options;
    const { createTransport } = await import("nodemailer");
    const timeoutMs = Math.max(1, Math.round(settings.timeoutUs / 1000));
    const transport = createTransport({
      host: server,
      port: settings.port,
      ...(settings.heloName === null ? {} : { name: settings.heloName }),
      secure: false,
      // keepalived speaks plain SMTP to its relay.
      ignoreTLS: true,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
    try {
      const { rejected } = await transport.sendMail({
        from: settings.from ?? `${userInfo().username}@${hostname()}`,
        to: [...settings.recipients],
        subject: cut(`[${routerId}] ${subject}`, LONGEST_SUBJECT_BYTES),
        headers: { "X-Mailer": "Keepalived" },
        text: cut(body, LONGEST_BODY_BYTES),
      });
      if (rejected.length > 0) this.#complain({ subject, body }, `refused for ${rejected.map(String).join(", ")}`);
    } finally {
      transport.close();
    }
  }

  #complain({ subject }: Mail, reason: string): void {
    const text = `SMTP alert "${subject}" not sent: ${reason}`;
    this.#options.log({ level: "warning", message: "mail not sent", fields: { subject, reason }, text });
  }
}
