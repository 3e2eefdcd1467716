/** What keepalived calls the commands of SMTP; of the body it has no name but DATA. */
const COMMANDS: Readonly<Record<string, string>> = { EHLO: "HELO", "MAIL FROM": "MAIL", "RCPT TO": "RCPT" };

interface Failure {
  readonly code: string;
  readonly command: string;
  readonly status: number | null;
  readonly message: string;
}

/** @param error of nodemailer: `code`, the command under way, and the server's `responseCode` where there is one */
function failureOf(error: unknown): Failure {
  const facts: Readonly<Record<string, unknown>> = typeof error === "object" && error !== null ? { ...error } : {};
  const { code, command, responseCode } = facts;
  return {
    code: typeof code === "string" ? code : "",
    command: typeof command === "string" ? command : "",
    status: typeof responseCode === "number" ? responseCode : null,
    message: error instanceof Error ? error.message : "",
  };
}

/**
 * Why an alert was not delivered, in keepalived's words.
 * @param place of the relay: `[192.0.2.25]:25`
 */
export function deliveryFailure(error: unknown, place: string): string {
  const { code, command, status, message } = failureOf(error);
  if (status !== null) {
    const word = COMMANDS[command] ?? command;
    return `Error processing ${word} cmd on SMTP server ${place}. SMTP status code = ${status}`;
  }
  if (code === "ETIMEDOUT")
    return message.startsWith("Connection timeout")
      ? `Timeout opening connection to remote SMTP server ${place}.`
      : `Timeout reading data to remote SMTP server ${place}.`;
  if (/closed/i.test(message)) return `Remote SMTP server ${place} has closed the connection.`;
  return `SMTP connection ERROR to ${place}.`;
}
