import { join } from "node:path";
import type { Machine } from "./machine.ts";
import { unpackedPackage } from "./unpacked.ts";

const FOLDER = "/run/postfix";

function mainCf(root: string): string {
  return `compatibility_level = 3.6
queue_directory = ${FOLDER}/spool
data_directory = ${FOLDER}/data
command_directory = ${root}/usr/sbin
daemon_directory = ${root}/usr/lib/postfix/sbin
shlib_directory = ${root}/usr/lib/postfix
mail_owner = mail
setgid_group = utmp
inet_interfaces = all
inet_protocols = ipv4
myhostname = lab.example
mydestination = lab.example
alias_maps =
local_recipient_maps =
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
`;
}

/** Only what answers at port 25: nothing is delivered. */
const MASTER_CF = "smtp inet n - n - - smtpd\n";

export function whyNoPostfix(): string | false {
  return unpackedPackage("postfix") === null ? "needs postfix below build/debian (npm run setup -- --for test)" : false;
}

/** postfix in a machine, which answers every HELO at port 25. */
export class Postfix {
  /** What starts it, in the foreground. */
  readonly words: readonly string[];
  readonly #root: string;

  constructor() {
    this.#root = unpackedPackage("postfix") ?? "";
    const { master, library } = { master: "usr/lib/postfix/sbin/master", library: "usr/lib/postfix" };
    const path = join(this.#root, library);
    this.words = ["env", `LD_LIBRARY_PATH=${path}`, join(this.#root, master), "-c", `${FOLDER}/etc`, "-d"];
  }

  async configure(machine: Machine): Promise<void> {
    machine.writeFile(`${FOLDER}/etc/main.cf`, mainCf(this.#root));
    machine.writeFile(`${FOLDER}/etc/master.cf`, MASTER_CF);
    const folders = ["pid", "public", "private"].map((name) => `${FOLDER}/spool/${name}`);
    await machine.runOk(["mkdir", "-p", ...folders, `${FOLDER}/data`]);
    await machine.runOk(["chown", "mail", `${FOLDER}/data`, `${FOLDER}/spool/public`, `${FOLDER}/spool/private`]);
  }
}
