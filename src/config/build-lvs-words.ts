import type { VirtualServerKey } from "../model/lvs.ts";
import type { AddressFamily } from "../model/units.ts";
import { ipv4ToNumber, type ParsedAddress, parseAddress, parseHostAddress } from "./address.ts";
import { type Forwarding, lastForwarding, readForwarding } from "./build-forwarding.ts";
import type { BuildContext } from "./context.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readInteger, readPort } from "./values.ts";

const FINEST_MASK = 0xffffffff;

/** A server with what was said before it. */
export interface WrittenServer extends ParsedAddress {
  /** As written, 0 where nothing is. */
  readonly port: number;
  /** Null: that of the virtual server, which was not told before. */
  readonly forwarding: Forwarding | null;
  readonly entry: Entry;
}

export interface WrittenRealServer extends WrittenServer {
  readonly settings: Settings;
}

export interface WrittenSorryServer extends WrittenServer {
  readonly isInhibited: boolean;
}

/** What the words of a virtual server come to where their order counts. */
export interface OrderedWords {
  /** Null when nothing tells it. */
  readonly family: AddressFamily | null;
  /** `lb_kind`, the last usable one. */
  readonly forwarding: Forwarding | null;
  /** IPv4: mask as a number in host order; IPv6: prefix length. */
  readonly granularity: number | null;
  readonly realServers: readonly WrittenRealServer[];
  readonly sorryServer: WrittenSorryServer | null;
}

/**
 * Reads the words of a virtual server one by one, as keepalived does: the first that tells the address family holds, what
 * contradicts it is left out, and a server is of the `lb_kind` before it.
 */
export function readOrderedWords(entry: Entry, key: VirtualServerKey, context: BuildContext): OrderedWords {
  const reading = new Reading(key, context);
  for (const one of entry.entries) reading.take(one);
  return reading.end();
}

class Reading {
  private readonly key: VirtualServerKey;
  private readonly context: BuildContext;
  private family: AddressFamily | null;
  private forwarding: Forwarding | null = null;
  private granularity: number | null = null;
  private readonly realServers: WrittenRealServer[] = [];
  private readonly seen = new Set<string>();
  private sorryServer: WrittenSorryServer | null = null;

  constructor(key: VirtualServerKey, context: BuildContext) {
    this.key = key;
    this.context = context;
    this.family = key.kind === "address" ? key.family : null;
  }

  take(entry: Entry): void {
    switch (entry.keyword.name) {
      case "ip_family":
        this.takeFamily(entry);
        break;
      case "persistence_granularity":
        this.takeGranularity(entry);
        break;
      case "lb_kind":
      case "lvs_method":
        this.forwarding = readForwarding(entry, this.forwarding, this.context) ?? this.forwarding;
        break;
      case "real_server":
        this.takeRealServer(entry);
        break;
      case "sorry_server":
        this.takeSorryServer(entry);
        break;
      case "sorry_server_inhibit":
        this.changeSorryServer(entry, () => ({ isInhibited: true }));
        break;
      case "sorry_server_lvs_method":
        this.changeSorryServer(entry, ({ forwarding }) => ({
          forwarding: readForwarding(entry, forwarding, this.context) ?? forwarding,
        }));
    }
  }

  end(): OrderedWords {
    this.fitSorryServer();
    if (this.family === null && this.key.kind === "fwmark") this.family = this.commonFamily();
    const { family, forwarding, granularity, realServers, sorryServer } = this;
    return { family, forwarding, granularity, realServers, sorryServer };
  }

  private takeFamily({ statement }: Entry): void {
    const word = statement.words[1];
    if (word === undefined) return;
    if (word !== "inet" && word !== "inet6") {
      this.complain("bad-value", `ip_family is inet or inet6, not "${word}"`, statement);
      return;
    }
    if (this.tells(word)) return;
    this.complain("lvs-adjusted", `this virtual server is of ${this.family} already, ip_family is left out`, statement);
  }

  /** keepalived: what is not known to be IPv6 by now is by its form: a mask is IPv4's, a prefix length IPv6's. */
  private takeGranularity({ statement }: Entry): void {
    const word = statement.words[1];
    if (word === undefined) return;
    const family = this.family ?? (word.includes(".") ? "inet" : "inet6");
    const value = family === "inet" ? readMask(word) : readPrefixLength(word);
    if (value === null) {
      const wanted = family === "inet" ? "an IPv4 mask" : "a prefix length of IPv6, 1 to 128";
      this.complain("bad-value", `"${word}" is not ${wanted}`, statement);
      return;
    }
    if (family === "inet" && !word.includes(".")) {
      // keepalived: a number is taken for the last octets of a mask, 24 for 0.0.0.24
      const message = `"${word}" is not an IPv4 mask, each client is taken for itself; a mask is like 255.255.255.0`;
      this.context.reporter.add("advice", message, placeOf(statement, 1));
    }
    this.granularity = value;
    this.tells(family);
  }

