import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type ApiSources, answer } from "../../src/api/router.ts";
import { createControlServer } from "../../src/runtime/control-server.ts";
import { EventLog } from "../../src/runtime/event-log.ts";
import { ROOT } from "../helpers/repository.ts";
import { FACTS, snapshot, USAGE } from "../unit/api/samples.ts";

const RULES = join(ROOT, "contrib/prometheus/holdfast.rules.yml");
const DASHBOARD = join(ROOT, "contrib/grafana/holdfast.json");
const hasPrometheus = spawnSync("promtool", ["--version"]).status === 0;

const sources: ApiSources = {
  snapshot,
  facts: () => FACTS,
  usage: async () => USAGE,
  nowUs: () => 100_000_000,
  nowMs: () => 1_700_000_000_000,
  eventsSince: () => ({ missed: 0, events: [] }),
  overrides: { list: () => [], set: () => true, clear: () => true },
  operator: { give: () => true, release: () => null, orderFor: () => null },
  reload: async () => ({ isComplete: true, messages: [] }),
  planReload: async () => ({ wouldBeRefused: false, changes: [], complaints: [] }),
  explain: async () => ["[]"],
};

async function eventually(what: string, look: () => Promise<boolean | null>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if ((await look()) === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`waited in vain for ${what}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

interface Answer {
  readonly status: string;
  readonly data: {
    readonly result?: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: [number, string];
    }[];
    readonly groups?: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    readonly activeTargets?: readonly { readonly health: string; readonly lastError: string }[];
  };
}

/** A real Prometheus that scrapes the socket's handler over TCP and evaluates the alert rules. */
async function withPrometheus(body: (ask: (path: string) => Promise<Answer>) => Promise<void>): Promise<void> {
  const control = createControlServer({
    handle: (request) => answer(request, sources),
    events: new EventLog(10),
    streamPath: "/v1/events",
  });
  control.server.listen(0, "127.0.0.1");
  await once(control.server, "listening");
  const address = control.server.address();
  assert.ok(address !== null && typeof address === "object");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-prometheus-"));
  const port = await freePort();
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [RULES],
    scrape_configs: [{ job_name: "holdfast", static_configs: [{ targets: [`127.0.0.1:${address.port}`] }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  try {
    await body(async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
      return (await response.json()) as Answer;
    });
  } finally {
    prometheus.kill("SIGKILL");
    await once(prometheus, "exit");
    await control.close();
    rmSync(folder, { recursive: true });
  }
}

/** Every query of the dashboard. */
function dashboardQueries(): readonly string[] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

describe("Prometheus itself", { skip: hasPrometheus ? false : "Prometheus is not installed" }, () => {
  test("promtool takes the alert rules", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  });

  test("it scrapes all series, evaluates every alert and every query of the dashboard", () =>
    withPrometheus(async (ask) => {
      const tryAsk = (path: string): Promise<Answer | null> => ask(path).catch(() => null);
      await eventually("a scrape", async () => {
        const target = (await tryAsk("targets"))?.data.activeTargets?.[0];
        assert.ok(target === undefined || target.lastError === "", target?.lastError);
        return target?.health === "up" ? true : null;
      });
      const query = async (text: string): Promise<NonNullable<Answer["data"]["result"]>> => {
        const { status, data } = await ask(`query?query=${encodeURIComponent(text)}`);
        assert.equal(status, "success", text);
        return data.result ?? [];
      };
      const [late] = await query("histogram_quantile(0.5, holdfast_vrrp_advert_lateness_seconds_bucket)");
      assert.ok(Number(late?.value[1]) > 0 && Number(late?.value[1]) <= 0.00005, late?.value[1]);
      const [bytes] = await query('holdfast_real_server_bytes_total{direction="in"}');
      assert.equal(bytes?.value[1], "6000");
      for (const text of dashboardQueries()) await query(text);
      await eventually("evaluated rules", async () => {
        const rules = (await ask("rules")).data.groups?.flatMap((group) => group.rules) ?? [];
        return rules.length > 10 && rules.every(({ health }) => health === "ok") ? true : null;
      });
    }));
});
