/**
 * A mail relay that takes everything and prints each mail as a line of JSON: envelope and what came after DATA.
 * Words: ADDRESS PORT [MANNERS], of which the last is a file that says how to behave when a client comes: `well`, `silent`,
 * `greet-late` (SECONDS follows), `refuse-4xx`, `refuse-5xx`, `rubbish`, `endless`, `close`.
 */
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";

const [address = "127.0.0.1", port = "25", file = ""] = process.argv.slice(2);

function manners(): readonly [kind: string, seconds: number] {
  const [kind = "well", seconds = "0"] = file === "" ? [] : readFileSync(file, "utf8").trim().split(" ");
  return [kind, Number(seconds)];
}

/** An SMTP session that keeps to the protocol. */
function talk(socket: Socket): void {
  const envelope: string[] = [];
  let data: string[] | null = null;
  let rest = "";
  socket.write("220 sink\r\n");
  socket.on("data", (part) => {
    const lines = (rest + part.toString("utf8")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (data !== null && line !== ".") data.push(line);
      else if (data !== null) {
        process.stdout.write(`${JSON.stringify({ envelope, data })}\n`);
        data = null;
        socket.write("250 taken\r\n");
      } else if (line === "DATA") {
        data = [];
        socket.write("354 go on\r\n");
      } else if (line === "QUIT") socket.end("221 bye\r\n");
      else {
        envelope.push(line);
        socket.write("250 ok\r\n");
      }
    }
  });
}

function misbehave(socket: Socket, kind: string): void {
  const code = kind === "refuse-4xx" ? "451 later" : "554 never";
  if (kind === "close") socket.end();
  else if (kind === "rubbish") socket.write(Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 256)));
  else if (kind === "endless") {
    const pour = (): void => {
      if (socket.writable && socket.write("220-and more\r\n".repeat(1000))) setTimeout(pour, 1);
    };
    socket.on("drain", pour);
    pour();
  } else if (kind.startsWith("refuse")) {
    socket.write("220 sink\r\n");
    socket.on("data", () => socket.write(`${code}\r\n`));
  }
}

createServer((socket) => {
  const [kind, seconds] = manners();
  socket.on("error", () => undefined);
  if (kind === "well") talk(socket);
  else if (kind === "greet-late") setTimeout(() => talk(socket), seconds * 1000);
  else misbehave(socket, kind);
}).listen(Number(port), address, () => process.stdout.write("ready\n"));
