/**
 * A web server that tells of each request, and answers the n-th one as the n-th letter of its script says. Words: SCRIPT
 * PORT. `1` passes, `0` is a status of 500, `-` silence, `e` nothing but the end, `r` rubbish. Past the script all pass.
 */
import { createServer, type Socket } from "node:net";

const [script = "", port = "80"] = process.argv.slice(2);
const BODY = "Content-Length: 5\r\n\r\npage\n";
let count = 0;

function answer(socket: Socket, letter: string): void {
  if (letter === "1") socket.end(`HTTP/1.0 200 OK\r\n${BODY}`);
  if (letter === "0") socket.end(`HTTP/1.0 500 Oh\r\n${BODY}`);
  if (letter === "e") socket.end();
  if (letter === "r") socket.end(Buffer.alloc(3000, 0xfe));
}

createServer((socket) => {
  socket.on("error", () => undefined);
  socket.once("data", (octets) => {
    const letter = script[count] ?? "1";
    count += 1;
    process.stdout.write(`${octets.toString("latin1").split(" ")[1]} ${letter}\n`);
    answer(socket, letter);
  });
}).listen(Number(port), () => process.stdout.write("ready\n"));
