import type { ConfiguredRealServer, ConfiguredVirtualServer } from "../../model/checks.ts";
import type { CompleteConfiguration } from "../../model/complete.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { SourcePlace } from "../../model/units.ts";
import type { ConfiguredVrrpInstance } from "../../model/vrrp-complete.ts";
import { PROBES_OF_APPLICATION_CHECKS } from "../build-checkers.ts";
import type { Keyword, KeywordTable } from "../keywords/table.ts";
import { ROOT_TABLE, TABLES } from "../keywords/tables.ts";
import type { LoadedConfiguration } from "../load.ts";
import { type Entry, placeOf } from "../tree.ts";
import { type AnyChecker, BFD_CHECK_ROWS, CHECKER_ROWS, describeChecker, URL_ROWS } from "./checker-rows.ts";
import { GLOBAL_ROWS, ROOT_ROWS } from "./global-rows.ts";
import { groupLines, REAL_SERVER_ROWS, TLS_ROWS, VIRTUAL_SERVER_ROWS } from "./lvs-rows.ts";
import { type Origin, Origins } from "./origins.ts";
import type { EffectiveValue, Row, Scope } from "./rows.ts";
import { BFD_ROWS, SCRIPT_ROWS, TRACK_FILE_ROWS, TRACK_PROCESS_ROWS } from "./tracker-rows.ts";
import {
  AUTHENTICATION_ROWS,
  GARP_GROUP_ROWS,
  HMAC_ROWS,
  SYNC_GROUP_ROWS,
  TRACK_GROUP_ROWS,
  VRRP_INSTANCE_ROWS,
} from "./vrrp-rows.ts";

export interface ExplainedKeyword {
  readonly keyword: Keyword;
  readonly value: EffectiveValue;
  readonly origin: Origin;
  readonly isSecret: boolean;
  /** Says "no" where the keyword itself cannot; null if there is none. */
  readonly opposite: string | null;
}

/** An object of the configuration with the effective value of each of its keywords. */
export interface ExplainedObject {
  /** Its block's keyword; empty for the root. */
  readonly kind: string;
  /** Words after the keyword. */
  readonly name: string;
  readonly place: SourcePlace | null;
  readonly keywords: readonly ExplainedKeyword[];
  /** Lines without keywords. */
  readonly lines: readonly string[];
  readonly objects: readonly ExplainedObject[];
}

/** What a text says, beside what it came to mean. */
export interface LoadedText {
  readonly loaded: LoadedConfiguration;
  /** Root entries in order; without them all places of values are unknown. */
  readonly entries: readonly Entry[];
}

interface Placed {
  readonly place: SourcePlace;
}

/** Objects one by one, so that a large configuration need not be held as a whole. */
export function* explain({ loaded, entries }: LoadedText): Generator<ExplainedObject> {
  yield* new Explainer(loaded.configuration, loaded.diagnostics, entries).objects();
}

/** Values only, where the text is not at hand. */
export function describeConfiguration(configuration: CompleteConfiguration): Generator<ExplainedObject> {
  return new Explainer(configuration, [], []).objects();
}

/** `global_defs` alone, values only. */
export function describeGlobals(configuration: CompleteConfiguration): ExplainedObject {
  return new Explainer(configuration, [], []).globalDefinitions();
}

/** One instance with its blocks, values only. */
export function describeInstance(configuration: CompleteConfiguration, one: ConfiguredVrrpInstance): ExplainedObject {
  return new Explainer(configuration, [], []).instance(one);
}

/** One virtual server with its real servers, values only. */
export function describeVirtualServer(
  configuration: CompleteConfiguration,
  one: ConfiguredVirtualServer,
): ExplainedObject {
  return new Explainer(configuration, [], []).virtualServer(one);
}

const NO_TABLE: KeywordTable = { path: "", rows: [], byName: new Map() };

class Explainer {
  private readonly configuration: CompleteConfiguration;
  private readonly root: Scope;
  private readonly origins: Origins;
  private readonly globals: readonly Entry[];
  private readonly blocks: BlockIndex;

  constructor(configuration: CompleteConfiguration, diagnostics: readonly Diagnostic[], entries: readonly Entry[]) {
    this.configuration = configuration;
    this.root = { label: "", entries: entries.filter((entry) => entry.keyword.body !== "keywords") };
    this.globals = entries.filter((entry) => entry.keyword.name === "global_defs");
    const settings = this.globals.flatMap((entry) => entry.entries);
    this.origins = new Origins(diagnostics, settings);
    this.blocks = new BlockIndex(entries);
  }

