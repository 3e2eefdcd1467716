import { type FileFrame, type LogicalLine, readFileLine, trimLine } from "./file-lines.ts";
import { directoryOf } from "./glob.ts";
import type { ConfigurationHost } from "./host.ts";
import { checksOf, findIncluded, type IncludeChecks, type IncludeLine, readInclude } from "./include.ts";
import type { Outside } from "./known-blocks.ts";
import { LIMITS } from "./limits.ts";
import { type ListLine, readList } from "./lists.ts";
import type { MergedCopy } from "./merged-copy.ts";
import { type BuiltIns, type Definition, expandOnce, readDefinition } from "./parameters.ts";
import { withoutContinuation } from "./plain-lines.ts";
import type { Reporter } from "./reporter.ts";

interface LinesFrame {
  readonly kind: "lines";
  readonly lines: readonly string[];
  next: number;
  readonly origin: LogicalLine;
}

interface ListFrame {
  readonly kind: "list";
  readonly list: ListLine;
  readonly origin: LogicalLine;
}

type Frame = FileFrame | LinesFrame | ListFrame;

/** A line of a file that is being read. */
export interface FilePosition {
  readonly frame: FileFrame;
  readonly start: number;
  readonly line: number;
  /** Counted before it was read. */
  readonly touches: number;
}

export interface ReaderOptions {
  readonly configId: string;
  readonly checks: IncludeChecks;
  readonly host: ConfigurationHost;
  readonly reporter: Reporter;
  /** Written along, where somebody wants the whole text as one. */
  readonly copy?: MergedCopy | null;
  /** Counts parameters, lists and includes. */
  readonly outside: Outside;
}

/** Reads files line by line and carries out everything that happens before blocks are seen. */
export class LineReader {
  private readonly frames: Frame[] = [];
  private readonly definitions = new Map<string, Definition>();
  private readonly builtIns: BuiltIns;
  private readonly options: ReaderOptions;
  private readonly host: ConfigurationHost;
  private readonly reporter: Reporter;
  private readonly copy: MergedCopy | null;
  private openedFiles = 0;
  private generatedLines = 0;
  private generatedLength = 0;
  private directory = "/";
  /** In force for plain `include` lines from here on. */
  checks: IncludeChecks;
  readonly sources = new Map<string, string>();

  constructor(options: ReaderOptions) {
    this.options = options;
    this.host = options.host;
    this.reporter = options.reporter;
    this.copy = options.copy ?? null;
    this.checks = options.checks;
    this.builtIns = {
      currentDirectory: () => this.directory,
      configId: options.configId,
      environment: (name) => this.host.environment(name),
      randomInteger: (minimum, maximum) => this.host.randomInteger(minimum, maximum),
    };
  }

  /** Queues a file; the one opened last is read first. */
  openFile(file: string, path: string, text: string): void {
    this.openedFiles++;
    if (!this.sources.has(file)) this.sources.set(file, text);
    const directory = directoryOf(path);
    this.directory = directory;
    this.frames.push({
      kind: "file",
      file,
      directory,
      text,
      start: 0,
      touches: 0,
      offset: 0,
      line: 0,
      checksBefore: this.checks,
    });
  }

  /** @returns the next line that is not empty, null at the end */
  next(): LogicalLine | null {
    for (;;) {
      const raw = this.readRaw();
      if (raw === null) return null;
      const line = this.prepare(raw);
      if (line !== null) return line;
    }
  }

  /** Of the line returned last; null if a list or a parameter made it. */
  position(): FilePosition | null {
    const frame = this.frames.at(-1);
    return frame?.kind === "file" ? { frame, start: frame.start, line: frame.line, touches: frame.touches } : null;
  }

  /** Whole lines, from the one at the position to the one returned last; null if that one is not whole, or of another file. */
  textSince({ frame, start }: FilePosition): string | null {
    return this.frames.at(-1) === frame && frame.offset <= frame.text.length
      ? frame.text.slice(start, frame.offset)
      : null;
  }

  /** Line feeds from the position to the end of the line returned last. */
  linesSince({ frame, line }: FilePosition): number {
    return frame.line - line + 1;
  }

  /** Goes on behind these lines if they are what stands at the position. */
  skip(
    { frame, start, line }: FilePosition,
    { text, lines }: { readonly text: string; readonly lines: number },
  ): boolean {
    if (!frame.text.startsWith(text, start)) return false;
    frame.offset = start + text.length;
    frame.line = line + lines - 1;
    return true;
  }

