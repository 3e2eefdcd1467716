import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { nameVirtualServers } from "../../../src/runtime/lvs-names.ts";
import type { LvsPoolEvent } from "../../../src/runtime/lvs-types.ts";
import { LvsNotifier } from "../../../src/runtime/notify-lvs.ts";

const TEXT = `virtual_server 10.0.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  quorum_up /bin/true
  quorum_down "/bin/false down"
  smtp_alert
  real_server 10.0.0.2 80 {
    notify_up /bin/echo
    notify_down /bin/cat
    TCP_CHECK {
    }
  }
}
`;

function bench(globals = ""): {
  readonly told: string[];
  readonly tell: (effect: LvsPoolEvent["effect"], cause?: LvsPoolEvent["cause"]) => void;
} {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { configuration } = loadConfiguration(
    source,
    createMemoryHost({ files: { "/a.conf": `${globals}\n${TEXT}` } }),
  );
  const told: string[] = [];
  const notifier = new LvsNotifier({
    run: (owner, calls) => void told.push(`${owner}: ${calls.map(({ command }) => command.argv.join(" ")).join()}`),
    writeLvs: (line) => void told.push(line),
    mail: ({ subject, body }) => void told.push(`${subject} ${body}`),
  });
  notifier.configure(configuration);
  const [virtualServer] = configuration.virtualServers;
  const [names] = nameVirtualServers(configuration.virtualServers);
  if (virtualServer === undefined || names === undefined) throw new Error("no virtual server");
  return {
    told,
    tell: (effect, cause = { check: "tcp" }) =>
      notifier.onPoolEvent({ virtualServer, names, effect, alive: [], cause }),
  };
}

const RS = "[10.0.0.2]:tcp:80";
const VS = "[10.0.0.100]:tcp:80";

describe("LvsNotifier", () => {
  it("tells of a server by script, FIFO and mail, with the NUL that keepalived writes", () => {
    const { told, tell } = bench();
    tell({ kind: "server-down", server: 0 });
    tell({ kind: "server-up", server: 0 });
    assert.deepEqual(told, [
      `RS ${RS} ${VS}: /bin/cat`,
      `RS ${RS} ${VS} DOWN\n\0`,
      `Realserver ${RS} of virtual server ${VS} - DOWN => TCP CHECK failed on service <=`,
      `RS ${RS} ${VS}: /bin/echo`,
      `RS ${RS} ${VS} UP\n\0`,
      `Realserver ${RS} of virtual server ${VS} - UP => TCP CHECK succeed on service <=`,
    ]);
  });

  it("mails of each checker, the server still down, unless no_checker_emails is given", () => {
    const { told, tell } = bench();
    tell({ kind: "checker-down", server: 0 }, { check: "misc" });
    tell({ kind: "checker-up", server: 0 });
    assert.deepEqual(told, [
      `Realserver ${RS} of virtual server ${VS} - DOWN => MISC CHECK failed on service <=`,
      `Realserver ${RS} of virtual server ${VS} - DOWN => TCP CHECK succeed on service <=`,
    ]);
    const quiet = bench("global_defs {\n  no_checker_emails\n}");
    quiet.tell({ kind: "checker-down", server: 0 });
    assert.deepEqual(quiet.told, []);
    quiet.tell({ kind: "server-down", server: 0 });
    assert.match(quiet.told.at(-1) ?? "", /TCP CHECK failed/);
  });

  it("names the check and its reason as keepalived does", () => {
    const { told, tell } = bench();
    const bodyOf = (cause: Parameters<typeof tell>[1]): string => {
      tell({ kind: "server-down", server: 0 }, cause);
      return /=>.*/.exec(told.at(-1) ?? "")?.[0] ?? "";
    };
    assert.equal(bodyOf({ check: "udp" }), "=> UDP CHECK failed on service <=");
    assert.equal(bodyOf({ check: "dns" }), "=> DNS_CHECK: failed on service <=");
    assert.equal(bodyOf({ check: "http" }), "=> CHECK failed on service : HTTP request failed <=");
    assert.equal(bodyOf({ check: "ssl" }), "=> CHECK failed on service : HTTP request failed <=");
    const failure = "Read timeout from server [192.0.2.1]:25";
    assert.equal(bodyOf({ check: "smtp", failure }), `=> CHECK failed on service : ${failure} <=`);
  });

  it("tells a quorum that is there from the start from one that is gained", () => {
    const { told, tell } = bench();
    tell({ kind: "quorum-gained", liveWeight: 2 }, "start");
    assert.match(told.at(-1) ?? "", /- UP => Starting with quorum up 1\+0=1 <= 2 <=$/);
    tell({ kind: "quorum-lost", liveWeight: 0, isAtStart: true }, "start");
    assert.match(told.at(-1) ?? "", /- DOWN => Starting with quorum down 1\+0=1 <= 0 <=$/);
  });

  it("names the session of a BFD check in a mail", () => {
    const { told, tell } = bench();
    tell({ kind: "server-down", server: 0 }, { check: "bfd", session: "uplink" });
    assert.equal(
      told.at(-1),
      `Realserver ${RS} of virtual server ${VS} - DOWN => BFD CHECK uplink failed on service <=`,
    );
  });

  it("tells of the quorum", () => {
    const { told, tell } = bench();
    tell({ kind: "quorum-lost", liveWeight: 0, isAtStart: false });
    tell({ kind: "quorum-gained", liveWeight: 2 });
    assert.deepEqual(told, [
      `VS ${VS}: /bin/false down`,
      `VS ${VS} DOWN\n\0`,
      `Virtualserver ${VS} - DOWN => Lost quorum 1+0=1 <= 0 <=`,
      `VS ${VS}: /bin/true`,
      `VS ${VS} UP\n\0`,
      `Virtualserver ${VS} - UP => Gained quorum 1+0=1 <= 2 <=`,
    ]);
  });

  it("sends no mail about the start, and says at the stop that it is one", () => {
    const { told, tell } = bench();
    tell({ kind: "server-up", server: 0 }, "start");
    assert.deepEqual(told, [`RS ${RS} ${VS}: /bin/echo`, `RS ${RS} ${VS} UP\n\0`]);
    tell({ kind: "server-down", server: 0 }, "stop");
    assert.equal(told.at(-1), `Realserver ${RS} of virtual server ${VS} - DOWN => Shutting down <=`);
  });
});
