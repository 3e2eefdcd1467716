import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfiguration } from "../../../src/config/load.ts";
import { createMemoryHost } from "../../../src/config/memory-host.ts";
import type { CompleteConfiguration } from "../../../src/model/complete.ts";

interface Loaded {
  readonly configuration: CompleteConfiguration;
  readonly told: readonly string[];
}

function load(text: string): Loaded {
  const source = { path: "/a.conf", workingDirectory: "/", configId: null, enforcesIncludes: false };
  const { configuration, diagnostics } = loadConfiguration(source, createMemoryHost({ files: { "/a.conf": text } }));
  return { configuration, told: diagnostics.map(({ message, place }) => `${place?.line}: ${message}`) };
}

function instance(name: string, vrid: number, more: string): string {
  return `vrrp_instance ${name} {
interface eth0
virtual_router_id ${vrid}
${more}
virtual_ipaddress {
10.0.0.${vrid}
}
}
`;
}

const WEIGHTED = "track_interface {\neth1 weight -60\n}";

function trackedBy({ configuration }: Loaded): readonly (readonly [string, number])[] {
  return (configuration.vrrpInstances[0]?.trackedInterfaces ?? []).map(({ name, weight }) => [name, weight]);
}

// What 2.2.7 does: see test/lab/vrrp-tracked-weights.test.ts.
describe("weights of tracked objects", () => {
  it("keeps that of an interface in a member of a sync group, and tells of it", () => {
    const group = "vrrp_sync_group G {\ngroup {\nA\nB\n}\n}\n";
    const loaded = load(`${instance("A", 1, `priority 150\n${WEIGHTED}`)}${instance("B", 2, "")}${group}`);
    assert.deepEqual(trackedBy(loaded), [["eth1", -60]]);
    const said = loaded.told.filter((text) => text.includes("interface eth1 has a weight"));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^6: vrrp_instance A: /);
  });

  it("leaves an interface out that an address owner tracks with a weight, and tells of it", () => {
    const loaded = load(instance("A", 1, `state MASTER\npriority 255\n${WEIGHTED}`));
    assert.deepEqual(trackedBy(loaded), []);
    assert.ok(loaded.told.some((text) => text.includes("interface eth1 has a weight")));
  });

  it("keeps the interfaces whose loss is a fault of an address owner", () => {
    const loaded = load(instance("A", 1, "state MASTER\npriority 255\ntrack_interface {\neth1\n}"));
    assert.deepEqual(trackedBy(loaded), [["eth1", 0]]);
  });

  it("cuts the weight of a script that is out of range", () => {
    const script = (weight: number): string => `vrrp_script S {\nscript /bin/true\nweight ${weight}\n}\n`;
    const weightOf = (weight: number): number | undefined =>
      load(`${script(weight)}${instance("A", 1, "priority 100\ntrack_script {\nS\n}")}`).configuration.vrrpInstances[0]
        ?.tracked.scripts[0]?.weight;
    assert.deepEqual([300, -300, 253].map(weightOf), [253, -253, 253]);
  });
});
