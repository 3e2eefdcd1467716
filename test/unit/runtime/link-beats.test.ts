import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { Link, VrrpEvent, VrrpLoop } from "../../../src/native/contract.ts";
import { LinkBeats, polledLinks } from "../../../src/runtime/link-beats.ts";
import { renderLink } from "../../../src/runtime/vrrp-wording.ts";

const LINK: Link = {
  ifindex: 2,
  name: "eth0",
  kind: "veth",
  mac: null,
  mtu: 1500,
  isUp: true,
  isRunning: true,
  hasArp: true,
  isLoopback: false,
  masterIfindex: 0,
};

function requestsOf(root: string, instance = ""): readonly string[] {
  const block = (name: string, vrid: number, lines: string): string =>
    `vrrp_instance ${name} {\n interface ${name}\n virtual_router_id ${vrid}\n ${lines}\n virtual_ipaddress {\n 10.0.0.${vrid}\n }\n}\n`;
  const text = `${root}\n${block("eth0", 1, instance)}${block("eth1", 2, "")}`;
  const { configuration } = loadConfiguration(
    { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false },
    createMemoryHost({ files: { "/a.conf": text } }),
  );
  return polledLinks(configuration).map(({ name, method }) => `${name} ${method}`);
}

test("who is polled, and how", () => {
  assert.deepEqual(requestsOf(""), []);
  assert.deepEqual(requestsOf("linkbeat_use_polling"), ["eth0 null", "eth1 null"]);
  assert.deepEqual(requestsOf("", "linkbeat_use_polling"), ["eth0 null"]);
  const bare =
    "vrrp_instance B {\n virtual_router_id 3\n unicast_src_ip 10.9.0.5\n unicast_peer {\n 10.9.0.6\n }\n virtual_ipaddress {\n 10.0.0.3 dev eth2\n }\n}";
  assert.deepEqual(requestsOf(`linkbeat_use_polling\n${bare}`), ["eth0 null", "eth1 null"]);
  const listed = "linkbeat_interfaces {\n eth1 ETHTOOL\n eth2 MII\n eth3 IOCTL\n eth4\n}";
  assert.deepEqual(requestsOf(listed), ["eth1 ethtool", "eth2 mii", "eth3 ioctl", "eth4 null"]);
  assert.deepEqual(
    requestsOf(`linkbeat_use_polling\n${listed}`).filter((each) => each.startsWith("eth1")),
    ["eth1 ethtool"],
  );
});

interface Trial {
  readonly beats: LinkBeats;
  /** The link as VRRP sees it at the start. */
  readonly first: Link | undefined;
  /** What VRRP is told, in words. */
  readonly told: string[];
  /** What the driver will answer. */
  answer: boolean | null;
  /** The next poll. */
  readonly poll: () => Promise<void>;
  readonly hear: (link: Link) => void;
  readonly close: () => void;
  readonly hasTimer: () => boolean;
}

async function createTrial(answer: boolean | null): Promise<Trial> {
  const timers: (() => void)[] = [];
  const told: string[] = [];
  const clock = {
    nowUs: () => 7,
    after: (_delayUs: number, run: () => void) => {
      timers.push(run);
      return () => {
        const index = timers.indexOf(run);
        if (index >= 0) timers.splice(index, 1);
      };
    },
  };
  const beats = new LinkBeats({ clock, log: (record) => told.push(record.text ?? "") });
  beats.configure([{ name: "eth0", method: null }]);
  const trial = { answer };
  const rtnetlink = beats.attach({
    links: async () => [LINK],
    addresses: async () => [],
    beats: async (requests) => requests.map(() => trial.answer),
    apply: async () => [],
    send: async () => [],
    query: async () => [],
    close: () => undefined,
  });
  let deliver: (events: readonly VrrpEvent[]) => void = () => undefined;
  const loop = { close: () => told.push("closed") } as unknown as VrrpLoop;
  let shown: Link = LINK;
  const followed = beats.follow(
    (events) => {
      for (const event of events) {
        if (event.kind !== "link") continue;
        const record = renderLink(event.link, event.isDeleted, shown);
        if (record !== null) told.push(record.text ?? "");
        shown = event.link;
      }
    },
    (onEvents) => {
      deliver = onEvents;
      return loop;
    },
  );
  const [first] = await rtnetlink.links();
  if (first !== undefined) shown = first;
  return Object.assign(trial, {
    beats,
    first,
    told,
    poll: async () => {
      for (const run of timers.splice(0)) run();
      await new Promise((resolve) => setImmediate(resolve));
    },
    hear: (link: Link) => deliver([{ kind: "link", link, isDeleted: false, atUs: 1 }]),
    close: () => followed.close(),
    hasTimer: () => timers.length > 0,
  });
}

test("a link without a beat is down for VRRP, though the kernel calls it running", async () => {
  const trial = await createTrial(true);
  assert.equal(trial.first?.isRunning, true);
  trial.answer = false;
  await trial.poll();
  await trial.poll();
  trial.answer = true;
  await trial.poll();
  assert.deepEqual(trial.told, ["Linkbeat reports eth0 down", "Linkbeat reports eth0 up"]);
});

test("a link that has no beat at the start is seen so from the beginning", async () => {
  const trial = await createTrial(false);
  assert.equal(trial.first?.isRunning, false);
  assert.deepEqual(trial.told, []);
});

test("the kernel's word of a loss counts at once, and the beat's of the return", async () => {
  const trial = await createTrial(true);
  trial.hear({ ...LINK, isRunning: false });
  trial.answer = false;
  await trial.poll();
  trial.hear(LINK);
  trial.answer = true;
  await trial.poll();
  assert.deepEqual(trial.told, ["Netlink reports eth0 down", "Linkbeat reports eth0 up"]);
});

test("a driver that can't tell leaves the kernel's word alone; nothing is polled without need or after the end", async () => {
  const trial = await createTrial(null);
  await trial.poll();
  trial.beats.configure([]);
  await trial.poll();
  assert.equal(trial.hasTimer(), false);
  trial.beats.configure([{ name: "eth0", method: "mii" }]);
  await trial.poll();
  assert.equal(trial.hasTimer(), true);
  trial.close();
  assert.equal(trial.hasTimer(), false);
  assert.deepEqual(trial.told, ["closed"]);
});
