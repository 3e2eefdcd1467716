import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describeFamilies, FAMILIES } from "../../../src/api/metric-families.ts";
import { renderMetrics } from "../../../src/api/metrics.ts";
import type { Snapshot } from "../../../src/api/views.ts";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import { ROOT } from "../../helpers/repository.ts";
import { FACTS, snapshot, USAGE } from "./samples.ts";

const SOURCE = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };

interface Family {
  readonly type: string;
  readonly samples: Map<string, number>;
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  summary: ["", "_count"],
  histogram: ["_bucket", "_count", "_sum"],
};

/** The rules of OpenMetrics 1.0.0 that a scraper relies on, read strictly. */
function parse(text: string): ReadonlyMap<string, Family> {
  assert.match(text, /\n# EOF\n$/);
  const families = new Map<string, Family>();
  let current = "";
  for (const line of text
    .replace(/# EOF\n$/, "")
    .trimEnd()
    .split("\n")) {
    const [, type, of] = /^# TYPE (\w+) (counter|gauge|summary|histogram)$/.exec(line)?.slice(0, 3) ?? [];
    if (type !== undefined && of !== undefined) {
      assert.equal(families.has(type), false, `${type} comes twice`);
      families.set(type, { type: of, samples: new Map() });
      current = type;
      continue;
    }
    if (line.startsWith("# HELP ")) {
      assert.ok(line.startsWith(`# HELP ${current} `), line);
      continue;
    }
    const sample = /^(\w+)(\{(?:\w+="(?:[^"\\\n]|\\[\\n"])*"(?:,|(?=\})))*\})? (-?[\d.]+(?:e[-+]?\d+)?)$/.exec(line);
    assert.ok(sample, `not OpenMetrics: ${line}`);
    const [, name = "", labels = "", value = ""] = sample;
    const family = families.get(current);
    assert.ok(
      SUFFIXES[family?.type ?? ""]?.some((suffix) => name === `${current}${suffix}`),
      `${name} in ${current}`,
    );
    assert.equal(family?.samples.has(name + labels), false, `${line} comes twice`);
    family?.samples.set(name + labels, Number(value));
  }
  return families;
}

function render(of: Snapshot): string {
  return [...renderMetrics({ snapshot: of, facts: FACTS, overrides: [], usage: USAGE, nowUs: 100_000_000 })].join("");
}

test("instances, loops, servers and checks are exposed as OpenMetrics", () => {
  const families = parse(render(snapshot()));
  const value = (family: string, series: string): number | undefined =>
    families.get(`holdfast_${family}`)?.samples.get(`holdfast_${series}`);
  const instance = 'vrrp_instance="VI_1",interface="eth0",vrid="51",family="inet"';
  assert.equal(value("vrrp_state", `vrrp_state{${instance},state="backup"}`), 1);
  assert.equal(value("vrrp_state", `vrrp_state{${instance},state="active"}`), 0);
  assert.equal(value("vrrp_became_active", `vrrp_became_active_total{${instance}}`), 2);
  assert.equal(value("vrrp_loop_lateness_seconds", 'vrrp_loop_lateness_seconds{quantile="0.99"}'), 0.00009);
  const server = 'virtual_server="[10.0.0.100]:tcp:80",real_server="[10.0.0.2]:tcp:81"';
  assert.equal(value("real_server_up", `real_server_up{${server}}`), 0);
  assert.equal(value("check_latency_seconds", `check_latency_seconds{${server},kind="tcp"}`), 0.00008);
  const session = 'bfd_instance="uplink",neighbor="10.0.0.254"';
  assert.equal(value("bfd_session_up", `bfd_session_up{${session}}`), 1);
  assert.equal(value("bfd_detection_time_seconds", `bfd_detection_time_seconds{${session}}`), 0.05);
  assert.equal(value("bfd_packets_dropped", `bfd_packets_dropped_total{${session},reason="ttl"}`), 2);
  assert.equal(value("probes", 'probes_total{result="success"}'), 8);
  assert.equal(value("checks", 'checks_total{kind="tcp",result="late"}'), 2);
  assert.equal(
    value("vrrp_transitions", `vrrp_transitions_total{${instance},from="backup",to="active",cause="silence"}`),
    2,
  );
  assert.equal(value("vrrp_unknown_vrid", "vrrp_unknown_vrid_total"), 4);
  assert.equal(value("vrrp_advert_lateness_seconds", 'vrrp_advert_lateness_seconds_bucket{le="0.0001"}'), 8);
  assert.equal(value("vrrp_advert_lateness_seconds", 'vrrp_advert_lateness_seconds_bucket{le="+Inf"}'), 9);
  assert.equal(value("vrrp_advert_lateness_seconds", "vrrp_advert_lateness_seconds_sum"), 0.00026);
  assert.equal(value("probe_latency_seconds", 'probe_latency_seconds_count{kind="tcp"}'), 9);
  assert.equal(value("control_loop_lag_seconds", 'control_loop_lag_seconds{quantile="0.99"}'), 0.0004);
  const first = 'virtual_server="[10.0.0.100]:tcp:80",real_server="[10.0.0.2]:tcp:80"';
  assert.equal(value("real_server_bytes", `real_server_bytes_total{${first},direction="in"}`), 6000);
  assert.equal(value("real_server_open_connections", `real_server_open_connections{${first},state="inactive"}`), 4);
  assert.equal(
    value("virtual_server_connections", 'virtual_server_connections_total{virtual_server="[10.0.0.100]:tcp:80"}'),
    12,
  );
  assert.deepEqual(
    [...families.keys()].toSorted(),
    Object.values(FAMILIES)
      .map(({ name }) => name)
      .toSorted(),
  );
});

test("names with quotes, backslashes and line ends stay one label", () => {
  const [first] = snapshot().instances;
  assert.ok(first !== undefined);
  const odd = { ...snapshot(), instances: [{ ...first, name: 'a"b\\c\nd' }] };
  assert.match(render(odd), /vrrp_instance="a\\"b\\\\c\\nd"/);
  parse(render(odd));
});

test("20,000 servers come in parts", () => {
  const base = snapshot();
  const [virtual] = base.lvs?.virtualServers ?? [];
  const [server] = virtual?.realServers ?? [];
  assert.ok(base.lvs !== null && virtual !== undefined && server !== undefined);
  const realServers = Array.from({ length: 20_000 }, (_, index) => ({ ...server, name: `s${index}` }));
  const many = { ...base, lvs: { ...base.lvs, virtualServers: [{ ...virtual, realServers }] } };
  const parts = [...renderMetrics({ snapshot: many, facts: FACTS, overrides: [], usage: USAGE, nowUs: 0 })];
  assert.ok(parts.length > 50 && parts.every((part) => part.length < 70_000));
  assert.equal(parse(parts.join("")).get("holdfast_real_server_up")?.samples.size, 20_000);
});

test("without VRRP and load balancing only the process is exposed", () => {
  const { configuration } = loadConfiguration(SOURCE, createMemoryHost({ files: { "/a.conf": "" } }));
  const families = parse(
    render({ configuration, instances: [], bfdSessions: [], lvs: null, vrrpHealth: null, diagnostics: [] }),
  );
  assert.equal(families.has("holdfast_build_info"), true);
  assert.equal(families.has("holdfast_vrrp_state"), false);
});

/** Series as they are called in queries. */
const KNOWN = new Set(
  Object.values(FAMILIES).flatMap(({ name, type }) => (SUFFIXES[type] ?? []).map((suffix) => `${name}${suffix}`)),
);

function unknownIn(text: string): readonly string[] {
  const names: readonly string[] = text.match(/\bholdfast_\w+/g) ?? [];
  assert.ok(names.length > 8);
  return names.filter((name) => !KNOWN.has(name));
}

test("alert rules and dashboard use series that exist, and the page lists them all", () => {
  const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
  assert.deepEqual(unknownIn(read("contrib/prometheus/holdfast.rules.yml")), []);
  const dashboard: { readonly panels: readonly { readonly id: number }[] } = JSON.parse(
    read("contrib/grafana/holdfast.json"),
  );
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  assert.deepEqual(unknownIn(JSON.stringify(dashboard)), []);
  const page = join(ROOT, "docs/metrics.md");
  const text = readFileSync(page, "utf8");
  const wanted = text.replace(/\| metric \|[\s\S]*$/, describeFamilies());
  if (process.env["HOLDFAST_WRITE"] === "1") writeFileSync(page, wanted);
  else assert.equal(text, wanted, "run: HOLDFAST_WRITE=1 node --test dist/test/unit/api/metrics.test.js");
});
