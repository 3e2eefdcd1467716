import type { VrrpInstance } from "../model/vrrp.ts";
import type { BusCall, BusReply } from "../runtime/dbus-wire.ts";
import type { VrrpStateChange, VrrpStateName } from "../runtime/vrrp-types.ts";

/** One instance, as it is shown. */
export interface BusInstance {
  readonly path: string;
  readonly name: string;
  readonly state: VrrpStateName;
}

export interface BusFacts {
  /** The object with the methods of the whole daemon. */
  readonly daemonPath: string;
  readonly instances: readonly BusInstance[];
  /** 32 hexadecimal digits. */
  readonly machineId: string;
}

/** What a method asks for, besides its answer. */
export type BusAction =
  | { readonly kind: "dump"; readonly what: "DATA" | "STATS" | "STATS_CLEAR" }
  | { readonly kind: "reload" }
  | { readonly kind: "announce"; readonly instance: string };

export interface BusAnswer {
  readonly reply: BusReply;
  readonly action: BusAction | null;
}

export const DAEMON_INTERFACE = "org.keepalived.Vrrp1.Vrrp";
export const INSTANCE_INTERFACE = "org.keepalived.Vrrp1.Instance";
const ROOT = "/org/keepalived/Vrrp1";
const ERROR = "org.freedesktop.DBus.Error";

const STATES: Readonly<Record<VrrpStateName, readonly [number: number, name: string]>> = {
  initialize: [0, "Init"],
  backup: [1, "Backup"],
  active: [2, "Master"],
  fault: [3, "Fault"],
};
const STOPPED = 98;
const DELETED = 97;

/** Whatever an object path can't hold becomes `_`; keepalived does so with `.` and `-` of interfaces only. */
function element(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_");
}

/** @param names of the network namespace and of this daemon among several; null for none */
export function basePath(names: readonly (string | null)[]): string {
  return [ROOT, ...names.flatMap((name) => (name === null || name === "" ? [] : [element(name)]))].join("/");
}

/** @param noInterface in place of the interface of an instance that has none */
export function instancePath(
  base: string,
  { interfaceName, vrid, family }: Pick<VrrpInstance, "interfaceName" | "vrid" | "family">,
  noInterface: string,
): string {
  return `${base}/Instance/${element(interfaceName || noInterface)}/${vrid}/${family === "inet" ? "IPv4" : "IPv6"}`;
}

/** @param reportsDeletion `notify_deleted`; keepalived: without it a deleted instance is one at fault */
export function statusNumber(to: VrrpStateChange["to"], reportsDeletion: boolean): number {
  if (to === "stop") return STOPPED;
  if (to === "deleted") return reportsDeletion ? DELETED : STATES.fault[0];
  return STATES[to][0];
}

function done(action: BusAction | null = null): BusAnswer {
  return { reply: { kind: "return", signature: "", body: [] }, action };
}

function value(signature: string, body: unknown): BusAnswer {
  return { reply: { kind: "return", signature, body: [body] }, action: null };
}

function failure(name: "InvalidArgs" | "UnknownMethod", text: string): BusAnswer {
  return { reply: { kind: "error", name: `${ERROR}.${name}`, text }, action: null };
}

/** One of ours at a path. */
interface BusObject {
  readonly interface: string;
  readonly methods: Readonly<Record<string, BusAction>>;
  /** As variants. */
  readonly properties: Readonly<Record<string, readonly [signature: string, value: unknown]>>;
}

const DAEMON: BusObject = {
  interface: DAEMON_INTERFACE,
  methods: {
    PrintData: { kind: "dump", what: "DATA" },
    PrintStats: { kind: "dump", what: "STATS" },
    PrintStatsClear: { kind: "dump", what: "STATS_CLEAR" },
    ReloadConfig: { kind: "reload" },
  },
  properties: {},
};

function instanceObject({ name, state }: BusInstance): BusObject {
  return {
    interface: INSTANCE_INTERFACE,
    methods: { SendGarp: { kind: "announce", instance: name } },
    // keepalived: the name is declared as s and sent as a struct.
    properties: { Name: ["(s)", [name]], State: ["(us)", STATES[state]] },
  };
}

function objectAt(path: string, { daemonPath, instances }: BusFacts): BusObject | null {
  if (path === daemonPath) return DAEMON;
  const instance = instances.find((one) => one.path === path);
  return instance === undefined ? null : instanceObject(instance);
}

const DOCTYPE = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
                      "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

