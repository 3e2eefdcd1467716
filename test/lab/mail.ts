import { join } from "node:path";
import { linesOf } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import type { Machine } from "./machine.ts";

const PROGRAM = join(ROOT, "dist/test/lab/programs/mail-sink.js");
export const MAIL_MANNERS = "/run/lab/manners";

/** The recipients that every lab has. */
const RECIPIENTS = ["one", "two"];

/** A `global_defs` with a relay on this machine. @param lines further ones of it */
export function mailGlobals(lines: readonly string[], recipients: readonly string[] = RECIPIENTS): string {
  const addresses = recipients.map((name) => `    ${name}@example.org\n`).join("");
  return `global_defs {
  router_id LAB
  notification_email {
${addresses}  }
  notification_email_from keep@example.org
  smtp_server 127.0.0.1 2500
${lines.map((line) => `  ${line}\n`).join("")}}
`;
}

export interface SeenMail {
  /** Commands before DATA, without the greeting. */
  readonly envelope: readonly string[];
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly mailer: string;
  /** Without the empty lines at both ends. */
  readonly body: string;
}

function headersOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const text = lines.join("\n").replace(/\n[ \t]+/g, " ");
  return new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf(":");
      return at < 0 ? [] : [[line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const];
    }),
  );
}

function parse(line: string): SeenMail {
  const { envelope, data } = JSON.parse(line) as { envelope: string[]; data: string[] };
  const end = data.indexOf("");
  const headers = headersOf(data.slice(0, end));
  return {
    envelope: envelope.slice(1),
    subject: headers.get("subject") ?? "",
    from: headers.get("from") ?? "",
    to: headers.get("to") ?? "",
    mailer: headers.get("x-mailer") ?? "",
    body: data.slice(end).join("\n").trim(),
  };
}

/** The mail relay of a lab, which behaves as told. */
export class MailSink {
  readonly #lines: ReturnType<typeof linesOf>;

  private constructor(lines: ReturnType<typeof linesOf>) {
    this.#lines = lines;
  }

  static async start(machine: Machine, address: string, port = 25): Promise<MailSink> {
    machine.writeFile(MAIL_MANNERS, "well");
    const child = machine.spawn([process.execPath, PROGRAM, address, String(port), MAIL_MANNERS]);
    const lines = linesOf(child.stdout, child.stderr);
    await lines.waitFor("the mail relay", ({ text }) => text === "ready", { timeoutMs: 20_000 });
    return new MailSink(lines);
  }

  /** All that came so far. */
  get mails(): readonly SeenMail[] {
    return this.#lines.items.filter(({ text }) => text.startsWith("{")).map(({ text }) => parse(text));
  }
}
