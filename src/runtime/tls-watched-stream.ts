import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A socket between TLS and the network whose end is held back for a turn of the loop: by then TLS has told of a
 * close_notify that came before it. What TLS tells of later is the connection's end alone. (With a socket of its own,
 * node:tls shows both as the same `end`.)
 */
export class WatchedStream extends Duplex {
  /** The peer has closed the connection. */
  isOver = false;
  private readonly raw: Socket;

  constructor(raw: Socket) {
    super();
    this.raw = raw;
    raw.on("data", (octets) => {
      if (!this.push(octets)) raw.pause();
    });
    raw.on("end", () =>
      setImmediate(() => {
        this.isOver = true;
        this.push(null);
      }),
    );
    raw.on("error", (error) => this.destroy(error));
  }

  override _read(): void {
    this.raw.resume();
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.raw.write(octets, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.raw.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.raw.destroy();
    done(error);
  }
}
