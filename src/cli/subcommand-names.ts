/** Commands of holdfast's own. They win over keepalived's flags only as the first word. */
const SUBCOMMANDS = {
  realserver: "prepare this machine as a real server for direct routing, or undo it",
  check: "check a configuration file and show every problem in it",
  explain: "show every effective value, defaults included, and where it came from",
  diff: "say what a reload from one configuration file to another would do",
  status: "ask the running daemon how it fares",
  top: "watch the running daemon",
  rs: "list, drain, disable, enable or weigh real servers of the running daemon",
  vrrp: "hold VRRP instances of the running daemon back, weigh or release them",
  reload: "reload the running daemon, or say what that would change",
  doctor: "look for what would keep a configuration from working on this machine",
  completion: "print the completion script for a shell",
  cleanup: "withdraw what a killed daemon left: addresses, routes, VMACs, firewall tables, IPVS services",
  why: "say why VRRP instances of the running daemon changed their state",
  events: "show what happened in the running daemon, and follow it",
  genhash: "print the MD5 of a page, for the digest of HTTP_GET and SSL_GET",
  keywords: "list the keywords of the configuration language, and which are in effect",
} as const;

export type Subcommand = keyof typeof SUBCOMMANDS;

export function isSubcommand(word: string): word is Subcommand {
  return Object.hasOwn(SUBCOMMANDS, word);
}

export const SUBCOMMAND_HELP: string = Object.entries(SUBCOMMANDS)
  .map(([name, help]) => `  ${name.padEnd(12)} ${help}`)
  .join("\n");

export const SUBCOMMAND_NAMES: readonly string[] = Object.keys(SUBCOMMANDS);
