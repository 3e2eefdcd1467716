import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadedConfiguration } from "../../../src/config/load.ts";
import { loadWhole } from "../../helpers/load-text.ts";

function load(instance: string, globals = "", addresses = "10.0.0.1 dev eth0"): LoadedConfiguration {
  const text = `global_defs {
  ${globals}
}
vrrp_instance V {
  virtual_router_id 1
  ${instance}
  virtual_ipaddress {
    ${addresses}
  }
}
`;
  return loadWhole(text, { interfaces: ["lo", "eth0", "blue"] });
}

function complaints(...words: Parameters<typeof load>): readonly string[] {
  const { diagnostics, testExitCode } = load(...words);
  return diagnostics.map(({ code, place }) => `${code} ${place?.line} ${testExitCode}`);
}

const UNICAST = "unicast_src_ip 10.0.0.5\n  unicast_peer {\n 10.0.0.6\n }";
const LINK_LOCAL = UNICAST.replace("10.0.0.5", "fe80::5").replace("10.0.0.6", "2001:db8::6");

test("an instance names its interface, or the source and the peers of its unicast", () => {
  assert.deepEqual(complaints("interface eth0"), []);
  assert.deepEqual(complaints("priority 100"), ["no-interface 4 5"]);
  assert.deepEqual(complaints(UNICAST), []);
  assert.deepEqual(complaints("unicast_peer {\n 10.0.0.6\n }"), ["no-interface 4 5"]);
  assert.equal(load(UNICAST).configuration.vrrpInstances[0]?.interfaceName, "");
});

test("what needs an interface is refused without one", () => {
  const codesOf = (instance: string): readonly string[] => complaints(instance, "", "fe80::1 dev eth0");
  assert.deepEqual(codesOf(LINK_LOCAL), ["no-interface 4 5"]);
  assert.deepEqual(complaints(`${UNICAST}\n use_vmac`).slice(0, 1), ["no-interface 4 5"]);
  const peer = LINK_LOCAL.replace("fe80::5", "2001:db8::5").replace("2001:db8::6", "fe80::6");
  assert.deepEqual(codesOf(peer), ["vrrp-adjusted 4 5"]);
  assert.deepEqual(complaints(`${UNICAST}\n promote_secondaries`), ["advice 10 0"]);
});

test("strict mode minds the unicast of an interface only, as keepalived does", () => {
  assert.deepEqual(complaints(UNICAST, "vrrp_strict"), []);
  assert.ok(complaints(`interface eth0\n${UNICAST}`, "vrrp_strict").length > 0);
});

test("addresses without dev go to the default interface, with a complaint", () => {
  const devicesOf = ({ configuration }: LoadedConfiguration): readonly (string | null)[] =>
    configuration.vrrpInstances.flatMap(({ virtualAddresses }) => virtualAddresses.map((one) => one.interfaceName));
  assert.deepEqual(complaints(UNICAST, "", "10.0.0.1"), ["vrrp-adjusted 11 5"]);
  assert.deepEqual(devicesOf(load(UNICAST, "", "10.0.0.1")), ["eth0"]);
  assert.deepEqual(devicesOf(load(UNICAST, "default_interface blue", "10.0.0.1")), ["blue"]);
  assert.deepEqual(devicesOf(load(UNICAST, "default_interface eth7", "10.0.0.1\n 10.0.0.2 dev eth0")), ["eth0"]);
  const waiting = load(UNICAST, "dynamic_interfaces\n default_interface eth7", "10.0.0.1");
  assert.deepEqual(devicesOf(waiting), ["eth7"]);
});

test("vrf is for instances without interface, and has to be there", () => {
  const vrfOf = (instance: string): string | null | undefined => load(instance).configuration.vrrpInstances[0]?.vrf;
  assert.deepEqual(complaints(`${UNICAST}\n vrf blue`), []);
  assert.equal(vrfOf(`${UNICAST}\n vrf blue`), "blue");
  assert.deepEqual(complaints(`${UNICAST}\n vrf red`), ["missing-interface 10 5"]);
  assert.deepEqual(complaints(`${UNICAST}\n vrf red`, "dynamic_interfaces"), []);
  assert.deepEqual(complaints(`${UNICAST}\n vrf lo`), ["bad-value 10 5"]);
  assert.equal(vrfOf(`${UNICAST}\n vrf lo`), null);
  assert.deepEqual(complaints(`interface eth0\n${UNICAST}\n vrf blue`), ["bad-value 11 5"]);
  assert.equal(vrfOf(`interface eth0\n${UNICAST}\n vrf blue`), null);
});

test("one VRID and one pair of addresses may stand in several VRFs", () => {
  const instance = (name: string, vrf: string, vip: string): string =>
    `vrrp_instance ${name} {\n virtual_router_id 1\n ${UNICAST}\n ${vrf}\n virtual_ipaddress {\n ${vip} dev eth0\n }\n}\n`;
  const codes = (first: string, second: string): readonly string[] =>
    loadWhole(instance("A", first, "10.0.0.1") + instance("B", second, "10.0.0.2")).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes("vrf blue", "vrf red"), []);
  assert.deepEqual(codes("vrf blue", "vrf blue"), ["duplicate-vrid"]);
});
