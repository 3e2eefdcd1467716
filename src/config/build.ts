import type { ConfiguredAddress, ConfiguredRoute, ConfiguredRule } from "../model/addressing.ts";
import type { ConfiguredVirtualServer, VirtualServerGroup } from "../model/checks.ts";
import type { CompleteConfiguration } from "../model/complete.ts";
import type { BfdInstance, TrackFile, TrackProcess, VrrpScript } from "../model/tracking.ts";
import type { GarpGroup, StaticTrackGroup } from "../model/vrrp-complete.ts";
import { buildAddresses } from "./build-addresses.ts";
import { type BuiltGlobals, buildGlobals } from "./build-global.ts";
import {
  buildGarpGroup,
  buildInterfaceDelays,
  buildStaticTrackGroup,
  buildSyncGroup,
  type UnresolvedSyncGroup,
} from "./build-groups.ts";
import { withCredentials } from "./build-http-probes.ts";
import { buildVirtualServer, type ServerSurroundings } from "./build-lvs.ts";
import { buildRoutes, type RoutingRules } from "./build-routes.ts";
import { RuleBuilder } from "./build-rules.ts";
import { buildServerGroup, buildTls } from "./build-server-groups.ts";
import { buildBfdInstance, buildScript, buildTrackFile, buildTrackProcess } from "./build-trackers.ts";
import { buildVrrpInstance, type UngroupedInstance } from "./build-vrrp.ts";
import type { BuildContext } from "./context.ts";
import { finishGlobals, finishVrrp } from "./finish-vrrp.ts";
import { Settings } from "./settings.ts";
import type { Entry } from "./tree.ts";
import type { Statement } from "./words.ts";

/**
 * Turns root entries into the model, one at a time and in order, so that the entries of large files need
 * not be kept. Everything that is not a global setting needs the global settings; when one of those comes
 * late, `hasLateGlobals` says that the text has to be read again with `globalEntries` known from the start.
 */
export class ConfigurationBuilder {
  private readonly context: BuildContext;
  private readonly known: readonly Entry[] | null;
  private readonly globalOnes: Entry[] = [];
  private readonly laterOnes: Entry[] = [];
  private builtGlobals: BuiltGlobals | null = null;
  private readonly rules: RuleBuilder;
  private readonly scripts = new Map<string, VrrpScript>();
  private readonly trackFiles = new Map<string, TrackFile>();
  private readonly trackProcesses = new Map<string, TrackProcess>();
  private readonly bfds = new Map<string, BfdInstance>();
  private readonly instances: UngroupedInstance[] = [];
  private readonly syncGroups: UnresolvedSyncGroup[] = [];
  private readonly staticAddresses: ConfiguredAddress[] = [];
  private readonly staticRoutes: ConfiguredRoute[] = [];
  private readonly staticRules: ConfiguredRule[] = [];
  private readonly staticTrackGroups: StaticTrackGroup[] = [];
  private readonly garpGroups: GarpGroup[] = [];
  private readonly garpInterfaces = new Set<string>();
  private readonly serverGroups: VirtualServerGroup[] = [];
  private readonly virtualServers: ConfiguredVirtualServer[] = [];
  private readonly groupServers: { readonly entry: Entry; readonly index: number }[] = [];
  private surroundings: ServerSurroundings | null = null;
  private surroundingsSize = 0;
  private facts: string | null = null;
  hasLateGlobals = false;

  /** @param known global entries of the whole text; null when they are not known yet */
  constructor(context: BuildContext, known: readonly Entry[] | null) {
    this.context = context;
    this.known = known;
    this.rules = new RuleBuilder(context);
  }

  get globalEntries(): readonly Entry[] {
    return this.globalOnes;
  }

  /** The virtual servers built so far, without those of groups. */
  get servers(): readonly ConfiguredVirtualServer[] {
    return this.virtualServers;
  }

  /** One that was built from an equal block among equal facts. */
  addServer(server: ConfiguredVirtualServer): void {
    this.virtualServers.push(server);
  }

  /** What a virtual server of no group is built from beside its own block: with equal facts equal blocks make equal servers. */
  get serverFacts(): string {
    this.facts ??= this.describeFacts();
    return this.facts;
  }

  private describeFacts(): string {
    const { groups: _, trackFiles, bfds, ...given } = this.serverSurroundings();
    return JSON.stringify([given, [...trackFiles.values()], [...bfds], this.context.scripts, this.context.configId]);
  }

  private get globals(): BuiltGlobals {
    this.builtGlobals ??= buildGlobals(
      new Settings(this.known ?? this.globalOnes, this.context.reporter),
      this.context,
    );
    return this.builtGlobals;
  }

  add(entry: Entry): void {
    const { name } = entry.keyword;
    if (name === "global_defs" || entry.keyword.body === "none") {
      if (this.builtGlobals !== null && this.known === null) this.hasLateGlobals = true;
      this.globalOnes.push(entry);
      return;
    }
    // Once globals turned out late, everything is built again: only their entries matter now
    if (!this.hasLateGlobals) this.addBlock(entry, name);
  }

