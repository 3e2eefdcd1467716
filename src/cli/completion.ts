import { SUBCOMMAND_NAMES } from "./subcommand-names.ts";

export type Shell = "bash" | "zsh" | "fish";

/** Second words of commands that have them. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  rs: ["list", "drain", "disable", "enable", "weight"],
  vrrp: ["force-backup", "priority", "release"],
  realserver: ["up", "down", "status"],
  completion: ["bash", "zsh", "fish"],
};

function bash(): string {
  const cases = Object.entries(ACTIONS).map(
    ([command, words]) => `    ${command}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word")); return ;;`,
  );
  return [
    "_holdfast() {",
    '  local word="$' + '{COMP_WORDS[COMP_CWORD]}"',
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
  return `${[top, ...more].join("\n")}\n`;
}

/** A script for the shell that completes commands and their actions. */
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
