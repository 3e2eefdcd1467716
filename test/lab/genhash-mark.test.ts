import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeCertificate } from "../helpers/certificate.ts";
import { linesOf } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";

/** Only what carries the mark gets through. */
const RULES = `table inet t {
  chain output {
    type filter hook output priority 0;
    tcp dport { 8080, 8443 } meta mark != 7 drop
  }
}
`;
const HASH = /^[0-9a-f]{32}\n$/;

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  holdfast: [join(ROOT, "bin", "holdfast"), "genhash"],
  keepalived: [findProgram("genhash") ?? ""],
};

async function serve(machine: Machine, folder: string): Promise<void> {
  const web = machine.spawn([process.execPath, join(ROOT, "dist/test/lab/programs/web-server.js"), "real", "8080"]);
  await linesOf(web.stdout, web.stderr).waitFor("the server", ({ text }) => text === "ready");
  const { keyFile, certificateFile } = makeCertificate(folder);
  machine.writeFile("/run/lab/key", readFileSync(keyFile, "utf8"));
  machine.writeFile("/run/lab/certificate", readFileSync(certificateFile, "utf8"));
  const tls = [
    "openssl",
    "s_server",
    "-accept",
    "8443",
    "-key",
    "/run/lab/key",
    "-cert",
    "/run/lab/certificate",
    "-www",
  ];
  machine.spawn(tls);
  await machine.runOk(["sh", "-c", "until ss -Hltn sport = 8443 | grep -q .; do sleep 0.05; done"]);
}

describe("genhash with a firewall mark", { skip: whyNoLab(["openssl", "ss"]) }, () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    test(`only packets with the mark get through, and ${name} sends it`, {
      timeout: 60_000,
      skip: program[0] === "" && "keepalived's genhash is not installed",
    }, async () => {
      const network = await Network.build();
      const folder = mkdtempSync(join(tmpdir(), "holdfast-mark-"));
      try {
        const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
        await serve(machine, folder);
        await machine.runOk(["nft", "-f", "-"], { input: RULES });
        for (const [port, ...tls] of [["8080"], ["8443", "-S"]] as const) {
          const page = [...program, "-s", "192.168.1.5", "-p", port, "-u", "/", "-t", "2", ...tls];
          const marked = await machine.run([...page, "-m", "7"]);
          assert.match(marked.stdout, HASH, marked.stderr);
          for (const other of [[], ["-m", "8"]])
            assert.match((await machine.run([...page, ...other])).stdout, /^Timeout connecting$/m);
        }
      } finally {
        rmSync(folder, { recursive: true });
        await network.close();
      }
    });
  }
});
