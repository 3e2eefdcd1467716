/** What the probe tests do to the network namespace that they run in. */
import assert from "node:assert/strict";
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";

export function command(line: string, input = ""): void {
  const [program = "", ...words] = line.split(" ");
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8", input });
  assert.equal(status, 0, `${line}: ${stderr}`);
}

export function firewall(rules: string): void {
  command("nft -f -", `flush ruleset\ntable inet t {\nchain in {\ntype filter hook input priority 0\n${rules}\n}\n}\n`);
}

export async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy());
  // A failed test leaves it open; it must not keep the process.
  server.unref();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { server, port: address.port };
}

export async function unusedPort(): Promise<number> {
  const { server, port } = await listening("127.0.0.1");
  server.close();
  await once(server, "close");
  return port;
}

/** A server that accepts nothing, with its backlog used up. */
export async function fullServer(): Promise<{ port: number; close: () => void }> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const child = fork(fileURLToPath(new URL(`./probe-full-server.${extension}`, import.meta.url)));
  const [address]: AddressInfo[] = await once(child, "message");
  child.unref();
  child.channel?.unref();
  const port = address?.port ?? 0;
  const clients = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  for (const client of clients) client.on("error", () => undefined);
  await Promise.all(clients.map((client) => once(client, "connect")));
  const close = (): void => {
    for (const client of clients) client.destroy();
    child.kill("SIGKILL");
  };
  return { port, close };
}
