import * as addressing from "./addressing.ts";
import * as bfd from "./bfd.ts";
import * as checkers from "./checkers.ts";
import * as globals from "./global.ts";
import * as groups from "./groups.ts";
import * as parser from "./parser.ts";
import * as root from "./root.ts";
import type { Keyword, KeywordTable } from "./table.ts";
import * as trackers from "./trackers.ts";
import * as virtualServer from "./virtual-server.ts";
import * as vrrpInstance from "./vrrp-instance.ts";

/** Every table, by the path of its block. */
export const TABLES: ReadonlyMap<string, KeywordTable> = new Map(
  [root, globals, groups, vrrpInstance, trackers, addressing, virtualServer, checkers, bfd, parser]
    .flatMap((module): readonly KeywordTable[] => Object.values(module))
    .map((table) => [table.path, table]),
);

export const ROOT_TABLE: KeywordTable = root.ROOT;

const CHILDREN = new Map<Keyword, KeywordTable>();
for (const table of TABLES.values()) {
  for (const row of table.rows) {
    if (row.body !== "keywords") continue;
    const path = row.block === "(root)" ? row.name : `${row.block}/${row.name}`;
    const child = TABLES.get(path);
    if (child !== undefined) CHILDREN.set(row, child);
  }
}

/** @returns the keywords inside the block that this keyword opens, null if it opens none */
export function childTable(keyword: Keyword): KeywordTable | null {
  return CHILDREN.get(keyword) ?? null;
}
