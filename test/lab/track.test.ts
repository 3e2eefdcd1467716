import { describe, test } from "node:test";
import { whyNoLab } from "./capabilities.ts";
import { Daemon } from "./daemon.ts";
import { daemonPairs } from "./matrix.ts";
import { type Pair, type PairSettings, type Side, VIP, withPair } from "./pair.ts";

const FAST: PairSettings = { version: 3, isUnicast: false, password: null, advertInt: "0.2" };
const VERDICT = "/run/lab/verdict";
const NUMBER = "/run/lab/number";

/** Scripts and files that the higher side follows; a process only where the kernel's process events are not needed. */
function config(priority: number, tracking: string): string {
  const script = `vrrp_script check {\n script "/bin/grep -q good ${VERDICT}"\n interval 1\n fall 2\n rise 2\n`;
  return `global_defs {
  router_id LAB
  vrrp_version 3
  script_user root
}
${script}}
track_file number {
  file ${NUMBER}
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int ${FAST.advertInt}
  virtual_ipaddress {
    ${VIP}
  }
${tracking}
}
`;
}

function start(side: Side, priority: number, tracking: string): Daemon {
  side.machine.writeFile(VERDICT, "good\n");
  side.machine.writeFile(NUMBER, "0\n");
  return new Daemon(side.machine, { name: side.daemonName, config: config(priority, tracking) });
}

/** What makes the higher side worse, what mends it, and what its log says then. */
interface Case {
  readonly title: string;
  readonly tracking: string;
  readonly break: (side: Side) => void;
  readonly mend: (side: Side) => void;
  readonly broken: string;
  readonly mended: string;
}

const CASES: readonly Case[] = [
  {
    title: "a script lowers the priority",
    tracking: " track_script {\n check weight -60\n }",
    break: ({ machine }) => machine.writeFile(VERDICT, "bad\n"),
    mend: ({ machine }) => machine.writeFile(VERDICT, "good\n"),
    broken: "(VI_1) Changing effective priority from 150 to 90",
    mended: "(VI_1) Changing effective priority from 90 to 150",
  },
  {
    title: "a script without a weight is a fault",
    tracking: " track_script {\n check\n }",
    break: ({ machine }) => machine.writeFile(VERDICT, "bad\n"),
    mend: ({ machine }) => machine.writeFile(VERDICT, "good\n"),
    broken: "(VI_1) Entering FAULT STATE",
    mended: "(VI_1) Entering BACKUP STATE",
  },
  {
    title: "a number in a file moves the priority",
    tracking: " track_file {\n number weight 2\n }",
    break: ({ machine }) => machine.writeFile(NUMBER, "-40\n"),
    mend: ({ machine }) => machine.writeFile(NUMBER, "10\n"),
    broken: "(VI_1) Changing effective priority from 150 to 70",
    mended: "(VI_1) Changing effective priority from 70 to 170",
  },
  {
    title: "a number in a file is a fault",
    tracking: " track_file {\n number weight 0\n }",
    break: ({ machine }) => machine.writeFile(NUMBER, "1\n"),
    mend: ({ machine }) => machine.writeFile(NUMBER, "0\n"),
    broken: "(VI_1): tracked file number now FAULT state",
    mended: "(VI_1): tracked file number leaving FAULT state",
  },
];

async function failOver(pair: Pair, item: Case): Promise<void> {
  const { first, second } = pair;
  const higher = start(first, 150, item.tracking);
  const lower = start(second, 100, "");
  try {
    await first.watch.gained(VIP);
    const secondFrom = second.watch.events.position;
    const logFrom = higher.log.position;
    item.break(first);
    await higher.logged(item.broken, { from: logFrom });
    await second.watch.gained(VIP, { from: secondFrom });
    await first.watch.lost(VIP);
    const firstFrom = first.watch.events.position;
    item.mend(first);
    await higher.logged(item.mended, { from: logFrom });
    await first.watch.gained(VIP, { from: firstFrom });
    await second.watch.lost(VIP, { from: secondFrom });
  } catch (error) {
    throw new Error(`${String(error)}\n${higher.text}\n---\n${lower.text}`, { cause: error });
  }
}

describe("tracked objects in a pair", { skip: whyNoLab() }, () => {
  for (const daemons of daemonPairs()) {
    for (const item of CASES) {
      test(`${daemons.join(" and ")}: ${item.title}`, () => withPair(FAST, daemons, (pair) => failOver(pair, item)));
    }
  }
});