const STANDARD_INTERFACES = `  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get">
      <arg type="s" name="interface_name" direction="in"/>
      <arg type="s" name="property_name" direction="in"/>
      <arg type="v" name="value" direction="out"/>
    </method>
    <method name="GetAll">
      <arg type="s" name="interface_name" direction="in"/>
      <arg type="a{sv}" name="properties" direction="out"/>
    </method>
    <method name="Set">
      <arg type="s" name="interface_name" direction="in"/>
      <arg type="s" name="property_name" direction="in"/>
      <arg type="v" name="value" direction="in"/>
    </method>
    <signal name="PropertiesChanged">
      <arg type="s" name="interface_name"/>
      <arg type="a{sv}" name="changed_properties"/>
      <arg type="as" name="invalidated_properties"/>
    </signal>
  </interface>
  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect">
      <arg type="s" name="xml_data" direction="out"/>
    </method>
  </interface>
  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId">
      <arg type="s" name="machine_uuid" direction="out"/>
    </method>
  </interface>
`;

const SIGNALS: Readonly<Record<string, string>> = {
  [DAEMON_INTERFACE]: ["VrrpStarted", "VrrpReloaded", "VrrpStopped"]
    .map((name) => `    <signal name="${name}"/>\n`)
    .join(""),
  [INSTANCE_INTERFACE]: `    <signal name="VrrpStatusChange">
      <arg type="u" name="status"/>
    </signal>
    <property type="s" name="Name" access="read"/>
    <property type="(us)" name="State" access="read"/>
`,
};

function describe({ interface: name, methods }: BusObject): string {
  const lines = Object.keys(methods).map((method) => `    <method name="${method}"/>\n`);
  return `${STANDARD_INTERFACES}  <interface name="${name}">\n${lines.join("")}${SIGNALS[name] ?? ""}  </interface>\n`;
}

/** What is below a path, and what is at it. */
function introspect(path: string, facts: BusFacts): string {
  const object = objectAt(path, facts);
  const prefix = path === "/" ? "/" : `${path}/`;
  const below = [facts.daemonPath, ...facts.instances.map((one) => one.path)].filter((one) => one.startsWith(prefix));
  const names = new Set(below.map((one) => one.slice(prefix.length).split("/")[0] ?? ""));
  const nodes = [...names].map((name) => `  <node name="${name}"/>\n`);
  return `${DOCTYPE}<node>\n${object === null ? "" : describe(object)}${nodes.join("")}</node>\n`;
}

/** Null: no such method of this interface. */
function answerProperties({ member, signature, body }: BusCall, object: BusObject): BusAnswer | null {
  const wanted = { Get: "ss", GetAll: "s", Set: "ssv" }[member];
  if (wanted === undefined || wanted !== signature) return null;
  const [name, property] = [String(body[0]), String(body[1])];
  if (name !== object.interface) return failure("InvalidArgs", `No such interface “${name}”`);
  if (member === "GetAll") return value("a{sv}", Object.entries(object.properties));
  const found = Object.hasOwn(object.properties, property) ? object.properties[property] : undefined;
  if (found === undefined) return failure("InvalidArgs", `No such property “${property}”`);
  return member === "Get" ? value("v", found) : failure("InvalidArgs", `Property “${property}” is not writable`);
}

function answerOwn({ member, signature }: BusCall, { methods }: BusObject): BusAnswer {
  const action = Object.hasOwn(methods, member) ? methods[member] : undefined;
  if (action === undefined) return failure("UnknownMethod", `No such method “${member}”`);
  if (signature === "") return done(action);
  return failure("InvalidArgs", `Type of message, “(${signature})”, does not match expected type “()”`);
}

/** What every path answers, ours or not. */
function answerAnywhere({ interface: name, member, path, signature }: BusCall, facts: BusFacts): BusAnswer | null {
  if (signature !== "") return null;
  switch (`${name}.${member}`) {
    case "org.freedesktop.DBus.Peer.Ping":
      return done();
    case "org.freedesktop.DBus.Peer.GetMachineId":
      return value("s", facts.machineId);
    case "org.freedesktop.DBus.Introspectable.Introspect":
      return value("s", introspect(path, facts));
    default:
      return null;
  }
}

/** Answers and errors are keepalived's, which are those of GLib. */
export function answerCall(call: BusCall, facts: BusFacts): BusAnswer {
  const anywhere = answerAnywhere(call, facts);
  if (anywhere !== null) return anywhere;
  const { path, interface: name } = call;
  const object = objectAt(path, facts);
  if (object === null) return failure("UnknownMethod", `Object does not exist at path “${path}”`);
  if (name === null || name === object.interface) return answerOwn(call, object);
  const answer = name === "org.freedesktop.DBus.Properties" ? answerProperties(call, object) : null;
  return answer ?? failure("UnknownMethod", `No such interface “${name}” on object at path ${path}`);
}
