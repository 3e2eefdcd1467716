/** Answers every datagram at the first port with a word, and none at the second. Words: PORT SILENT_PORT WORD. */
import { createSocket } from "node:dgram";

const [port = "5000", silentPort = "5001", word = "pong"] = process.argv.slice(2);

function listen(at: number): Promise<ReturnType<typeof createSocket>> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.bind(at, () => resolve(socket));
  });
}

const socket = await listen(Number(port));
socket.on("message", (_octets, { port: back, address }) => socket.send(word, back, address));
await listen(Number(silentPort));
process.stdout.write("ready\n");