  private readRaw(): LogicalLine | null {
    for (;;) {
      const frame = this.frames.at(-1);
      if (frame === undefined) return null;
      const line = this.readFrame(frame);
      if (line !== null) return line;
      this.closeFrame(frame);
    }
  }

  private readFrame(frame: Frame): LogicalLine | null {
    if (frame.kind === "file") return this.readPhysical(frame);
    const text = frame.kind === "lines" ? frame.lines[frame.next++] : this.nextRepetition(frame);
    if (text === undefined) return null;
    this.generatedLines++;
    this.generatedLength += text.length;
    if (this.generatedLines > LIMITS.generatedLines || this.generatedLength > LIMITS.generatedLength) {
      this.reporter.add(
        "limit-exceeded",
        "lists and parameters make too many lines; the rest is left out",
        frame.origin,
      );
      this.dropGenerated();
      return { ...frame.origin, text: "" };
    }
    return { ...frame.origin, text, exactUntil: 0, hasOddQuotes: false };
  }

  /** Gives up what lists and parameters would still make. */
  private dropGenerated(): void {
    this.frames.length = this.frames.findLastIndex((frame) => frame.kind === "file") + 1;
  }

  private nextRepetition(frame: ListFrame): string | undefined {
    const row = frame.list.rows.next();
    if (row.done === true) return undefined;
    frame.list.names.forEach((name, index) => {
      this.definitions.set(name, [row.value[index] ?? ""]);
    });
    return frame.list.text;
  }

  private closeFrame(frame: Frame): void {
    this.frames.pop();
    if (frame.kind === "file") {
      // An empty file has not been begun.
      if (frame.line === 0) this.copy?.open(frame.file);
      this.copy?.close();
      this.checks = frame.checksBefore;
      const outer = this.frames.findLast((other) => other.kind === "file");
      if (outer !== undefined) this.directory = outer.directory;
    }
  }

  private readPhysical(frame: FileFrame): LogicalLine | null {
    if (frame.offset >= frame.text.length) return null;
    if (frame.line === 0) this.copy?.open(frame.file);
    const line = readFileLine(frame, this.options.outside.touches, this.reporter);
    this.copy?.line(line.text);
    return line;
  }

  /** @returns null if nothing is left of the line here (it may have opened a frame) */
  private prepare(raw: LogicalLine): LogicalLine | null {
    let line = this.applyCondition(raw);
    if (line === null || line.text === "") return null;
    if (this.define(line)) return null;
    for (let round = 0; ; round++) {
      if (line.text.startsWith("~")) return this.openList(line);
      if (!line.text.includes("$")) break;
      this.options.outside.touches++;
      const expanded: LogicalLine | null = round < LIMITS.expansionRounds ? this.expand(line) : this.giveUp(line);
      if (expanded === null) break;
      line = this.applyCondition(expanded);
      if (line === null || line.text === "") return null;
      // keepalived: a parameter of several lines may begin with a definition.
      if (this.define(line)) return null;
    }
    const include = readInclude(line.text);
    if (include === null) return line;
    if (line.hasOddQuotes) this.reporter.add("unterminated-quote", "the quote is not closed", line);
    this.include(include, line);
    return null;
  }

  private giveUp(line: LogicalLine): null {
    this.reporter.add("bad-parameter", "a parameter refers to itself", line);
    return null;
  }

  /** @returns null if nothing changed */
  private expand(line: LogicalLine): LogicalLine | null {
    const expansion = expandOnce(line.text, this.definitions, this.builtIns);
    if (expansion.problem !== null) this.reporter.add("bad-parameter", expansion.problem, line);
    if (expansion.firstChange < 0) return null;
    this.generatedLength += expansion.text.length;
    if (this.generatedLength > LIMITS.generatedLength) return null;
    if (expansion.rest.length > 0) this.push({ kind: "lines", lines: expansion.rest, next: 0, origin: line });
    const trimmed = trimLine(expansion.text, line, this.reporter);
    return { ...trimmed, column: line.column, exactUntil: Math.min(line.exactUntil, expansion.firstChange) };
  }

  private push(frame: Frame): void {
    if (this.frames.length < LIMITS.openSources) {
      this.frames.push(frame);
      return;
    }
    const at = frame.kind === "file" ? null : frame.origin;
    this.reporter.add("limit-exceeded", "parameters, lists or includes are nested too deeply", at);
    this.dropGenerated();
  }

