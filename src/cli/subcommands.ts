import yargs from "yargs";
import { VERSION } from "../runtime/version.ts";

/** The words made no sense; the message says why. */
class UsageError extends Error {}

const USAGE_ERROR = 1;

/**
 * Runs one of holdfast's own commands.
 * @param words command line, the command first
 * @returns exit code
 */
export async function runSubcommand(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const keep = async (run: Promise<number>): Promise<void> => {
    exitCode = await run;
  };
  const parser = yargs([...words])
    .scriptName("holdfast")
    .version(VERSION)
    .strict()
    .recommendCommands()
    .demandCommand(1)
    .exitProcess(false)
    .command(
      "check <file>",
      "check a configuration file and show every problem in it",
      (command) =>
        command
          .positional("file", { type: "string", demandOption: true, describe: "configuration file, or a glob" })
          .option("config-id", { alias: "i", type: "string", describe: "id for lines that start with @" })
          .option("all-config", { alias: "e", type: "boolean", describe: "every include problem is an error" })
          .example("holdfast check /etc/keepalived/keepalived.conf", "exit status 0: nothing to complain about"),
      async (given) => {
        const { check } = await import("./check.ts");
        const { file, configId, allConfig } = given;
        await keep(check({ file, configId: configId ?? null, enforcesIncludes: allConfig ?? false }));
      },
    )
    .command(
      "realserver <action> [vip..]",
      "prepare this machine as a real server for direct routing, or undo it",
      (command) =>
        command
          .positional("action", { choices: ["up", "down", "status"] as const, demandOption: true })
          .positional("vip", { type: "string", array: true, default: [], describe: "virtual IP address" })
          .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
          .example("holdfast realserver up 192.168.1.100", "the VIP on lo, and silence about it in ARP")
          .example("holdfast realserver down 192.168.1.100", "undo it; the kernel's settings get their old values")
          .example("holdfast realserver status", "what is in place"),
      async (given) => {
        const { realserver } = await import("./realserver.ts");
        await keep(realserver({ action: given.action, addresses: given.vip, isJson: given.json }));
      },
    )
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  try {
    await parser.parseAsync();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`holdfast: ${error.message}\nTry: holdfast ${words[0] ?? ""} --help\n`);
    return USAGE_ERROR;
  }
  return exitCode;
}
