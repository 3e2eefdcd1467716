import type { CompleteConfiguration } from "../../model/complete.ts";
import type { SourcePlace } from "../../model/units.ts";
import { describeConfiguration, type ExplainedKeyword, type ExplainedObject } from "./explain.ts";
import type { Origin } from "./origins.ts";

const INDENT = "    ";
/** Where the origins stand. */
const ORIGIN_COLUMN = 56;
const NAME_WIDTH = 28;

function placeText({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`;
}

export function originText(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "given":
      return placeText(origin.place);
    case "inherited":
      return `from ${origin.from} at ${placeText(origin.place)}`;
    case "adjusted":
      return `adjusted: ${origin.reason}${origin.place === null ? "" : ` (${placeText(origin.place)})`}`;
  }
}

function commented(text: string, comment: string): string {
  return `${text.padEnd(ORIGIN_COLUMN - 1)} # ${comment}`;
}

function quoted(value: string): string {
  return /^[^\s"#!]+$/.test(value) ? value : `"${value}"`;
}

function valueText({ keyword, value }: ExplainedKeyword): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  return keyword.value.kind === "text" ? quoted(String(value)) : String(value);
}

/** What stands in place of a value that is not there; a whole line is a comment then. */
function absentText({ keyword, origin, value }: ExplainedKeyword): string {
  if (value === false) return "off";
  if (typeof value === "object" && value !== null) return "none";
  return origin.kind === "default" && keyword.defaultText !== "-" ? keyword.defaultText : "none";
}

/** Lines of one keyword, in keepalived's own form: what is not set stands in a comment. */
function keywordLines(explained: ExplainedKeyword, indent: string): readonly string[] {
  const { keyword, value, opposite } = explained;
  const { name } = keyword;
  const comment = originText(explained.origin);
  const isFlag = keyword.value.kind === "flag";
  const padded = name.padEnd(NAME_WIDTH - 1);
  if (typeof value === "object" && value !== null && value.length > 0) {
    if (keyword.body === "none") return value.map((line) => commented(`${indent}${padded} ${line}`, comment));
    const lines = value.map((line) => `${indent}${INDENT}${line}`);
    return [commented(`${indent}${name} {`, comment), ...lines, `${indent}}`];
  }
  const isAbsent = value === null || typeof value === "object" || value === "" || (value === false && isFlag);
  if (isAbsent) {
    if (value === false && opposite !== null) return [commented(`${indent}${opposite}`, comment)];
    return [commented(`${indent}! ${name.padEnd(NAME_WIDTH - 3)} ${absentText(explained)}`, comment)];
  }
  const isBare = value === true && keyword.value.kind !== "boolean";
  return [commented(isBare ? `${indent}${name}` : `${indent}${padded} ${valueText(explained)}`, comment)];
}

const HIDDEN = "********";

/** One object as text that reads, and loads, like a configuration. */
export function renderExplained(object: ExplainedObject, indent = ""): readonly string[] {
  const { kind, name, place } = object;
  const inner = kind === "" ? indent : `${indent}${INDENT}`;
  const lines = [
    ...object.keywords.flatMap((keyword) => keywordLines(keyword, inner)),
    ...object.lines.map((line) => `${inner}${line}`),
    ...object.objects.flatMap((child) => renderExplained(child, inner)),
  ];
  if (kind === "") return lines;
  const title = `${indent}${name === "" ? kind : `${kind} ${name}`} {`;
  return [place === null ? title : commented(title, placeText(place)), ...lines, `${indent}}`];
}

/** One object for machines. */
export function toPlainObject(object: ExplainedObject, hidesSecrets = false): object {
  return {
    object: object.kind === "" ? "(root)" : object.kind,
    name: object.name,
    place: object.place,
    keywords: object.keywords.map(({ keyword, value, origin, isSecret }) => ({
      keyword: keyword.name,
      value: hidesSecrets && isSecret && value !== null ? HIDDEN : (value ?? null),
      origin,
    })),
    ...(object.lines.length > 0 ? { lines: object.lines } : {}),
    objects: object.objects.map((child) => toPlainObject(child, hidesSecrets)),
  };
}

/** A whole configuration for logs. */
export function* dumpConfiguration(configuration: CompleteConfiguration): Generator<string> {
  for (const object of describeConfiguration(configuration)) yield* dumpLines(object);
}

/** For logs, in the manner of keepalived's own: a title, then `Keyword = value` lines; secrets stay hidden. */
export function* dumpLines(object: ExplainedObject, depth = 0): Generator<string> {
  const title = object.kind === "" ? "Settings" : `${object.kind} ${object.name}`.trimEnd();
  yield depth === 0 ? `------< ${title} >------` : `${" ".repeat(depth)}${title}`;
  const indent = " ".repeat(depth + 1);
  for (const explained of object.keywords) yield* dumpKeyword(explained, indent);
  for (const line of object.lines) yield `${indent}${line}`;
  for (const child of object.objects) yield* dumpLines(child, depth + 1);
}

function* dumpKeyword(explained: ExplainedKeyword, indent: string): Generator<string> {
  const { keyword, value, isSecret } = explained;
  if (typeof value === "object") {
    if (value === null || value.length === 0) return;
    yield `${indent}${keyword.name} = ${value.length}`;
    for (const line of value) yield `${indent} ${isSecret ? HIDDEN : line}`;
  } else yield `${indent}${keyword.name} = ${isSecret ? HIDDEN : valueText(explained)}`;
}
