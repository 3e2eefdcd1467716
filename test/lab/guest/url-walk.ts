import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { linesOf } from "../../helpers/process.ts";
import { ROOT } from "../../helpers/repository.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const SERVER = join(ROOT, "dist/test/lab/programs/url-server.js");
const VIP = "192.168.1.100";
const DELAY_LOOP_MS = 1000;

interface Scenario {
  readonly urls: string;
  readonly words: string;
  /** How each request is answered. @see programs/url-server.ts */
  readonly script: string;
  /** Urls in the order in which they are asked for. */
  readonly asked: string;
  /** `+` a url passed, `up`, `down` with what is known of the failure. */
  readonly said: string;
  readonly isInPool: boolean;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "one url after the other, again and again": {
    urls: "abc",
    words: "",
    script: "1111",
    asked: "abca",
    said: "up",
    isInPool: true,
  },
  "a url that fails is retried alone; then all have to pass in order": {
    urls: "abc",
    words: "log_all_failures",
    script: "111" + "10101" + "000" + "0" + "1" + "1001" + "1" + "1",
    asked: "abc" + "abbcc" + "aaa" + "a" + "a" + "abbb" + "c" + "a",
    said: "up status status status status status down +a +a +b +c up",
    isInPool: true,
  },
  "the first round decides at its first failure": {
    urls: "abc",
    words: "",
    // One more failure, since there is always one more request than counts.
    script: "10" + "0" + "1" + "11" + "0",
    asked: "ab" + "b" + "b" + "ab",
    said: "down +b +a +b",
    isInPool: false,
  },
  "a single url passes twice": {
    urls: "a",
    words: "",
    script: "1000011",
    asked: "aaaaaaa",
    said: "up down +a +a up",
    isInPool: true,
  },
  "fast_recovery, from the start and after a failure": {
    urls: "abc",
    words: "fast_recovery",
    script: "111" + "000" + "1" + "111",
    asked: "abc" + "aaa" + "a" + "abc",
    said: "up down +a +a +b +c up",
    isInPool: true,
  },
  "an alpha server, and a body to match": {
    urls: "am",
    words: "alpha",
    script: "11",
    asked: "am",
    said: "+a +m(Regex match) up",
    isInPool: true,
  },
  "silence, an empty answer and rubbish": {
    urls: "a",
    words: "log_all_failures\n retry 1",
    script: "1" + "-e" + "11" + "r-" + "11",
    asked: "aaaaaaaaa",
    said: "up silence empty down +a +a up empty silence down +a +a up",
    isInPool: true,
  },
};

function urlBlock(path: string): string {
  const rule = path === "m" ? 'regex "p.ge"' : "status_code 200";
  return `url {\n path /${path}\n ${rule}\n }\n`;
}

function configOf({ urls, words }: Scenario): string {
  return `virtual_server ${VIP} 80 {
  delay_loop ${DELAY_LOOP_MS / 1000}
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 192.168.1.7 80 {
    HTTP_GET {
      connect_ip 192.168.1.1
      connect_port 8080
      connect_timeout 1
      retry 2
      delay_before_retry 0.4
      warmup 0
      ${words}
      ${[...urls].map(urlBlock).join("")}
    }
  }
}
`;
}

/** What a line of the log says of the check; null for the rest. */
function saidIn(line: string): string | null {
  const server = "[192.168.1.7]:tcp:80";
  const [, what = "", url = ""] = /(\S.*) success to \[192\.168\.1\.7\]:tcp:80 url\(\/(.)\)$/.exec(line) ?? [];
  if (url !== "") return what === "HTTP status code" ? `+${url}` : `+${url}(${what})`;
  if (line === `Remote Web server ${server} succeed on service.`) return "up";
  if (/^HTTP_CHECK on service \S+ failed after [12] retries\.$/.test(line)) return "down";
  if (line === `HTTP status code error to server ${server}.`) return "status";
  if (line === `Timeout WEB read server ${server}.`) return "silence";
  return line === `Read, no data received from  server ${server}.` ? "empty" : null;
}

interface Seen {
  readonly asked: string;
  readonly said: string;
  readonly pool: readonly string[] | null;
}

async function watch(name: DaemonName, scenario: Scenario): Promise<Seen> {
  const network = await Network.build();
  const machine = await network.addMachine({ name: "director", addresses: ["192.168.1.1/24"] });
  const server = machine.spawn([process.execPath, SERVER, scenario.script, "8080"]);
  const requests = linesOf(server.stdout, server.stderr);
  await requests.waitFor("the server", (line) => line.text === "ready");
  const daemon = new Daemon(machine, { name, config: configOf(scenario), flags: [...ALL_FLAGS, "-C"] });
  const count = scenario.asked.length;
  try {
    // One more, so that all has been said about those that count.
    await requests.waitFor("the requests", () => requests.items.length > count + 1, { timeoutMs: 40_000 });
    const asked = requests.items.slice(1, count + 1).map(({ text }) => text.slice(1, 2));
    const said = daemon.text.split("\n").map((line) => saidIn(line.replace(/^.*? \d{4}: /, "")));
    return {
      asked: asked.join(""),
      said: said.filter((one) => one !== null).join(" "),
      pool: poolOf(machine, VIP, 80),
    };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  } finally {
    await daemon.terminate();
    await network.close();
  }
}

for (const name of daemonNames()) {
  for (const [title, scenario] of Object.entries(SCENARIOS)) {
    await test(`HTTP_GET: ${title} (${name})`, { timeout: 90_000 }, async () => {
      const { asked, said, isInPool } = scenario;
      assert.deepEqual(await watch(name, scenario), { asked, said, pool: isInPool ? ["192.168.1.7"] : [] });
    });
  }
}
