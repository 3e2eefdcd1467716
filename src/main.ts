import { basename } from "node:path";
import { flagHelp } from "./cli/flag-table.ts";
import { type Flags, parseFlags } from "./cli/flags.ts";
import { isSubcommand, SUBCOMMAND_HELP, SUBCOMMAND_NAMES } from "./cli/subcommand-names.ts";
import { launchDaemon, type StartReporter, takeStartReporter } from "./runtime/daemonize.ts";
import { COMPATIBLE_VERSION, VERSION } from "./runtime/version.ts";

/** Modules that only one way of being called needs are imported there: start-up time is failover time. */

const USAGE_ERROR = 1;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function versionText(): string {
  return `holdfast v${VERSION} (compatible with Keepalived v${COMPATIBLE_VERSION})\nNode ${process.versions.node}, ${process.platform} ${process.arch}`;
}

function helpText(): string {
  return [
    "Usage: holdfast [OPTION...]              run as keepalived does",
    "       holdfast COMMAND [ARGUMENT...]    one of the commands below",
    "",
    "Options, the same as keepalived's:",
    flagHelp(),
    "",
    "Commands (holdfast COMMAND --help tells more):",
    SUBCOMMAND_HELP,
    "",
    "Examples:",
    "  holdfast -t -f ./keepalived.conf       is this configuration right?",
    "  holdfast -nlD                          run in the foreground and watch it work",
    "  holdfast realserver up 192.168.1.100   prepare a direct-routing real server",
  ].join("\n");
}

/**
 * Signals that come before the daemon listens: a stop is obeyed, since nothing has been done yet, and the rest is
 * ignored, as keepalived ignores it. Node would end at a reload and open its debugger at SIGUSR1.
 * @returns a function that ends this, for when the daemon listens
 */
function shieldStart(): () => void {
  const leave = (): never => process.exit(0);
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE"] as const) process.on(signal, () => {});
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, leave);
  return () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.off(signal, leave);
  };
}

/**
 * A SIGUSR1 that came before any of our code ran has opened Node's debugger, through which everybody on this machine
 * could command the daemon. It stays open where the one who starts the daemon asks for it.
 */
async function closeDebugger(): Promise<void> {
  const asked = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""];
  if (!process.features.inspector || asked.some((words) => words.includes("--inspect"))) return;
  // It opens once more from the event loop, if it was closed before its turn.
  await new Promise(setImmediate);
  const { close, url } = await import("node:inspector");
  if (url() !== undefined) close();
}

/** A folder that was removed under the caller is no reason to fail: absolute paths still work. */
function leaveMissingFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir("/");
  }
}

async function run(flags: Flags, words: readonly string[], reporter: StartReporter | null): Promise<void> {
  if (reporter !== null || flags.staysInForeground) {
    const endShield = shieldStart();
    await closeDebugger();
    const { runDaemon } = await import("./cli/run-daemon.ts");
    await runDaemon({ flags, words, reporter, endShield });
  }
  const program = process.argv[1] ?? "";
  process.exitCode = await launchDaemon({ words: [program, ...words], environment: process.env, say });
}

/** Loads what the daemon needs without running it: the build keeps what V8 made of it. */
export async function prepare(): Promise<void> {
  await Promise.all([
    import("./cli/run-daemon.ts"),
    import("./cli/config-test.ts"),
    import("./runtime/control-server.ts"),
    import("./runtime/control-socket.ts"),
    import("./api/router.ts"),
  ]);
}

/** The words for genhash, which is chosen by the program's name or by the first word; null for the daemon. */
function wordsOfGenhash(program: string, words: readonly string[]): readonly string[] | null {
  if (program === "genhash") return words;
  const [first = ""] = words;
  return first === "genhash" || first === "-T" || first === "--genhash" ? words.slice(1) : null;
}

async function runGenhash(words: readonly string[]): Promise<void> {
  const { genhash } = await import("./cli/genhash.ts");
  const output = {
    out: (text: string | Buffer): void => void process.stdout.write(text),
    complain: (text: string): void => void process.stderr.write(text),
  };
  process.exitCode = await genhash(words, output);
}

/**
 * The program.
 * @param words command line without the program
 */
export async function main(words: readonly string[]): Promise<void> {
  leaveMissingFolder();
  const [first] = words;
  const genhashWords = wordsOfGenhash(basename(process.argv[1] ?? ""), words);
  if (genhashWords !== null) return runGenhash(genhashWords);
  if (first !== undefined && isSubcommand(first)) {
    const { runSubcommand } = await import("./cli/subcommands.ts");
    process.exitCode = await runSubcommand(words);
    return;
  }
  if (first !== undefined && !first.startsWith("-")) {
    const { suggest } = await import("./config/suggest.ts");
    const near = suggest(first, SUBCOMMAND_NAMES);
    // keepalived: names the word and starts the daemon all the same.
    say(
      `holdfast: there is no command "${first}"${near === null ? "" : `, did you mean "${near}"?`}\nTry: holdfast --help`,
    );
    process.exitCode = USAGE_ERROR;
    return;
  }
  const reporter = takeStartReporter(process.env);
  const { action, flags, complaints } = parseFlags(words);
  // The command that started the daemon has said them already.
  if (reporter === null) for (const complaint of complaints) say(complaint);
  switch (action.kind) {
    case "version":
      return say(versionText());
    case "help":
      return say(helpText());
    case "signum":
      process.stdout.write(`${action.number}\n`);
      return;
    case "usage-error":
      if (reporter === null) say("Try: holdfast --help");
      process.exitCode = USAGE_ERROR;
      return;
    case "genhash":
      say("Warning -- `-T` not used as first option, previous options ignored");
      return runGenhash(action.words);
    case "config-test": {
      const { testConfiguration } = await import("./cli/config-test.ts");
      process.exitCode = await testConfiguration(flags, action);
      return;
    }
    case "run":
      return run(flags, words, reporter);
  }
}
