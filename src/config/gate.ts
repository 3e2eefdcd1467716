import { parseAddress } from "./address.ts";
import type { Keyword } from "./keywords/table.ts";
import type { BlockGate, BlockRefusal } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** keepalived: without a name these are skipped; at any other it stops reading. */
const NAMELESS_SKIPPED: ReadonlySet<string> = new Set(["vrrp_instance", "vrrp_sync_group", "track_group"]);

/** Refuses blocks by what stands before their brace: no name, two names, a name used before, a bad address. */
export class HeaderGate implements BlockGate {
  private readonly names = new Set<string>();

  refuse(keyword: Keyword, statement: Statement): BlockRefusal | null {
    const message = this.findFault(keyword, statement);
    if (message === null) return null;
    const isNameless = statement.words.length === 1 && !NAMELESS_SKIPPED.has(keyword.name);
    return { code: isNameless ? "missing-parameter" : "block-rejected", message };
  }

  private findFault(keyword: Keyword, statement: Statement): string | null {
    if (keyword.name === "virtual_server") return checkVirtualServer(statement);
    if (keyword.name === "real_server") return checkServerAddress(statement, 1);
    if (keyword.block === "(root)" && keyword.syntax.startsWith("<NAME>")) return this.checkName(keyword, statement);
    return null;
  }

  private checkName(keyword: Keyword, statement: Statement): string | null {
    const name = statement.words[1];
    if (name === undefined) return `${keyword.name} needs a name; the block is skipped`;
    if (statement.words.length > 2) return `${keyword.name} takes one name; the block is skipped`;
    // keepalived: groups of virtual servers may share a name
    if (keyword.name === "virtual_server_group") return null;
    const key = `${keyword.name} ${name}`;
    if (this.names.has(key)) return `${keyword.name} ${name} is defined already; the block is skipped`;
    this.names.add(key);
    return null;
  }
}

function checkVirtualServer(statement: Statement): string | null {
  const [, first, second] = statement.words;
  if (first === undefined) return "virtual_server needs an address, fwmark or group; the block is skipped";
  if (first === "group") return second === undefined ? "virtual_server group needs a name; the block is skipped" : null;
  if (first !== "fwmark") return checkServerAddress(statement, 1);
  const mark = readInteger(second ?? "");
  return mark.value === null || mark.value < 0 || mark.value > 0xffffffff
    ? `"${second ?? ""}" is not a firewall mark; the block is skipped`
    : null;
}

const LARGEST_PORT = 65535;

function checkServerAddress(statement: Statement, index: number): string | null {
  const address = statement.words[index] ?? "";
  if (parseAddress(address) === null) return `"${address}" is not a numeric IP address; the block is skipped`;
  const port = statement.words[index + 1];
  if (port === undefined) return null;
  const { value, problem } = readInteger(port);
  return value === null || problem !== "none" || value < 0 || value > LARGEST_PORT
    ? `"${port}" is not a port; the block is skipped`
    : null;
}
