import { FLAGS } from "./flag-table.ts";
import { SUBCOMMAND_NAMES } from "./subcommand-names.ts";

export type Shell = "bash" | "zsh" | "fish";

/** Second words of commands that have them. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  rs: ["list", "drain", "disable", "enable", "weight"],
  vrrp: ["force-backup", "priority", "release"],
  realserver: ["up", "down", "status"],
  completion: ["bash", "zsh", "fish"],
};

/** Long options of each command, without what all have; those of genhash are its own. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  realserver: ["json"],
  check: ["config-id", "all-config", "format"],
  explain: ["config-id", "json"],
  diff: ["config-id", "json"],
  status: ["socket", "json"],
  top: ["socket", "interval"],
  rs: ["socket", "virtual-server", "reason", "for", "deadline", "down", "json"],
  vrrp: ["socket", "reason", "for"],
  reload: ["socket", "plan", "pid"],
  doctor: ["config-id", "json", "listen"],
  completion: [],
  cleanup: [],
  why: ["socket", "all", "json"],
  events: ["socket", "follow", "since", "json"],
  keywords: ["format"],
};

/** @returns as they are typed. @param command null for the daemon */
export function longOptions(command: string | null): readonly string[] {
  const own = command === null ? FLAGS.flatMap(({ long }) => long ?? []) : ["help", ...(OPTIONS[command] ?? [])];
  return own.map((name) => `--${name}`);
}

function optionCases(offer: (words: string) => string): readonly string[] {
  const commands = Object.keys(OPTIONS).map(
    (command) => `      ${command}) ${offer(longOptions(command).join(" "))} ;;`,
  );
  return [...commands, `      *) ${offer(longOptions(null).join(" "))} ;;`];
}

function bash(): string {
  const cases = Object.entries(ACTIONS).map(
    ([command, words]) => `    ${command}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word")); return ;;`,
  );
  return [
    "_holdfast() {",
    '  local word="$' + '{COMP_WORDS[COMP_CWORD]}"',
    "  if [[ $word == -* ]]; then",
    '    case "$' + '{COMP_WORDS[1]}" in',
    ...optionCases((words) => `COMPREPLY=($(compgen -W "${words}" -- "$word"))`),
    "    esac",
    "    return",
    "  fi",
    '  if [ "$COMP_CWORD" = 1 ]; then',
    `    COMPREPLY=($(compgen -W "${SUBCOMMAND_NAMES.join(" ")}" -- "$word")); return`,
    "  fi",
    '  [ "$COMP_CWORD" = 2 ] && case "$' + '{COMP_WORDS[1]}" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -f -- "$word"))',
    "}",
    "complete -o filenames -F _holdfast holdfast",
    "",
  ].join("\n");
}

/** Of its own, since zsh looks at the first line of files in its folders; `eval` and `source` after compinit work as well. */
function zsh(): string {
  const cases = Object.entries(ACTIONS).map(
    ([command, words]) => `    ${command}) compadd -- ${words.join(" ")}; return ;;`,
  );
  return [
    "#compdef holdfast",
    "_holdfast() {",
    "  if [[ $words[CURRENT] == -* ]]; then",
    "    case $words[2] in",
    ...optionCases((words) => `compadd -- ${words}`),
    "    esac",
    "    return",
    "  fi",
    "  if (( CURRENT == 2 )); then",
    `    compadd -- ${SUBCOMMAND_NAMES.join(" ")}; return`,
    "  fi",
    "  (( CURRENT == 3 )) && case $words[2] in",
    ...cases,
    "  esac",
    "  _files",
    "}",
    'if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi',
    "",
  ].join("\n");
}

function fish(): string {
  const top = `complete -c holdfast -f -n __fish_use_subcommand -a '${SUBCOMMAND_NAMES.join(" ")}'`;
  const more = Object.entries(ACTIONS).map(
    ([command, words]) => `complete -c holdfast -f -n '__fish_seen_subcommand_from ${command}' -a '${words.join(" ")}'`,
  );
  const options = [null, ...Object.keys(OPTIONS)].flatMap((command) => {
    const where = command === null ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${command}`;
    return longOptions(command).map((option) => `complete -c holdfast -n '${where}' -l ${option.slice(2)}`);
  });
  return `${[top, ...more, ...options].join("\n")}\n`;
}

/** A script for the shell that completes commands, their actions, and long options. */
export function renderCompletion(shell: Shell): string {
  switch (shell) {
    case "bash":
      return bash();
    case "zsh":
      return zsh();
    case "fish":
      return fish();
  }
}
