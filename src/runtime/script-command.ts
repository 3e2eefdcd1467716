import { closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ScriptCommand } from "../model/command.ts";
import type { ScriptStart } from "./script-runner.ts";

const SHELL = "/bin/sh";

function findInPath(name: string, searchPath: string): string {
  if (name.includes("/")) return name;
  for (const folder of searchPath.split(":")) {
    const candidate = join(folder, name);
    if (folder.startsWith("/") && statSync(candidate, { throwIfNoEntry: false })?.isFile() === true) return candidate;
  }
  return name;
}

/** Whether the kernel can execute it: a binary, or a text that names its interpreter. */
function isExecutableFormat(path: string): boolean {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const head = Buffer.alloc(4);
    const count = readSync(fd, head, 0, head.length, 0);
    return head.toString("latin1", 0, Math.min(2, count)) === "#!" || head.toString("latin1") === "\x7fELF";
  } catch {
    // Let the kernel say what is wrong with it.
    return true;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function shellStart(text: string): Pick<ScriptStart, "file" | "argv"> {
  return { file: SHELL, argv: [SHELL, "-c", text] };
}

/**
 * How a configured command is started: the real file (or, with `use_symlink_paths`, the link), with the words as written. What is neither a binary nor names its
 * interpreter goes through the shell, and so does `</path`, which tests that a file can be opened.
 * @param extra words appended to the command's own
 * @see cli.md section 6
 */
export function resolveCommand(
  command: ScriptCommand,
  extra: readonly string[] = [],
  searchPath: string = process.env["PATH"] ?? "",
): Pick<ScriptStart, "file" | "argv" | "user"> {
  const { argv, user } = command;
  const [name = "", ...words] = argv;
  if (/^<\s*\//.test([name, ...words].join(" "))) {
    const path = name === "<" ? (words[0] ?? "") : name.slice(1);
    return { ...shellStart(`: < ${quote(path)}`), user };
  }
  const found = findInPath(name, searchPath);
  if (!isExecutableFormat(found)) return { ...shellStart([found, ...words, ...extra].map(quote).join(" ")), user };
  return { file: command.isRunByLink === true ? found : realPath(found), argv: [name, ...words, ...extra], user };
}

/**
 * The path by which keepalived's log names a script: found where commands are searched, links of its folder followed.
 */
export function scriptName(command: ScriptCommand, searchPath: string = process.env["PATH"] ?? ""): string {
  const found = findInPath(command.argv[0] ?? "", searchPath);
  if (!found.startsWith("/") || command.isRunByLink === true) return found;
  return join(realPath(dirname(found)), basename(found));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
