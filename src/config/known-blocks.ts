import type { ConfiguredVirtualServer } from "../model/checks.ts";
import type { ConfigurationBuilder } from "./build.ts";
import type { ConfigurationHost } from "./host.ts";
import type { Keyword } from "./keywords/table.ts";
import type { FilePosition, LineReader } from "./line-reader.ts";

/** One `virtual_server` block as it was read, and what came of it. */
interface KnownBlock {
  /** Whole lines, from the one it begins on to the one it ends on. */
  readonly text: string;
  /** Line feeds in it. */
  readonly lines: number;
  readonly statements: number;
  /** What it was built from beside its text. @see ConfigurationBuilder.serverFacts */
  readonly facts: string;
  readonly server: ConfiguredVirtualServer;
}

/** Blocks of an earlier reading by their first line. */
export type KnownBlocks = ReadonlyMap<string, KnownBlock>;

export const NO_BLOCKS: KnownBlocks = new Map();

/** How often something was used that does not stand in the text being read, or was said about it. */
export interface Outside {
  touches: number;
}

export interface BlockMemoryParts {
  readonly before: KnownBlocks;
  readonly lines: LineReader;
  readonly builder: ConfigurationBuilder;
  readonly outside: Outside;
}

interface Beginning {
  readonly position: FilePosition;
  readonly line: string;
  readonly touches: number;
  readonly servers: number;
}

/**
 * Virtual servers whose block a reload finds unchanged are neither read nor built again. Only a block of whole lines of
 * one file is kept, one of which nothing was to be said, that uses no parameter, list, include, script or idle keyword: such
 * a block means the same as long as its text and the facts around it are the same, wherever in the file it stands.
 */
export class BlockMemory {
  readonly #parts: BlockMemoryParts;
  readonly #known = new Map<string, KnownBlock>();
  #begun: Beginning | null = null;

  constructor(parts: BlockMemoryParts) {
    this.#parts = parts;
  }

  /**
   * Called at a block of the top level that is the first thing in its line.
   * @param line what the block begins with
   * @param limit how many statements may still come
   * @returns the number of its statements when it is known, and the lines go on behind it; 0 when it has to be read
   */
  recall(keyword: Keyword, line: string, limit: number): number {
    const { before, lines, builder, outside } = this.#parts;
    this.#begun = null;
    const position = keyword.name === "virtual_server" && !builder.hasLateGlobals ? lines.position() : null;
    if (position === null || position.touches !== outside.touches) return 0;
    // Builds the global settings if that has not been done
    const facts = builder.serverFacts;
    this.#begun = { position, line, touches: outside.touches, servers: builder.servers.length };
    const block = before.get(line);
    if (block === undefined || block.facts !== facts || block.statements >= limit) return 0;
    if (!lines.skip(position, block)) return 0;
    builder.addServer(block.server);
    this.#keep(position, block);
    return block.statements;
  }

  /** Called when the block that was not known has been built and its end is the last thing in its line. */
  store(statements: number): void {
    if (this.#begun === null) return;
    const { lines, builder, outside } = this.#parts;
    const { position, touches, servers } = this.#begun;
    const server = builder.servers.at(-1);
    if (touches !== outside.touches || server === undefined || builder.servers.length === servers) return;
    this.#keep(position, { lines: lines.linesSince(position), statements, facts: builder.serverFacts, server });
  }

  /** A word without effect is told of with the place of its first use, so its block has to be read. */
  touch(): void {
    this.#parts.outside.touches++;
  }

  /** @param kept what another object stands for in the end */
  finish(kept: ReadonlyMap<ConfiguredVirtualServer, ConfiguredVirtualServer>): KnownBlocks {
    for (const [line, block] of this.#known) {
      const server = kept.get(block.server);
      if (server !== undefined) this.#known.set(line, { ...block, server });
    }
    return this.#known;
  }

  /** The text is that of this reading, so that the file before can be forgotten. */
  #keep(position: FilePosition, block: Omit<KnownBlock, "text">): void {
    const text = this.#parts.lines.textSince(position);
    if (this.#begun === null || text === null) return;
    const { lines, statements, facts, server } = block;
    this.#known.set(this.#begun.line, { text, lines, statements, facts, server });
  }
}

/** The same host, with every question about the machine counted. Whether a pattern compiles does not depend on it. */
export function countQuestions(host: ConfigurationHost, outside: Outside): ConfigurationHost {
  const counted =
    <Words extends unknown[], Answer>(ask: (...words: Words) => Answer) =>
    (...words: Words): Answer => {
      outside.touches++;
      return ask(...words);
    };
  const { regexProblem, isHostKnown } = host;
  return {
    readFile: counted((path) => host.readFile(path)),
    listDirectory: counted((path) => host.listDirectory(path)),
    environment: counted((name) => host.environment(name)),
    randomInteger: counted((minimum, maximum) => host.randomInteger(minimum, maximum)),
    findUser: counted((name) => host.findUser(name)),
    findGroup: counted((name) => host.findGroup(name)),
    findGroupsOf: counted((name, gid) => host.findGroupsOf(name, gid)),
    inspectScript: counted((path) => host.inspectScript(path)),
    hostName: host.hostName,
    get interfaces() {
      outside.touches++;
      return host.interfaces;
    },
    ...(isHostKnown === undefined ? {} : { isHostKnown: counted((name) => isHostKnown(name)) }),
    ...(regexProblem === undefined ? {} : { regexProblem: (regex) => host.regexProblem?.(regex) ?? "" }),
  };
}