  private addBlock(entry: Entry, name: string): void {
    const { globals, context } = this;
    if (name !== "virtual_server") this.facts = null;
    switch (name) {
      case "virtual_server":
        this.addVirtualServer(entry);
        break;
      case "virtual_server_group":
        keep(buildServerGroup(entry, context), (group) => this.serverGroups.push(group));
        break;
      case "vrrp_instance":
        keep(this.buildInstance(entry), (instance) => this.instances.push(instance));
        break;
      case "vrrp_sync_group":
        this.syncGroups.push(buildSyncGroup(entry, globals, this.trackables, context));
        break;
      case "vrrp_script":
        keep(buildScript(entry, context), (script) => this.scripts.set(script.name, script));
        break;
      case "track_file":
      case "vrrp_track_file":
        keep(buildTrackFile(entry, context), (file) => this.trackFiles.set(file.name, file));
        break;
      case "vrrp_track_process":
        keep(buildTrackProcess(entry, context), (item) => this.trackProcesses.set(item.name, item));
        break;
      case "bfd_instance":
        keep(buildBfdInstance(entry, [...this.bfds.values()], context), (bfd) => this.bfds.set(bfd.name, bfd));
        break;
      case "garp_group":
        keep(buildGarpGroup(entry, this.garpInterfaces, globals, context), (group) => this.garpGroups.push(group));
        break;
      // In order with track groups, which have to stand before them
      case "static_ipaddress":
        this.staticAddresses.push(...buildAddresses(entry.lines, this.staticRouting, context));
        break;
      case "static_routes":
        this.staticRoutes.push(...buildRoutes(entry.lines, this.staticRouting, context));
        break;
      case "static_rules":
        // In order with those of instances: rules without a preference count down
        this.staticRules.push(...this.rules.build(entry.lines, this.staticRouting));
        break;
      case "track_group":
        this.staticTrackGroups.push(buildStaticTrackGroup(entry, context));
        break;
      default:
        this.laterOnes.push(entry);
    }
  }

  private get staticRouting(): RoutingRules {
    return {
      isStatic: true,
      allowsMissingInterfaces: this.globals.allowsMissingInterfaces,
      trackGroups: new Set(this.staticTrackGroups.map(({ name }) => name)),
    };
  }

  private get trackables(): Parameters<typeof buildSyncGroup>[2] {
    return { scripts: this.scripts, files: this.trackFiles, processes: this.trackProcesses, bfds: this.bfds };
  }

  private buildInstance(entry: Entry): UngroupedInstance | null {
    const surroundings = { globals: this.globals, trackables: this.trackables, rules: this.rules };
    return buildVrrpInstance(entry, surroundings, this.context);
  }

  private addVirtualServer(entry: Entry): void {
    if (entry.statement.words[1] === "group") {
      // A group may be defined after the server that uses it
      this.groupServers.push({ entry, index: this.virtualServers.length });
      return;
    }
    keep(buildVirtualServer(entry, this.serverSurroundings(), this.context), (server) =>
      this.virtualServers.push(server),
    );
  }

  /** The same object as long as nothing was added that it tells of. */
  private serverSurroundings(): ServerSurroundings {
    const size = this.bfds.size + this.serverGroups.length;
    if (this.surroundings === null || this.surroundingsSize !== size) {
      this.surroundings = this.describeSurroundings();
      this.surroundingsSize = size;
    }
    return this.surroundings;
  }

  private describeSurroundings(): ServerSurroundings {
    const { mail, settings } = this.globals;
    return {
      trackFiles: this.trackFiles,
      bfds: new Set(this.bfds.keys()),
      logsAllFailures: settings.logsAllCheckerFailures,
      startSpreadUs: settings.checkerStartSpreadUs,
      sendsMail: mail.alertsForCheckers ?? mail.alertsByDefault,
      // keepalived: the first one of a name counts
      groups: new Map(this.serverGroups.toReversed().map((group) => [group.name, group])),
    };
  }

  finish(): CompleteConfiguration {
    const { globals, context } = this;
    const later = new Settings(this.laterOnes, context.reporter);
    const lines = (name: string): readonly Statement[] => later.all(name).flatMap((entry) => entry.lines);
    const tls = buildTls(later, context);
    this.addGroupServers();
    const finished = finishVrrp({ instances: this.instances, syncGroups: this.syncGroups, globals }, context);
    return {
      global: finishGlobals(globals.settings, finished.instances),
      vrrpInstances: finished.instances,
      syncGroups: finished.syncGroups,
      virtualServers: withCredentials(this.virtualServers, tls),
      virtualServerGroups: this.serverGroups,
      scripts: [...this.scripts.values()],
      trackFiles: [...this.trackFiles.values()],
      trackProcesses: [...this.trackProcesses.values()],
      bfdInstances: [...this.bfds.values()],
      staticAddresses: this.staticAddresses,
      staticRoutes: this.staticRoutes,
      staticRules: this.staticRules,
      staticTrackGroups: this.staticTrackGroups,
      garpGroups: this.garpGroups,
      interfaceDelays: buildInterfaceDelays(later, globals, context),
      linkbeatInterfaces: lines("linkbeat_interfaces").map(({ words: [name = "", method] }) => ({
        name,
        method: method ?? null,
      })),
      tls,
    };
  }

  /** Builds the servers of groups and puts them where they stand in the text. */
  private addGroupServers(): void {
    if (this.groupServers.length === 0) return;
    const surroundings = this.serverSurroundings();
    for (const { entry, index } of this.groupServers.toReversed()) {
      const server = buildVirtualServer(entry, surroundings, this.context);
      if (server !== null) this.virtualServers.splice(index, 0, server);
    }
  }
}

function keep<T>(built: T | null, store: (value: T) => unknown): void {
  if (built !== null) store(built);
}