  *objects(): Generator<ExplainedObject> {
    const { configuration: it } = this;
    // What static objects of the root follow has to stand before them
    for (const group of it.staticTrackGroups) yield this.block("track_group", group.name, group, TRACK_GROUP_ROWS);
    yield this.object("", "", it, { rows: ROOT_ROWS, table: ROOT_TABLE, scopes: [this.root], place: null });
    yield this.globalDefinitions();
    for (const script of it.scripts) yield this.block("vrrp_script", script.name, script, SCRIPT_ROWS);
    for (const file of it.trackFiles) yield this.block("track_file", file.name, file, TRACK_FILE_ROWS);
    for (const item of it.trackProcesses) {
      yield this.block("vrrp_track_process", item.name, item, TRACK_PROCESS_ROWS);
    }
    for (const bfd of it.bfdInstances) yield this.block("bfd_instance", bfd.name, bfd, BFD_ROWS);
    for (const group of it.garpGroups) yield this.block("garp_group", "", group, GARP_GROUP_ROWS);
    for (const instance of it.vrrpInstances) yield this.instance(instance);
    for (const group of it.syncGroups) yield this.block("vrrp_sync_group", group.name, group, SYNC_GROUP_ROWS);
    if (it.tls !== null) {
      const scopes = this.blocks.named("SSL");
      yield this.object("SSL", "", it.tls, { rows: TLS_ROWS, table: tableOf("SSL"), scopes, place: null });
    }
    for (const group of it.virtualServerGroups) {
      const { name, place } = group;
      const lines = groupLines(group);
      yield { kind: "virtual_server_group", name, place, keywords: [], lines, objects: [] };
    }
    for (const server of it.virtualServers) yield this.virtualServer(server);
  }

  globalDefinitions(): ExplainedObject {
    const first = this.globals[0];
    const scope: Scope = { label: "global_defs", entries: this.globals.flatMap((entry) => entry.entries) };
    const place = first === undefined ? null : placeOf(first.statement);
    const surroundings = { rows: GLOBAL_ROWS, table: tableOf("global_defs"), scopes: [scope], place };
    return this.object("global_defs", "", this.configuration.global, surroundings);
  }

  private block<T extends Placed>(kind: string, name: string, object: T, rows: readonly Row<T>[]): ExplainedObject {
    const entry = this.blocks.take(object.place, name);
    const scopes = [scopeOf(kind, entry)];
    return this.object(kind, name, object, { rows, table: tableOf(kind), scopes, place: object.place });
  }

  instance(instance: ConfiguredVrrpInstance): ExplainedObject {
    const entry = this.blocks.take(instance.place, instance.name);
    const own = scopeOf("vrrp_instance", entry);
    const inner = (kind: string): readonly Scope[] => [scopeOf(kind, lastOf(entry, kind)), own];
    const objects: ExplainedObject[] = [];
    const { kind } = instance.authentication;
    if (kind !== "none" && kind !== "hmac") {
      const table = tableOf("vrrp_instance/authentication");
      const scopes = inner("authentication");
      const facts = { rows: AUTHENTICATION_ROWS, table, scopes, place: instance.place };
      objects.push(this.object("authentication", "", instance.authentication, facts));
    }
    if (instance.hmac !== null) {
      const facts = { rows: HMAC_ROWS, table: tableOf("vrrp_instance/auth_hmac"), scopes: inner("auth_hmac") };
      objects.push(this.object("auth_hmac", "", instance.hmac, { ...facts, place: instance.place }));
    }
    const facts = { rows: VRRP_INSTANCE_ROWS, table: tableOf("vrrp_instance"), scopes: [own], place: instance.place };
    return { ...this.object("vrrp_instance", instance.name, instance, facts), objects };
  }

  virtualServer(server: ConfiguredVirtualServer): ExplainedObject {
    const entry = this.blocks.take(server.place, serverWords(server));
    const scope = scopeOf("virtual_server", entry);
    const inner = new BlockIndex(entry?.entries ?? []);
    const { place } = server;
    const facts = { rows: VIRTUAL_SERVER_ROWS, table: tableOf("virtual_server"), scopes: [scope], place };
    return {
      ...this.object("virtual_server", serverWords(server), server, facts),
      objects: server.realServers.map((real) => this.realServer(real, inner, scope)),
    };
  }

  private realServer(server: ConfiguredRealServer, blocks: BlockIndex, outer: Scope): ExplainedObject {
    const name = `${server.address} ${server.port}`;
    const entry = blocks.take(server.place, name);
    const scopes = [scopeOf("real_server", entry), outer];
    const inner = new BlockIndex(entry?.entries ?? []);
    // An HTTP_GET is shown as written, not as the probes that it becomes.
    const probes = server.checkers.filter(({ kind }) => !PROBES_OF_APPLICATION_CHECKS.has(kind));
    const checkers = [...probes, ...server.applicationCheckers].map(describeChecker);
    const { place } = server;
    const facts = { rows: REAL_SERVER_ROWS, table: tableOf("virtual_server/real_server"), scopes, place };
    return {
      ...this.object("real_server", name, server, facts),
      objects: checkers.map((checker) => this.checker(checker, inner, scopes)),
    };
  }

