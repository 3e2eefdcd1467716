import type { ConfigurationHost, FileContent } from "./host.ts";

/**
 * The text of a configuration as one: every line without comment and blanks around it, includes in their place.
 * keepalived: `# PATH` opens a file, `!` closes it, and a line that was an include is blank.
 */
export class MergedCopy {
  readonly #lines: string[] = [];

  /** The physical line that was read last holds an include. */
  included(): void {
    this.#lines[this.#lines.length - 1] = "";
  }

  open(file: string): void {
    this.#lines.push(`# ${file}`);
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  close(): void {
    this.#lines.push("!");
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}

/** The same machine, each file read once: a second look finds what the first one found. */
export function rememberingHost(host: ConfigurationHost): ConfigurationHost {
  const known = new Map<string, FileContent>();
  return {
    ...host,
    readFile: (path) => {
      const content = known.get(path) ?? host.readFile(path);
      known.set(path, content);
      return content;
    },
  };
}
