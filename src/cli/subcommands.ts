import yargs, { type Argv } from "yargs";
import { errorCode } from "../runtime/error-code.ts";
import { VERSION } from "../runtime/version.ts";

/** The words made no sense; the message says why. */
class UsageError extends Error {}

const USAGE_ERROR = 1;

/** Notes the exit code of the command that was chosen. */
type Keep = (run: number | Promise<number>) => Promise<void>;

function addCheck(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "check <file>",
    "check a configuration file and show every problem in it",
    (command) =>
      command
        .positional("file", { type: "string", demandOption: true, describe: "configuration file, or a glob" })
        .option("config-id", { alias: "i", type: "string", describe: "id for lines that start with @" })
        .option("all-config", { alias: "e", type: "boolean", describe: "every include problem is an error" })
        .option("format", { choices: ["text", "json", "sarif"] as const, default: "text" as const })
        .example("holdfast check /etc/keepalived/keepalived.conf", "exit status 0: nothing to complain about"),
    async (given) => {
      const { check } = await import("./check.ts");
      const { file, configId, allConfig, format } = given;
      await keep(check({ file, configId: configId ?? null, enforcesIncludes: allConfig ?? false, format }));
    },
  );
}

function addRealserver(parser: Argv, keep: Keep): Argv {
  return parser.command(
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
  );
}

function addDiff(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "diff <old> <new>",
    "say what a reload from one configuration file to another would do",
    (command) =>
      command
        .positional("old", { type: "string", demandOption: true, describe: "the configuration in force" })
        .positional("new", { type: "string", demandOption: true, describe: "the configuration to come" })
        .option("config-id", { alias: "i", type: "string", describe: "id for lines that start with @" })
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .example("holdfast diff /etc/keepalived/keepalived.conf new.conf", "VIPs, elections, real servers"),
    async (given) => {
      const { diff } = await import("./diff.ts");
      const { configId, json } = given;
      await keep(diff({ oldFile: given.old, newFile: given.new, configId: configId ?? null, isJson: json }));
    },
  );
}

function addExplain(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "explain <file>",
    "show every effective value, defaults included, and where it came from",
    (command) =>
      command
        .positional("file", { type: "string", demandOption: true, describe: "configuration file, or a glob" })
        .option("config-id", { alias: "i", type: "string", describe: "id for lines that start with @" })
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .example("holdfast explain /etc/keepalived/keepalived.conf", "reads, and loads, like a configuration"),
    async (given) => {
      const { explain } = await import("./explain.ts");
      await keep(explain({ file: given.file, configId: given.configId ?? null, isJson: given.json }));
    },
  );
}

function addKeywords(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "keywords [word]",
    "list the keywords of the configuration language, and which are in effect",
    (command) =>
      command
        .positional("word", { type: "string", describe: "part of a block's or a keyword's name" })
        .option("format", { choices: ["text", "json", "markdown"] as const, default: "text" as const })
        .example("holdfast keywords TCP_CHECK", "all that a TCP_CHECK block takes")
        .example("holdfast keywords garp", "all keywords with garp in their name"),
    async (given) => {
      const { keywords } = await import("./keywords.ts");
      await keep(keywords({ filter: given.word ?? null, format: given.format }));
    },
  );
}

const SOCKET_OPTION = {
  type: "string",
  describe: "control socket of the daemon",
  default: process.env["HOLDFAST_SOCKET"] ?? "/run/holdfast/control.sock",
} as const;

function addStatus(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "status",
    "ask the running daemon how it fares",
    (command) =>
      command
        .option("socket", SOCKET_OPTION)
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .example("holdfast status", "instances and virtual servers"),
    async ({ socket, json }) => {
      const { status } = await import("./status.ts");
      await keep(status({ socket, isJson: json }));
    },
  );
}

/** @throws UsageError for what is no number from 0 on */
function secondsOf(option: string, value: number): number {
  if (!(value >= 0)) throw new UsageError(`--${option} is a number of seconds, 0 or more`);
  return value;
}

/** @throws UsageError for what is no number of a process: 0 and less name groups */
function pidOf(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new UsageError("--pid is the number of a process");
  return value;
}

