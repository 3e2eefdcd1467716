// Connects once to each server and prints how that ended, one line of JSON per server.
// Usage: node examples/probe.mjs ADDRESS PORT [ADDRESS PORT ...]
import { isIP } from "node:net";
import { createProber, probeTarget } from "holdfast";

const words = process.argv.slice(2);
const servers = [];
for (let index = 0; index + 1 < words.length; index += 2) {
  servers.push({ address: words[index], port: Number(words[index + 1]) });
}
const isUsable = ({ address, port }) => isIP(address) !== 0 && Number.isInteger(port) && port > 0 && port < 65536;
if (servers.length === 0 || !servers.every(isUsable)) {
  console.error("usage: node examples/probe.mjs ADDRESS PORT [ADDRESS PORT ...]");
  process.exit(2);
}

// "none": every result is unexpected, so every one is reported.
const schedule = { expected: "none", intervalUs: 60_000_000, unexpectedIntervalUs: 60_000_000 };
let missing = servers.length;

const prober = createProber((events) => {
  for (const { target, result, reason } of events) {
    console.log(JSON.stringify({ ...servers[target], result, reason }));
    missing -= 1;
  }
  if (missing === 0) prober.close();
});

servers.forEach((server, target) => {
  prober.addTarget(target, probeTarget({ kind: "tcp", ...server, timeoutUs: 2_000_000 }), schedule, 0);
});
