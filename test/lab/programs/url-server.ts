/**
 * A web server that tells of each request. Words: FILE PORT. FILE holds the paths that fail now, in one line; `-` before
 * a path means that its requests get no answer.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [file = "", port = "80"] = process.argv.slice(2);
const server = createServer(({ url = "" }, response) => {
  const failing = readFileSync(file, "utf8").trim().split(" ");
  const status = failing.includes(url) ? 500 : 200;
  process.stdout.write(`${url} ${status}\n`);
  if (failing.includes(`-${url}`)) return;
  response.writeHead(status, { connection: "close" });
  response.end("page\n");
});
server.listen(Number(port), () => process.stdout.write("ready\n"));