function addTop(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "top",
    "watch the running daemon",
    (command) =>
      command
        .option("socket", SOCKET_OPTION)
        .option("interval", { alias: "n", type: "number", default: 1, describe: "seconds between two looks" })
        .example("holdfast top -n 5", "q or ctrl-c ends it"),
    async ({ socket, interval }) => {
      const { top } = await import("./top.ts");
      await keep(top({ socket, intervalSec: secondsOf("interval", interval) }));
    },
  );
}

function addRs(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "rs <action> [server] [weight]",
    "list, drain, disable, enable or weigh real servers of the running daemon",
    (command) =>
      command
        .positional("action", {
          choices: ["list", "drain", "disable", "enable", "weight"] as const,
          demandOption: true,
        })
        .positional("server", { type: "string", describe: "name in the list, ADDRESS or ADDRESS:PORT" })
        .positional("weight", { type: "number", describe: "0 to 65535" })
        .option("socket", SOCKET_OPTION)
        .option("virtual-server", { alias: "s", type: "string", describe: "only there; else wherever the server is" })
        .option("reason", { alias: "m", type: "string", describe: "why, for others to read" })
        .option("for", { type: "string", describe: "taken back by itself after this: 90s, 30m, 2h, 1d" })
        .option("deadline", { type: "string", describe: "drain: out of the pool after this at the latest" })
        .option("down", { type: "boolean", default: false, describe: "list: only those that are down" })
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .example("holdfast rs drain 10.0.0.7 -m 'new kernel' --deadline 10m", "no new connections, then out")
        .example("holdfast rs weight 10.0.0.7:80 50 --for 1h", "with another weight for an hour")
        .example("holdfast rs enable 10.0.0.7", "back to configuration and checks"),
    async (given) => {
      const { realServers } = await import("./rs.ts");
      const { action, server, weight, socket, virtualServer, reason, deadline, down, json } = given;
      const words = { server: server ?? null, weight: weight ?? null, virtualServer: virtualServer ?? null };
      const times = { expiry: given.for ?? null, deadline: deadline ?? null };
      await keep(
        realServers({ action, socket, reason: reason ?? "", isOnlyDown: down, isJson: json, ...words, ...times }),
      );
    },
  );
}

function addVrrp(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "vrrp <action> <instance> [priority]",
    "hold VRRP instances of the running daemon back, weigh or release them",
    (command) =>
      command
        .positional("action", { choices: ["force-backup", "priority", "release"] as const, demandOption: true })
        .positional("instance", { type: "string", demandOption: true })
        .positional("priority", { type: "number", describe: "1 to 254" })
        .option("socket", SOCKET_OPTION)
        .option("reason", { alias: "m", type: "string", default: "", describe: "why, for the log" })
        .option("for", { type: "string", describe: "released by itself after this: 90s, 30m, 2h" })
        .example("holdfast vrrp force-backup VI_1 -m 'new kernel'", "gives the addresses up and keeps off"),
    async ({ action, instance, priority, socket, reason, for: expiry }) => {
      const { vrrp } = await import("./vrrp.ts");
      await keep(vrrp({ action, instance, priority: priority ?? null, socket, reason, expiry: expiry ?? null }));
    },
  );
}

function addReload(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "reload",
    "reload the running daemon, or say what that would change",
    (command) =>
      command
        .option("socket", SOCKET_OPTION)
        .option("plan", { type: "boolean", default: false, describe: "only say what would change" })
        .option("pid", { type: "number", describe: "that daemon, by its socket or else by SIGHUP" })
        .example("holdfast reload --plan", "before you do it"),
    async ({ socket, plan, pid }) => {
      const { reload } = await import("./reload.ts");
      await keep(reload({ socket, isPlan: plan, pid: pid === undefined ? null : pidOf(pid) }));
    },
  );
}

function addDoctor(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "doctor [file]",
    "look for what would keep a configuration from working on this machine",
    (command) =>
      command
        .positional("file", { type: "string", default: "/etc/keepalived/keepalived.conf", describe: "configuration" })
        .option("config-id", { alias: "i", type: "string", describe: "id for lines that start with @" })
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .option("listen", { type: "number", default: 4, describe: "seconds to listen for other routers; 0: don't" })
        .example("holdfast doctor", "each finding with the command that mends it"),
    async ({ file, configId, json, listen }) => {
      const { doctor } = await import("./doctor.ts");
      const listenSec = Math.min(60, secondsOf("listen", listen));
      await keep(doctor({ file, configId: configId ?? null, isJson: json, listenSec }));
    },
  );
}

