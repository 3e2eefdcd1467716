import { parseHostAddress } from "./address.ts";
import type { Keyword } from "./keywords/table.ts";
import type { BlockGate, BlockRefusal } from "./tree.ts";
import { readInteger } from "./values.ts";
import type { Statement } from "./words.ts";

/** What is wrong, and at which word of the statement. */
type Fault = Pick<BlockRefusal, "message" | "word"> & { readonly isSilent?: true };

function skipped(why: string, word = 1): Fault {
  return { message: `${why}; the block is skipped`, word };
}

/** keepalived: without a name these are skipped; at any other it stops reading. */
const NAMELESS_SKIPPED: ReadonlySet<string> = new Set(["vrrp_instance", "vrrp_sync_group", "track_group"]);

/** keepalived: of these any number may have one name, the first one is found by it. */
const SILENTLY_REPEATED: ReadonlySet<string> = new Set([
  "vrrp_script",
  "track_file",
  "vrrp_track_file",
  "vrrp_track_process",
]);

/** Refuses blocks by what stands before their brace: no name, two names, a name used before, a bad address. */
export class HeaderGate implements BlockGate {
  private readonly names = new Set<string>();

  refuse(keyword: Keyword, statement: Statement): BlockRefusal | null {
    const fault = this.findFault(keyword, statement);
    if (fault === null) return null;
    const { isSilent, ...reason } = fault;
    if (isSilent === true) return { code: "advice", ...reason };
    const isNameless = statement.words.length === 1 && !NAMELESS_SKIPPED.has(keyword.name);
    return { code: isNameless ? "missing-parameter" : "block-rejected", ...reason };
  }

  private findFault(keyword: Keyword, statement: Statement): Fault | null {
    if (keyword.name === "virtual_server") return checkVirtualServer(statement);
    if (keyword.name === "real_server") return checkServerAddress(statement, 1);
    if (keyword.block === "(root)" && keyword.syntax.startsWith("<NAME>")) return this.checkName(keyword, statement);
    return null;
  }

  private checkName(keyword: Keyword, statement: Statement): Fault | null {
    const name = statement.words[1];
    if (name === undefined) return skipped(`${keyword.name} needs a name`);
    if (statement.words.length > 2) return skipped(`${keyword.name} takes one name`);
    // keepalived: groups of virtual servers may share a name
    if (keyword.name === "virtual_server_group") return null;
    const key = `${keyword.name} ${name}`;
    if (this.names.has(key)) {
      const fault = skipped(`${keyword.name} ${name} is defined already`);
      return SILENTLY_REPEATED.has(keyword.name) ? { ...fault, isSilent: true } : fault;
    }
    this.names.add(key);
    return null;
  }
}

function checkVirtualServer(statement: Statement): Fault | null {
  const [, first, second] = statement.words;
  if (first === undefined) return skipped("virtual_server needs an address, fwmark or group");
  if (first === "group") return second === undefined ? skipped("virtual_server group needs a name") : null;
  if (first !== "fwmark") return checkServerAddress(statement, 1);
  const mark = readInteger(second ?? "");
  return mark.value === null || mark.value < 0 || mark.value > 0xffffffff
    ? skipped(`"${second ?? ""}" is not a firewall mark`, 2)
    : null;
}

const LARGEST_PORT = 65535;

function checkServerAddress(statement: Statement, index: number): Fault | null {
  const address = statement.words[index] ?? "";
  if (parseHostAddress(address) === null) return skipped(`"${address}" is not a numeric IP address`);
  const port = statement.words[index + 1];
  if (port === undefined) return null;
  const { value, problem } = readInteger(port);
  return value === null || problem !== "none" || value < 0 || value > LARGEST_PORT
    ? skipped(`"${port}" is not a port`, index + 1)
    : null;
}
