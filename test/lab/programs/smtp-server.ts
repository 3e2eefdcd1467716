/**
 * An SMTP server whose manners are those that a file names when a client comes. Words: FILE PORT.
 * `greeting|helo|quit` are what it says; `-` is silence, `.` closes.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const [file = "", port = "25"] = process.argv.slice(2);
createServer((socket) => {
  const [greeting = "-", helo = "-", quit = "-"] = readFileSync(file, "utf8").trim().split("|");
  const say = (words: string): void => {
    if (words === ".") socket.end();
    else if (words !== "-") socket.write(`${words.replaceAll("~", "\r\n")}\r\n`);
  };
  socket.on("error", () => undefined);
  socket.on("data", (octets) => say(octets.toString("latin1").startsWith("QUIT") ? quit : helo));
  say(greeting);
}).listen(Number(port), () => process.stdout.write("ready\n"));