  private takeRealServer(entry: Entry): void {
    const target = readTarget(entry);
    if (target === null) return;
    const settings = new Settings(entry.entries, this.context.reporter);
    const own = settings.has("lvs_method") ? settings.all("lvs_method") : [];
    const forwarding = lastForwarding(own, this.forwarding, this.context) ?? this.forwarding;
    if (!this.fits(target.family, forwarding)) {
      const message = "address family differs from that of the virtual server, which only TUN can do; server left out";
      this.context.reporter.add("lvs-dropped", message, endOf(entry));
      return;
    }
    // As written: what ports come to be the same later is another matter
    const name = [target.address, target.port].join(" ");
    if (this.seen.has(name)) {
      const message = `real server ${name} is there already; it is left out`;
      this.context.reporter.add("duplicate", message, placeOf(entry.statement, 1));
      return;
    }
    this.seen.add(name);
    this.realServers.push({ ...target, forwarding, entry, settings });
  }

  private takeSorryServer(entry: Entry): void {
    const port = entry.statement.words[2];
    if (port !== undefined && readPort(port) === null) {
      const message = `"${port}" is not a port from 1 to 65535; the sorry server is left out`;
      this.context.reporter.add("bad-value", message, placeOf(entry.statement, 2));
      return;
    }
    const target = readTarget(entry);
    if (target !== null) {
      this.sorryServer = { ...target, forwarding: this.forwarding, entry, isInhibited: false };
      return;
    }
    const word = entry.statement.words[1];
    if (word !== undefined) this.complain("bad-address", `"${word}" is not a numeric IP address`, entry.statement);
  }

  private changeSorryServer(
    { keyword, statement }: Entry,
    change: (before: WrittenSorryServer) => Partial<WrittenSorryServer>,
  ): void {
    if (this.sorryServer !== null) this.sorryServer = { ...this.sorryServer, ...change(this.sorryServer) };
    else this.context.reporter.add("too-late", `${keyword.name} needs sorry_server before it`, placeOf(statement));
  }

  /** Where it stands in the text makes no difference. */
  private fitSorryServer(): void {
    if (this.sorryServer === null || this.fits(this.sorryServer.family, this.sorryServer.forwarding)) return;
    const message = "address family differs from that of the virtual server; the sorry server is left out";
    this.complain("lvs-dropped", message, this.sorryServer.entry.statement);
    this.sorryServer = null;
  }

  /** Tunnels lead to either family. */
  private fits(family: AddressFamily, forwarding: Forwarding | null): boolean {
    return forwarding?.fwdMethod === "tunnel" || this.tells(family);
  }

  /** @returns false when it contradicts what was told before */
  private tells(family: AddressFamily): boolean {
    this.family ??= family;
    return this.family === family;
  }

  /** keepalived: behind tunnels a firewall mark is of the family that all servers have, of IPv4 when they differ. */
  private commonFamily(): AddressFamily {
    const servers = this.sorryServer === null ? this.realServers : [...this.realServers, this.sorryServer];
    const [family, ...others] = new Set(servers.map((server) => server.family));
    return family === undefined || others.length > 0 ? "inet" : family;
  }

  private complain(
    code: "bad-value" | "bad-address" | "lvs-adjusted" | "lvs-dropped",
    message: string,
    statement: Entry["statement"],
  ): void {
    this.context.reporter.add(code, message, placeOf(statement, 1));
  }
}

function readTarget({ statement }: Entry): (ParsedAddress & Pick<WrittenServer, "port">) | null {
  const [, first = "", second] = statement.words;
  const address = parseHostAddress(first);
  return address === null ? null : { ...address, port: second === undefined ? 0 : (readInteger(second).value ?? 0) };
}

function readMask(word: string): number | null {
  const address = parseAddress(word);
  if (address?.family === "inet") return ipv4ToNumber(address.address);
  return /^[0-9]+$/.test(word) ? FINEST_MASK : null;
}

function readPrefixLength(word: string): number | null {
  const { value, problem } = readInteger(word);
  return value !== null && problem === "none" && value >= 1 && value <= 128 ? value : null;
}