  private checker(checker: AnyChecker, blocks: BlockIndex, outer: readonly Scope[]): ExplainedObject {
    const { keyword: kind, place, application } = checker;
    const entry = blocks.take(place, "");
    const own = scopeOf(kind, entry);
    // Each host block of an SMTP_CHECK is a checker
    const hosts = own.entries.flatMap((inner) => (inner.keyword.name === "host" ? inner.entries : []));
    const scopes = [{ label: kind, entries: [...own.entries, ...hosts] }, ...outer];
    const table = tableOf(`virtual_server/real_server/${kind}`);
    const rows = kind === "BFD_CHECK" ? BFD_CHECK_ROWS : CHECKER_ROWS;
    const object = this.object(kind, "", checker, { rows, table, scopes, place });
    if (application?.kind !== "http" && application?.kind !== "ssl") return object;
    const urls = own.entries.filter(({ keyword }) => keyword.name === "url");
    const urlTable = tableOf(`virtual_server/real_server/${kind}/url`);
    const objects = application.requests.map((request, index) => {
      const url = urls[index] ?? null;
      const facts = { rows: URL_ROWS, table: urlTable, scopes: [scopeOf("url", url)] };
      return this.object("url", "", request, { ...facts, place: url === null ? null : placeOf(url.statement) });
    });
    return { ...object, objects };
  }

  private object<T>(kind: string, name: string, object: T, facts: ObjectFacts<T>): ExplainedObject {
    const keywords: ExplainedKeyword[] = [];
    for (const row of facts.rows) {
      const keyword = facts.table.byName.get(row.keyword);
      if (keyword === undefined) continue;
      const value = row.value === null ? writtenValue(facts.scopes[0], row.keyword) : row.value(object);
      const origin = this.origins.find(row, value, object, facts.scopes);
      const { isSecret, opposite } = row.options;
      keywords.push({ keyword, value, origin, isSecret: isSecret ?? false, opposite: opposite ?? null });
    }
    return { kind, name, place: facts.place, keywords, lines: [], objects: [] };
  }
}

interface ObjectFacts<T> {
  readonly rows: readonly Row<T>[];
  readonly table: KeywordTable;
  readonly scopes: readonly Scope[];
  readonly place: SourcePlace | null;
}

function tableOf(path: string): KeywordTable {
  return TABLES.get(path) ?? NO_TABLE;
}

function scopeOf(label: string, entry: Entry | null): Scope {
  return { label, entries: entry?.entries ?? [] };
}

function lastOf(entry: Entry | null, keyword: string): Entry | null {
  return entry?.entries.findLast((inner) => inner.keyword.name === keyword) ?? null;
}

function serverWords({ key }: ConfiguredVirtualServer): string {
  switch (key.kind) {
    case "address":
      return `${key.address} ${key.port}`;
    case "fwmark":
      return `fwmark ${key.fwmark}`;
    case "group":
      return `group ${key.group}`;
  }
}

/** The words of a keyword that the model does not hold. */
function writtenValue(scope: Scope | undefined, name: string): EffectiveValue {
  const entry = scope?.entries.findLast(({ keyword }) => keyword.name === name);
  if (entry === undefined) return null;
  return entry.statement.words.slice(1).join(" ") || true;
}

/** Blocks by where they begin. Repeated lines (`~SEQ`) begin several at one place: those are told apart by their words. */
class BlockIndex {
  private readonly byPlace = new Map<string, Entry[]>();
  private readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.entries = entries;
    for (const entry of entries) {
      if (entry.keyword.body !== "keywords") continue;
      const key = placeKey(placeOf(entry.statement));
      const list = this.byPlace.get(key);
      if (list === undefined) this.byPlace.set(key, [entry]);
      else list.push(entry);
    }
  }

  /** @param name words after the keyword */
  take(place: SourcePlace, name: string): Entry | null {
    const found = this.byPlace.get(placeKey(place));
    const exact = found?.find(({ statement }) => statement.words.slice(1).join(" ") === name);
    return exact ?? found?.[0] ?? null;
  }

  named(keyword: string): readonly Scope[] {
    const entry = this.entries.findLast((inner) => inner.keyword.name === keyword) ?? null;
    return [scopeOf(keyword, entry)];
  }
}

function placeKey({ file, line, column }: SourcePlace): string {
  return `${line}:${column} ${file}`;
}
