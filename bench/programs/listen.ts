/** Listens on every address and closes what comes. Words: PORT. */
import { createServer } from "node:net";

const [port] = process.argv.slice(2);
const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.destroy();
});
server.listen({ port: Number(port), host: "0.0.0.0", backlog: 4_096 }, () => process.stdout.write("ready\n"));
