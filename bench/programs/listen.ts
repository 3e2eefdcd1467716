/** Listens on every address and closes what comes, by `http` after an answer to each request. Words: PORT [http]. */
import { createServer, type Socket } from "node:net";

const BODY = "hello";
const ANSWER = `HTTP/1.0 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

const [port, kind] = process.argv.slice(2);

function answer(socket: Socket): void {
  socket.on("data", () => socket.end(ANSWER));
}

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  if (kind === "http") answer(socket);
  else socket.destroy();
});
server.listen({ port: Number(port), host: "0.0.0.0", backlog: 4_096 }, () => process.stdout.write("ready\n"));