function addCompletion(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "completion <shell>",
    "print the completion script for a shell",
    (command) =>
      command
        .positional("shell", { choices: ["bash", "zsh", "fish"] as const, demandOption: true })
        .example("holdfast completion bash > /etc/bash_completion.d/holdfast", "for everybody"),
    async ({ shell }) => {
      const { renderCompletion } = await import("./completion.ts");
      process.stdout.write(renderCompletion(shell));
      await keep(0);
    },
  );
}

function addWhy(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "why [instance]",
    "say why VRRP instances of the running daemon changed their state",
    (command) =>
      command
        .positional("instance", { type: "string", describe: "only this one" })
        .option("socket", SOCKET_OPTION)
        .option("all", { alias: "a", type: "boolean", default: false, describe: "not just the last change" })
        .option("json", { type: "boolean", default: false, describe: "machine-readable output" })
        .example("holdfast why VI_1", "the cause with its evidence"),
    async ({ instance, socket, all, json }) => {
      const { why } = await import("./why.ts");
      await keep(why({ instance: instance ?? null, socket, isAll: all, isJson: json }));
    },
  );
}

function addEvents(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "events",
    "show what happened in the running daemon, and follow it",
    (command) =>
      command
        .option("socket", SOCKET_OPTION)
        .option("follow", { alias: "f", type: "boolean", default: false, describe: "wait for more" })
        .option("since", { type: "number", default: 0, describe: "only what came after this sequence number" })
        .option("json", { type: "boolean", default: false, describe: "one JSON object a line" })
        .example("holdfast events -f", "like tail -f of the log"),
    async ({ socket, follow, since, json }) => {
      const { events } = await import("./events.ts");
      await keep(events({ socket, isFollowing: follow, since, isJson: json }));
    },
  );
}

function addCleanup(parser: Argv, keep: Keep): Argv {
  return parser.command(
    "cleanup",
    "withdraw what a killed daemon left in the kernel",
    (command) =>
      command
        .usage("holdfast cleanup [-- DAEMON OPTIONS]")
        .epilogue("The options are those that the daemon was started with: -f, -i, -s, -p, -P, -C, -V, -I and so on.")
        .example("holdfast cleanup", "of the daemon with /etc/keepalived/keepalived.conf")
        .example("holdfast cleanup -- -f other.conf -s blue", "of a daemon with these options"),
    async ({ _: [, ...options] }) => {
      const { cleanup } = await import("./cleanup.ts");
      await keep(cleanup(options.map(String)));
    },
  );
}

const COMMANDS: readonly ((parser: Argv, keep: Keep) => Argv)[] = [
  addCheck,
  addRealserver,
  addExplain,
  addDiff,
  addKeywords,
  addStatus,
  addTop,
  addRs,
  addVrrp,
  addReload,
  addCleanup,
  addWhy,
  addDoctor,
  addCompletion,
  addEvents,
];

/** yargs counts words; people leave one out, and want to see which. @param usage `holdfast rs <action> [server]` */
function plainUsage(message: string, usage: string): string {
  return message.startsWith("Not enough non-option arguments: ") ? `something is missing: ${usage}` : message;
}

/** The first line of a command's help. */
function usageOf(parser: Argv, command: string): Promise<string> {
  return new Promise((resolve) => {
    void parser.parse([command, "--help"], {}, (_error, _given, output) => resolve(output.split("\n")[0] ?? ""));
  });
}

/**
 * Runs one of holdfast's own commands.
 * @param words command line, the command first
 * @returns exit code
 */
export async function runSubcommand(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  // A reader such as head(1) that has seen enough is no failure
  process.stdout.on("error", (error) => {
    if (errorCode(error) === "EPIPE") process.exit(0);
    throw error;
  });
  const keep: Keep = async (run) => {
    exitCode = await run;
  };
  const base = yargs([...words])
    .scriptName("holdfast")
    .version(VERSION)
    .strict()
    .recommendCommands()
    .demandCommand(1)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  const parser = COMMANDS.reduce((commands, add) => add(commands, keep), base);
  try {
    await parser.parseAsync();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [command = ""] = words;
    const message = plainUsage(error.message, await usageOf(parser, command));
    process.stderr.write(`holdfast: ${message}\nTry: holdfast ${command} --help\n`);
    return USAGE_ERROR;
  }
  return exitCode;
}
