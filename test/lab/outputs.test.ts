/** What leaves both daemons through one life, octet by octet: lines of the FIFO, and priorities and idents of the system log. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { waitUntil } from "../helpers/event-log.ts";
import { linesOf } from "../helpers/process.ts";
import { findProgram } from "../helpers/repository.ts";
import { whyNoLab } from "./capabilities.ts";
import { Daemon, type DaemonName } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

const FIFO = "/run/lab/fifo";
const TOLD = "/run/lab/told";
const WEIGHT = "/run/lab/weight";
const QUIET_MS = 1_000;

function instance(name: string, vrid: number, more = ""): string {
  return `vrrp_instance ${name} {
  state BACKUP
  interface eth0
  virtual_router_id ${vrid}
  priority 100
  advert_int 1
  virtual_ipaddress {
    192.168.1.${vrid}
  }
  track_file {
    moods weight 1
  }
  ${more}
}
`;
}

const CONFIG = `global_defs {
  router_id LAB
  vrrp_notify_fifo ${FIFO}
  vrrp_notify_priority_changes
}
track_file moods {
  file ${WEIGHT}
  weight 1
}
vrrp_sync_group G {
  group {
    A
    B
  }
  sync_group_tracking_weight
}
${instance("A", 51)}${instance("B", 52)}${instance("alone", 53, "notify_priority_changes true")}`;

const LISTEN = `import os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
print("listening", flush=True)
while True:
    print(repr(log.recv(9000))[2:-1], flush=True)`;

/** A /dev of its own, so that /dev/log is nobody else's. */
const OWN_DEVICES = `mount -t tmpfs tmpfs /dev
mkdir /dev/shm
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/urandom c 1 9`;

interface Life {
  /** Of the FIFO, by phase; neighbours of one moment in the order of names. */
  readonly told: readonly (readonly string[])[];
  /** Priority and ident of what was logged, by its text. */
  readonly logged: ReadonlyMap<string, string>;
}

/** The daemon's own moves, and the world's. @returns when it has gone quiet */
async function quiet(machine: Machine): Promise<void> {
  let before = "";
  let sinceMs = Date.now();
  await waitUntil("the FIFO to fall silent", () => {
    const now = machine.readFile(TOLD);
    if (now !== before) sinceMs = Date.now();
    before = now;
    return Date.now() - sinceMs > QUIET_MS ? true : null;
  });
}

const SYSLOG = /^(<\d+>)\w{3} [ \d]\d \d\d:\d\d:\d\d (\w+)\[\d+\]: (.*)$/;

async function live(name: DaemonName): Promise<Life> {
  const network = await Network.build();
  try {
    const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
    await machine.runOk(["sh", "-e"], { input: OWN_DEVICES });
    machine.writeFile(WEIGHT, "0\n");
    machine.writeFile(TOLD, "");
    await machine.runOk(["mkfifo", FIFO]);
    machine.spawn(["sh", "-c", `exec cat <>${FIFO} >${TOLD}`]);
    const listener = machine.spawn(["python3", "-c", LISTEN]);
    const log = linesOf(listener.stdout, listener.stderr);
    await log.waitFor("the system log", ({ text }) => text === "listening");
    const said = (text: string, from = 0): Promise<unknown> =>
      log.waitFor(`"${text}"`, (line) => line.text.includes(text), { from, timeoutMs: 20_000 });
    const daemon = new Daemon(machine, { name, config: CONFIG, flags: ["-n", "-D", "-P", "-S", "3"] });
    const told: string[][] = [];
    const phase = async (move: () => unknown, until: string): Promise<void> => {
      const from = log.position;
      await move();
      await said(until, from);
      await quiet(machine);
      const before = told.flat().length;
      told.push(
        machine
          .readFile(TOLD)
          .split(/(?<=\n)/)
          .slice(before)
          .sort(),
      );
    };
    await phase(() => undefined, "(alone) Entering MASTER STATE");
    await phase(() => machine.writeFile(WEIGHT, "20\n"), "(alone)");
    await phase(() => machine.ip("link set eth0 down"), "(alone) Entering FAULT STATE");
    await phase(() => machine.writeFile(WEIGHT, "-5\n"), "(alone)");
    await phase(() => machine.ip("link set eth0 up"), "(alone) Entering MASTER STATE");
    await phase(() => daemon.terminate(), "Stopped");
    const logged = log.items.flatMap(({ text }) => {
      const [, priority, ident, words] = SYSLOG.exec(text) ?? [];
      return words === undefined ? [] : [[words, `${priority} ${ident}`] as const];
    });
    return { told, logged: new Map(logged) };
  } finally {
    await network.close();
  }
}

/** So many texts both are sure to have: of the starts, elections, faults, priorities and the stop. */
const LEAST_COMMON = 20;

describe("what leaves both daemons through one life", {
  skip:
    whyNoLab() ||
    (daemonNames().length < 2 && "needs both daemons") ||
    (findProgram("python3") === null && "needs python3"),
}, () => {
  const lives: Life[] = [];
  for (const name of daemonNames()) {
    test(`${name} lives`, { timeout: 120_000 }, async () => {
      lives.push(await live(name));
    });
  }

  test("the FIFO has the same octets", () => {
    assert.deepEqual(lives[0]?.told, lives[1]?.told);
    assert.ok(
      lives[0]?.told.flat().some((line) => line.includes("_PRIORITY ")),
      lives[0]?.told.flat().join(""),
    );
  });

  test("the system log has the same priority and ident for the same text", () => {
    const [first, second] = lives.map(({ logged }) => logged);
    assert.ok(first !== undefined && second !== undefined);
    const common = [...first.keys()].filter((text) => second.has(text));
    const marked = (life: ReadonlyMap<string, string>): readonly string[] =>
      common.map((text) => `${life.get(text)} ${text}`);
    assert.ok(common.length >= LEAST_COMMON, common.join("\n"));
    assert.deepEqual(marked(first), marked(second));
  });
});
