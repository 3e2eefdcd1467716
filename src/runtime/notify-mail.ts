import { hostname, userInfo } from "node:os";
import type { MailSettings } from "../model/global-complete.ts";
import { errorText } from "./error-code.ts";
import type { SpokenRecord } from "./log.ts";
import { deliveryFailure } from "./mail-wording.ts";

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

/** Of a header: what would end it is left out. */
function header(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  return `${name}: ${value.replace(/[\0-\x1f\x7f]+/g, " ")}\r\n`;
}

/** With keepalived's headers and no others, and the body in a line of its own, however long: nothing is encoded or folded. */
function messageOf(mail: { readonly from: string; readonly to: readonly string[] } & Mail): string {
  return [
    header("Date", new Date().toUTCString().replace("GMT", "+0000")),
    header("From", mail.from),
    header("Subject", cut(mail.subject, LONGEST_SUBJECT_BYTES)),
    header("X-Mailer", "Keepalived"),
    header("To", mail.to.join(", ")),
    `\r\n${cut(mail.body, LONGEST_BODY_BYTES)}\r\n`,
  ].join("");
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
        this.#say("warning", "mail relay failed", deliveryFailure(error, this.#place(server)));
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
      const from = settings.from ?? `${userInfo().username}@${hostname()}`;
      const to = [...settings.recipients];
      const raw = messageOf({ from, to, subject: `[${routerId}] ${subject}`, body });
      const { rejected } = await transport.sendMail({ envelope: { from, to }, raw });
      this.#say("info", "mail relay connected", `Remote SMTP server ${this.#place(server)} connected.`);
      this.#say("info", "mail sent", "SMTP alert successfully sent.");
      if (rejected.length > 0) this.#complain({ subject, body }, `refused for ${rejected.map(String).join(", ")}`);
    } finally {
      transport.close();
    }
  }

  #place(server: string): string {
    return `[${server}]:${this.#options.settings.port}`;
  }

  #say(level: SpokenRecord["level"], message: string, text: string): void {
    this.#options.log({ level, message, fields: {}, text });
  }

  #complain({ subject }: Mail, reason: string): void {
    const text = `SMTP alert "${subject}" not sent: ${reason}`;
    this.#options.log({ level: "warning", message: "mail not sent", fields: { subject, reason }, text });
  }
}
