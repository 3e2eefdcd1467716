import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";
import { Notifier, type NotifierDependencies } from "../../../src/runtime/notify.ts";
import type { ScriptListener, ScriptStart } from "../../../src/runtime/script-runner.ts";
import { VirtualClock } from "../../helpers/virtual-clock.ts";

function load(text: string): CompleteConfiguration {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  return loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } })).configuration;
}

function config(lines: string): CompleteConfiguration {
  return load(
    `vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n priority 100\n virtual_ipaddress {\n 10.0.0.100\n }\n${lines}\n}\n`,
  );
}

/** Scripts run until the test ends them. */
class Bench {
  readonly clock = new VirtualClock();
  readonly started: string[] = [];
  readonly lines: string[] = [];
  readonly #running: { readonly name: string; readonly listener: ScriptListener }[] = [];
  readonly notifier = new Notifier({
    clock: this.clock,
    log: ({ text }) => void this.lines.push(text),
    runner: {
      start: ({ argv }: ScriptStart, listener) => {
        const name = argv.join(" ");
        this.started.push(name);
        this.#running.push({ name, listener });
        return { terminate: () => undefined };
      },
      makeFifo: async () => "ENOSYS",
    },
  });

  end(name: string, status = 0): void {
    const index = this.#running.findIndex((run) => run.name === name);
    assert.ok(index >= 0, `${name} does not run`);
    for (const { listener } of this.#running.splice(index, 1)) listener.onEnd({ kind: "exited", status });
  }

  change(to: "active" | "backup" | "fault" | "stop" | "deleted", from: "active" | "backup" | "fault" = "backup"): void {
    this.notifier.instanceChanged({ instance: "VI_1", from, to, priority: 100, cause: "other", atUs: 0 });
  }

  advance(us: number): void {
    this.clock.sleepTo(this.clock.nowUs() + us);
    this.clock.runDue();
  }
}

const BOTH = " notify_master /bin/true\n notify_backup /bin/echo\n notify \"/bin/cat 'a b'\"";

describe("Notifier", () => {
  it("calls the script of the state, then `notify`, one after the other", async () => {
    const bench = new Bench();
    await bench.notifier.begin(config(BOTH));
    bench.change("active");
    bench.change("backup");
    assert.deepEqual(bench.started, ["/bin/true"]);
    bench.end("/bin/true");
    assert.deepEqual(bench.started.at(-1), "/bin/cat a b INSTANCE VI_1 MASTER 100");
    bench.end("/bin/cat a b INSTANCE VI_1 MASTER 100");
    bench.end("/bin/echo");
    assert.deepEqual(bench.started.slice(2), ["/bin/echo", "/bin/cat a b INSTANCE VI_1 BACKUP 100"]);
  });

  it("waits 1 s for a script of the same change and 10 s for one of the change before", async () => {
    const bench = new Bench();
    await bench.notifier.begin(config(BOTH));
    bench.change("active");
    bench.change("backup");
    bench.advance(999_999);
    assert.equal(bench.started.length, 1);
    bench.advance(1);
    assert.equal(bench.started.length, 2);
    bench.advance(1_000_000);
    bench.advance(8_999_999);
    assert.equal(bench.started.length, 2);
    bench.advance(1);
    assert.equal(bench.started.at(-1), "/bin/echo");
  });

  it("starts at the end whatever still waits, and waits for it no longer than 1 s", async () => {
    const bench = new Bench();
    await bench.notifier.begin(config(BOTH));
    bench.change("active");
    bench.change("stop");
    let isOver = false;
    const ended = bench.notifier.end().then(() => {
      isOver = true;
    });
    assert.deepEqual(bench.started, [
      "/bin/true",
      "/bin/cat a b INSTANCE VI_1 MASTER 100",
      "/bin/cat a b INSTANCE VI_1 STOP 100",
    ]);
    await Promise.resolve();
    assert.equal(isOver, false);
    bench.advance(1_000_000);
    await ended;
  });

  it("waits at the end for mail from before a reload", async () => {
    const relay = createServer().listen(0, "127.0.0.1");
    await once(relay, "listening");
    const address = relay.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const mailing = `notification_email {\n a@example.net\n }\n smtp_server 127.0.0.1 ${port}`;
    const configuration = load(`global_defs {\n ${mailing}\n}\n`);
    const bench = new Bench();
    await bench.notifier.begin(configuration);
    const connected = once(relay, "connection");
    bench.notifier.mail({ subject: "s", body: "b" });
    const [socket] = (await connected) as [Socket];
    await bench.notifier.reload(configuration);
    bench.notifier.reloaded();
    let isOver = false;
    const ended = bench.notifier.end().then(() => {
      isOver = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
    socket.destroy();
    await ended;
    relay.close();
    assert.match(bench.lines.join("\n"), /SMTP alert "s" not sent/);
  });

  it("reports a removed instance as FAULT, or as DELETED where that is asked for", async () => {
    const bench = new Bench();
    await bench.notifier.begin(config(" notify /bin/cat\n notify_fault /bin/echo"));
    await bench.notifier.reload(load("global_defs {\n router_id A\n}\n"));
    bench.change("deleted", "active");
    assert.deepEqual(bench.started, ["/bin/cat INSTANCE VI_1 FAULT 100"]);
    bench.notifier.reloaded();
    bench.change("backup");
    assert.equal(bench.started.length, 1);

    const other = new Bench();
    await other.notifier.begin(config(" notify /bin/cat\n notify_deleted"));
    other.change("deleted", "fault");
    assert.deepEqual(other.started, ["/bin/cat INSTANCE VI_1 DELETED 100"]);
  });

  it("does not report the removal of an instance that has a fault already", async () => {
    const bench = new Bench();
    await bench.notifier.begin(config(" notify /bin/cat"));
    bench.change("deleted", "fault");
    assert.deepEqual(bench.started, []);
  });

  it("opens no pipe of what does not run", async () => {
    const fifos = load("global_defs {\n notify_fifo /run/all\n vrrp_notify_fifo /run/v\n lvs_notify_fifo /run/l\n}\n");
    const made: string[] = [];
    const runner: NotifierDependencies["runner"] = {
      start: () => ({ terminate: () => undefined }),
      makeFifo: async (path) => {
        made.push(path);
        return "ENOSYS";
      },
    };
    const begin = (runs?: NotifierDependencies["runs"]): Promise<void> =>
      new Notifier({ runner, clock: new VirtualClock(), log: () => undefined, ...(runs && { runs }) }).begin(fifos);
    await begin({ vrrp: false, lvs: true });
    assert.deepEqual(made.splice(0), ["/run/all", "/run/l"]);
    await begin({ vrrp: true, lvs: false });
    assert.deepEqual(made.splice(0), ["/run/all", "/run/v"]);
    await begin();
    assert.deepEqual(made, ["/run/all", "/run/v", "/run/l"]);
  });

  it("runs the startup script first and says when it failed", async () => {
    const bench = new Bench();
    const begun = bench.notifier.begin(load("global_defs {\n startup_script /bin/false\n}\n"));
    assert.deepEqual(bench.started, ["/bin/false"]);
    bench.end("/bin/false", 3);
    await begun;
    assert.deepEqual(bench.lines, [
      "Running startup script /bin/false",
      "Call of startup script /bin/false failed: exited with status 3",
    ]);
  });
});
