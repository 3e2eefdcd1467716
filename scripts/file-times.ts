import { relative } from "node:path";

interface Span {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How long each test file took, from its first word to its last, to say where the time of a run goes. */
export class FileTimes {
  readonly #spans = new Map<string, Span>();

  see(file: string, nowMs: number): void {
    this.#spans.set(file, { firstMs: this.#spans.get(file)?.firstMs ?? nowMs, lastMs: nowMs });
  }

  /** @returns the slowest files as a line, with paths below `folder` */
  slowest(count: number, folder: string): string {
    const seconds = ({ firstMs, lastMs }: Span): number => (lastMs - firstMs) / 1000;
    const slow = [...this.#spans].sort(([, left], [, right]) => seconds(right) - seconds(left)).slice(0, count);
    return `slowest: ${slow.map(([file, span]) => `${relative(folder, file).replace(/\.test\.js$/, "")} ${seconds(span).toFixed(0)} s`).join(", ")}`;
  }
}
