import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerCall, type BusFacts, basePath, instancePath, statusNumber } from "../../../src/api/dbus-objects.ts";

const ONE = "/org/keepalived/Vrrp1/Instance/eth0_5/51/IPv4";
const FACTS: BusFacts = {
  daemonPath: "/org/keepalived/Vrrp1/Vrrp",
  machineId: "0123",
  instances: [
    { path: ONE, name: "V4", state: "active" },
    { path: "/org/keepalived/Vrrp1/Instance/eth0_5/52/IPv6", name: "V6", state: "backup" },
  ],
};
const INSTANCE = "org.keepalived.Vrrp1.Instance";
const DAEMON = "org.keepalived.Vrrp1.Vrrp";
const PROPERTIES = "org.freedesktop.DBus.Properties";

function call(path: string, name: string | null, member: string, signature = "", body: readonly unknown[] = []) {
  return answerCall({ path, interface: name, member, signature, body }, FACTS);
}

function textOf(answer: ReturnType<typeof call>): string {
  return answer.reply.kind === "error" ? `${answer.reply.name}: ${answer.reply.text}` : String(answer.reply.body[0]);
}

describe("objects on the bus", () => {
  test("paths hold only what paths can hold", () => {
    const instance = { interfaceName: "eth-0.5@x", vrid: 51, family: "inet6" } as const;
    assert.equal(
      instancePath(basePath(["ns-1", null]), instance, "none"),
      "/org/keepalived/Vrrp1/ns_1/Instance/eth_0_5_x/51/IPv6",
    );
    assert.equal(
      instancePath(basePath([]), { ...instance, interfaceName: "" }, "any-one"),
      "/org/keepalived/Vrrp1/Instance/any_one/51/IPv6",
    );
  });

  test("what keepalived says of a state", () => {
    assert.deepEqual(
      (["initialize", "backup", "active", "fault", "stop", "deleted"] as const).map((to) => statusNumber(to, false)),
      [0, 1, 2, 3, 98, 3],
    );
    assert.equal(statusNumber("deleted", true), 97);
  });

  test("properties", () => {
    const get = call(ONE, PROPERTIES, "Get", "ss", [INSTANCE, "State"]);
    assert.deepEqual(get.reply, { kind: "return", signature: "v", body: [["(us)", [2, "Master"]]] });
    const all = call(ONE, PROPERTIES, "GetAll", "s", [INSTANCE]);
    const both = [
      ["Name", ["(s)", ["V4"]]],
      ["State", ["(us)", [2, "Master"]]],
    ];
    assert.deepEqual(all.reply, { kind: "return", signature: "a{sv}", body: [both] });
    assert.match(textOf(call(ONE, PROPERTIES, "Get", "ss", [INSTANCE, "toString"])), /InvalidArgs: No such property/);
    assert.match(
      textOf(call(ONE, PROPERTIES, "Set", "ssv", [INSTANCE, "Name", []])),
      /InvalidArgs: .* is not writable/,
    );
    assert.match(textOf(call(ONE, PROPERTIES, "Get", "s", [INSTANCE])), /UnknownMethod: No such interface/);
  });

  test("methods say what is to be done", () => {
    assert.deepEqual(call(ONE, INSTANCE, "SendGarp").action, { kind: "announce", instance: "V4" });
    assert.deepEqual(call(FACTS.daemonPath, DAEMON, "ReloadConfig").action, { kind: "reload" });
    assert.deepEqual(call(FACTS.daemonPath, null, "PrintStatsClear").action, { kind: "dump", what: "STATS_CLEAR" });
    for (const [answer, text] of [
      [call(ONE, INSTANCE, "SendGarp", "s", ["x"]), /InvalidArgs: Type of message, “\(s\)”/],
      [call(ONE, INSTANCE, "constructor"), /UnknownMethod: No such method/],
      [call(ONE, DAEMON, "ReloadConfig"), /UnknownMethod: No such interface/],
      [call("/org/keepalived/Vrrp1/Instance", INSTANCE, "SendGarp"), /UnknownMethod: Object does not exist/],
    ] as const) {
      assert.match(textOf(answer), text);
      assert.equal(answer.action, null);
    }
  });

  test("a walk by introspection finds every object", () => {
    const found: string[] = [];
    const visit = (path: string): void => {
      const xml = textOf(call(path, "org.freedesktop.DBus.Introspectable", "Introspect"));
      if (xml.includes('<interface name="org.keepalived')) found.push(path);
      for (const [, name] of xml.matchAll(/<node name="([^"]+)"/g)) visit(`${path === "/" ? "" : path}/${name}`);
    };
    visit("/");
    assert.deepEqual(found, [FACTS.daemonPath, ...FACTS.instances.map(({ path }) => path)]);
  });
});
