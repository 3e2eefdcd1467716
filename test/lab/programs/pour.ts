import type { Duplex } from "node:stream";

/** Sends the first words, then the same piece for as long as the other end takes it. */
export function pour(stream: Duplex, first: string, piece: Buffer | string): void {
  stream.write(first);
  const more = (): void => {
    while (!stream.destroyed && stream.write(piece));
  };
  stream.on("drain", more);
  more();
}
