/** A real server: answers every request with its own name. Words: NAME PORT. */
import { createServer } from "node:http";

const [name = "", port = "80"] = process.argv.slice(2);
const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", connection: "close" });
  response.end(`${name}\n`);
});
server.listen(Number(port), () => process.stdout.write("ready\n"));
