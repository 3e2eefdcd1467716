import type { MailSettings } from "../model/global-complete.ts";
import { parseAddress } from "./address.ts";
import type { BuildContext } from "./context.ts";
import type { Settings } from "./settings.ts";
import type { Entry } from "./tree.ts";
import { endOf, placeOf } from "./tree.ts";

const SECOND_US = 1_000_000;
const SMTP_PORT = 25;

/** What mails are sent with. */
export function buildMail(globals: Settings, context: BuildContext): MailSettings {
  const server = globals.words("smtp_server");
  const port = Number(server?.[1] ?? SMTP_PORT);
  const isPort = Number.isInteger(port) && port > 0 && port < 65536;
  const serverEntry = globals.entry("smtp_server");
  if (!isPort && serverEntry !== null) {
    const message = `smtp_server: "${server?.[1] ?? ""}" is not a port, so ${SMTP_PORT} is used`;
    context.reporter.add("bad-number", message, placeOf(serverEntry.statement, 2));
  }
  checkServer(serverEntry, context);
  const timeoutSec = globals.number("smtp_connect_timeout") ?? 30;
  const recipients = globals.all("notification_email").flatMap((block) => {
    const words = block.lines.flatMap((line) => line.words);
    if (words.length === 0) {
      context.reporter.add("bad-value", "notification_email holds no address", endOf(block));
    }
    return words;
  });
  return {
    from: globals.text("notification_email_from"),
    recipients,
    server: server?.[0] ?? null,
    port: isPort ? port : SMTP_PORT,
    heloName: globals.text("smtp_helo_name"),
    timeoutUs: Math.max(1, timeoutSec) * SECOND_US,
    alertsByDefault: globals.boolean("smtp_alert"),
    alertsForVrrp: globals.boolean("smtp_alert_vrrp"),
    alertsForCheckers: globals.boolean("smtp_alert_checker"),
    skipsFaults: globals.has("no_email_faults"),
  };
}

/** A mail that cannot be sent is missed when it is too late. */
function checkServer(entry: Entry | null, { host, reporter }: BuildContext): void {
  const name = entry?.statement.words[1];
  if (entry === null || name === undefined || parseAddress(name) !== null) return;
  if (host.isHostKnown?.(name) !== false) return;
  const message = `smtp_server: no address is known for "${name}"; correct the name, or make it known in DNS or /etc/hosts`;
  reporter.add("bad-smtp-server", message, placeOf(entry.statement, 1));
}
