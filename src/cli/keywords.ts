import { statusOf, whyWithoutEffect } from "../config/keywords/status.ts";
import type { Keyword } from "../config/keywords/table.ts";
import { TABLES } from "../config/keywords/tables.ts";

export type KeywordFormat = "text" | "json" | "markdown";

export interface KeywordsRequest {
  /** Part of a block's path or of a keyword's name; null for all. */
  readonly filter: string | null;
  readonly format: KeywordFormat;
}

const NOT_FOUND = 1;

/**
 * `holdfast keywords [WORD]`: the keyword reference, with what is in effect and what is not yet.
 * @returns exit code
 */
export function keywords(request: KeywordsRequest): number {
  const tables = select(request.filter);
  if (tables.length === 0) {
    process.stderr.write(`holdfast: no block and no keyword contains "${request.filter}"\n`);
    return NOT_FOUND;
  }
  process.stdout.write(renderKeywords(tables, request.format));
  return 0;
}

interface Selection {
  readonly path: string;
  readonly rows: readonly Keyword[];
}

function select(filter: string | null): readonly Selection[] {
  const all: readonly Selection[] = [...TABLES.values()];
  if (filter === null) return all;
  return all.flatMap((table): readonly Selection[] => {
    if (table.path.includes(filter)) return [table];
    const rows = table.rows.filter((row) => row.name.includes(filter));
    return rows.length > 0 ? [{ path: table.path, rows }] : [];
  });
}

const MARKDOWN_HEAD = `# Keyword reference

Made by \`holdfast keywords --format markdown\`. \`holdfast keywords\` says which keywords are in effect today; the others are
checked and kept, and named once at load. The last column names the version of keepalived that knows the word first (2.2.7 or earlier, or 2.4);
\`holdfast\` is a word of ours, which keepalived does not know.

`;

export function renderKeywords(tables: readonly Selection[], format: KeywordFormat): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(
        tables.flatMap(({ rows }) => rows.map(toPlain)),
        null,
        2,
      )}\n`;
    case "markdown":
      return `${MARKDOWN_HEAD}${tables.map(toMarkdown).join("\n")}`;
    case "text":
      return tables.map(toText).join("\n");
  }
}

function toPlain(row: Keyword): Readonly<Record<string, string | boolean>> {
  return {
    block: row.block,
    keyword: row.name,
    syntax: row.syntax,
    default: row.defaultText,
    note: row.note,
    meaning: row.meaning,
    since: row.since,
    isDeprecated: row.isDeprecated,
    status: statusOf(row),
  };
}

function statusText(row: Keyword): string {
  const age = row.isDeprecated ? ", deprecated" : "";
  if (statusOf(row) === "in-effect") return `in effect${age}`;
  const why = whyWithoutEffect(row);
  return why === null ? `accepted, not yet in effect${age}` : `accepted, without effect: ${why}${age}`;
}

function toText({ path, rows }: Selection): string {
  const lines = rows.flatMap((row) => {
    const known = row.defaultText === "-" ? "" : ` Default: ${row.defaultText}.`;
    const note = row.note === "-" ? "" : ` (${row.note})`;
    return [`  ${row.name} ${row.syntax}`, `      ${row.meaning}.${known}${note} [${statusText(row)}]`];
  });
  return [path, ...lines, ""].join("\n");
}

/** The reference for `docs/`: without the status, which changes with the program and not with the language. */
function toMarkdown({ path, rows }: Selection): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const lines = rows.map((row) => {
    const since = row.isDeprecated ? `${row.since}, deprecated` : row.since;
    return [row.name, row.syntax, row.defaultText, row.note, row.meaning, since].map(cell).join(" | ");
  });
  return [
    `## ${cell(path)}`,
    "",
    "| keyword | syntax | default | unit, range | meaning | known since |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}