  /** Handles `@ID` and `@^ID` at the beginning. */
  private applyCondition(line: LogicalLine): LogicalLine | null {
    if (!line.text.startsWith("@")) return line;
    const isNegated = line.text[1] === "^";
    const from = isNegated ? 2 : 1;
    const blank = line.text.search(/[ \t]/);
    const id = blank < 0 ? line.text.slice(from) : line.text.slice(from, blank);
    if ((id === this.options.configId) === isNegated || blank < 0) return null;
    const rest = line.text.slice(blank);
    const text = rest.trimStart();
    const shift = blank + rest.length - text.length;
    return { ...line, text, column: line.column + shift, exactUntil: Math.max(0, line.exactUntil - shift) };
  }

  /** @returns true if the line was a definition; its continuation lines are then read too */
  private define(line: LogicalLine): boolean {
    const definition = readDefinition(line.text);
    if (definition === null) return false;
    this.options.outside.touches++;
    if (!definition.text.endsWith("\\")) {
      this.definitions.set(definition.name, [definition.text]);
      return true;
    }
    const lines = [withoutContinuation(definition.text), ...this.readContinuation()].filter((text) => text !== "");
    const [first = "", ...rest] = lines;
    this.definitions.set(definition.name, [first, ...rest]);
    return true;
  }

  private readContinuation(): readonly string[] {
    const frame = this.frames.at(-1);
    const lines: string[] = [];
    while (frame !== undefined) {
      const raw = this.readFrame(frame);
      if (raw === null || raw.text === "") break;
      const line = this.applyCondition(raw);
      if (line === null) continue;
      lines.push(withoutContinuation(line.text));
      if (!line.text.endsWith("\\")) break;
    }
    return lines;
  }

  private openList(line: LogicalLine): LogicalLine | null {
    this.options.outside.touches++;
    const reading = readList(line.text, (text) => this.expandFully(text));
    if (reading.kind === "none") return line;
    if (reading.kind === "bad") {
      this.reporter.add("bad-list", reading.reason, line);
      return null;
    }
    const { list } = reading;
    const origin = { ...line, column: line.column + Math.min(list.textIndex, line.exactUntil) };
    this.push({ kind: "list", list, origin });
    return null;
  }

  private expandFully(text: string): string {
    let current = text;
    for (let round = 0; round < LIMITS.expansionRounds; round++) {
      const expansion = expandOnce(current, this.definitions, this.builtIns);
      if (expansion.firstChange < 0 || expansion.rest.length > 0) break;
      current = expansion.text;
    }
    return current;
  }

  private include(include: IncludeLine, line: LogicalLine): void {
    this.copy?.included();
    this.options.outside.touches++;
    const checks = checksOf(include.keyword, this.checks);
    // A link to nothing is a name that exists, and cannot be read.
    const isListed = (path: string): boolean =>
      this.host.listDirectory(directoryOf(path))?.includes(path.slice(path.lastIndexOf("/") + 1)) ?? false;
    const exists = (path: string): boolean => this.host.readFile(path).kind !== "missing" || isListed(path);
    const listDirectory = (path: string): readonly string[] | null => this.host.listDirectory(path);
    const found = findIncluded(include.pattern, this.directory, checks, { exists, listDirectory });
    for (const { pattern, isError } of found.missing) {
      this.reporter.add(
        isError ? "include-refused" : "include-skipped",
        `nothing that can be read matches include "${pattern}"`,
        line,
      );
    }
    for (const path of found.paths.toReversed()) this.openIncluded(path, line, checks);
  }

  private openIncluded(path: string, line: LogicalLine, checks: IncludeChecks): void {
    const content = this.host.readFile(path);
    if (content.kind === "text") {
      if (this.frames.length >= LIMITS.openSources || this.openedFiles >= LIMITS.files) {
        this.reporter.add(
          "limit-exceeded",
          `"${path}" is not included: there are too many includes, or they are nested too deeply`,
          line,
        );
        return;
      }
      this.openFile(path, path, content.text);
      return;
    }
    const reason = content.kind === "executable" ? "it has an execute bit" : "it is not a readable regular file";
    const code = checks.read ? "include-refused" : "include-skipped";
    this.reporter.add(code, `"${path}" is not included: ${reason}`, line);
  }
}
