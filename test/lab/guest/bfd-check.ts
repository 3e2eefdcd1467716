import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../helpers/event-log.ts";
import { ALL_FLAGS, Daemon, type DaemonName } from "../daemon.ts";
import { poolOf } from "../ipvs.ts";
import type { Machine } from "../machine.ts";
import { daemonNames } from "../matrix.ts";
import { Network } from "../network.ts";

const VIP = "192.168.1.100";
const DIRECTOR = "192.168.1.1";
const PEER = "192.168.1.2";
/** Guests of a busy machine are slow. */
const PATIENCE = { timeoutMs: 60_000 };
const SERVER = `[${PEER}]:tcp:80`;

function session(from: string, to: string): string {
  return `bfd_instance uplink {
  source_ip ${from}
  neighbor_ip ${to}
  min_rx 300
  min_tx 300
  idle_tx 500
  multiplier 5
}
`;
}

function config(words: string): string {
  return `${session(DIRECTOR, PEER)}virtual_server ${VIP} 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  ${words}
  quorum_up "/run/note.sh quorum up" root
  quorum_down "/run/note.sh quorum down" root
  real_server ${PEER} 80 {
    notify_up "/run/note.sh up" root
    notify_down "/run/note.sh down" root
    BFD_CHECK {
      name uplink
    }
  }
}
`;
}

/** The pool as the table has it, with weights. */
async function savedTable(machine: Machine): Promise<string> {
  return (await machine.runOk(["ipvsadm", "-Sn"])).trim().split("\n").sort().join(" ; ");
}

/** Scripts of the server and of the quorum run side by side, each kind in its order. */
function notesOf(machine: Machine): readonly string[] {
  const lines = machine
    .readFile("/run/notes")
    .split("\n")
    .filter((line) => line !== "");
  return lines.toSorted((a, b) => Number(a.startsWith("quorum")) - Number(b.startsWith("quorum")));
}

interface Seen {
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  readonly tables: readonly string[];
}

async function story(network: Network, name: DaemonName, words: string): Promise<Seen> {
  const director = await network.addMachine({ name: "director", addresses: [`${DIRECTOR}/24`] });
  const peer = await network.addMachine({ name: "peer", addresses: [`${PEER}/24`] });
  director.writeFile("/run/note.sh", '#!/bin/sh\necho "$@" >> /run/notes\n');
  director.writeFile("/run/notes", "");
  await director.runOk(["chmod", "755", "/run/note.sh"]);
  const startPeer = (): Daemon => new Daemon(peer, { name, config: session(PEER, DIRECTOR), flags: ALL_FLAGS });
  const daemon = new Daemon(director, { name, config: config(words), flags: [...ALL_FLAGS] });
  const tables: string[] = [];
  const settles = async (isUp: boolean): Promise<void> => {
    const wanted = `is ${isUp ? "UP" : "DOWN"}`;
    const isInhibited = words.includes("inhibit");
    await waitUntil(
      `the server to be ${wanted}`,
      () => {
        const said = daemon.log.items.filter(({ text }) => text.includes("BFD check of [uplink]")).at(-1)?.text ?? "";
        const isThere = poolOf(director, VIP, 80)?.includes(PEER) === true;
        return said.endsWith(wanted) && isThere === (isUp || isInhibited) ? true : null;
      },
      PATIENCE,
    );
    // Calls of one change have to have come before the next one.
    await waitUntil(
      "the calls of scripts",
      () => {
        const notes = notesOf(director);
        // Counted, since keepalived's may overtake each other.
        const balance = (up: string, down: string): number =>
          notes.filter((line) => line === up).length - notes.filter((line) => line === down).length;
        const isTold = balance("up", "down") === (isUp ? 0 : -1);
        return isTold && balance("quorum up", "quorum down") === (isUp ? 1 : 0) ? true : null;
      },
      PATIENCE,
    );
    tables.push(await savedTable(director));
  };
  try {
    await settles(false);
    const first = startPeer();
    await settles(true);
    first.crash();
    await settles(false);
    startPeer();
    await settles(true);
    await daemon.terminate();
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${daemon.text}`, { cause: error });
  }
  const lines = daemon.text.split("\n").map((line) => line.replace(/^.*? \d{4}: /, ""));
  return {
    lines: lines.filter((line) => line.includes(SERVER) || / quorum /.test(line)),
    notes: notesOf(director),
    tables,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  "from the table": "",
  "to weight 0 with inhibit_on_failure": "inhibit_on_failure",
  "for a sorry server": "sorry_server 192.168.1.9 80",
  "with alpha": "alpha",
};

for (const [title, words] of Object.entries(WORDS)) {
  const seen = new Map<DaemonName, Seen>();
  for (const name of daemonNames()) {
    await test(`BFD_CHECK takes a server out and in, ${title} (${name})`, { timeout: 180_000 }, async () => {
      const network = await Network.build();
      try {
        const result = await story(network, name, words);
        seen.set(name, result);
        const told = result.lines.filter((line) => line.startsWith("BFD check of"));
        const states = ["UP", "DOWN", "UP"].map((state) => `BFD check of [uplink] RS(${SERVER}) is ${state}`);
        assert.deepEqual(told.slice(-3), states);
      } finally {
        await network.close();
      }
    });
  }
  const skip = daemonNames().length === 2 ? false : "needs both daemons";
  await test(`BFD_CHECK, ${title}: same table, same calls, same words as keepalived's`, { skip }, () => {
    const [ours, theirs] = [seen.get("holdfast"), seen.get("keepalived")];
    assert.ok(ours !== undefined && theirs !== undefined);
    // keepalived's scripts run side by side, so that calls of one change may overtake each other; ours never do.
    assert.deepEqual({ ...ours, notes: [...ours.notes].sort() }, { ...theirs, notes: [...theirs.notes].sort() });
    const quorum = ours.notes.filter((line) => line.startsWith("quorum"));
    assert.ok(
      quorum.every((line, index) => line !== quorum[index + 1]),
      ours.notes.join("\n"),
    );
  });
}
