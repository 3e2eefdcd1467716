import type { ApplicationCheck, HttpRequest, HttpSettings } from "../model/checks.ts";
import type { CheckerTarget, HttpRegex, UdpExchange } from "../model/lvs.ts";
import { rawWords, readOwnedCommand, readUser } from "./build-command.ts";
import { dnsNameProblem } from "./build-dns-probes.ts";
import type { BuildContext } from "./context.ts";
import { decodeEscapes, unquoteWord } from "./script-words.ts";
import { Settings } from "./settings.ts";
import { type Entry, endOf, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

/** Facts around an application check. */
export interface CheckSurroundings {
  readonly checked: {
    readonly virtualHost: string | null;
    readonly trackFiles: ReadonlyMap<string, { readonly weight: number; readonly isReversed: boolean }>;
    readonly bfds: ReadonlySet<string>;
  };
  readonly target: CheckerTarget;
}

const SECOND_US = 1_000_000;
const DEFAULT_HELO = "smtpchecker.keepalived.org";
const DNS_TYPES = new Set("A NS CNAME SOA MX TXT AAAA RRSIG DNSKEY".split(" "));

/** @returns null and a diagnostic when the checker has to be left out */
export function readApplicationCheck(
  entry: Entry,
  settings: Settings,
  surroundings: CheckSurroundings,
  context: BuildContext,
): ApplicationCheck | null {
  const { target, checked } = surroundings;
  switch (entry.keyword.name) {
    case "HTTP_GET":
      return readHttp(entry, settings, { kind: "http", target, outerHost: checked.virtualHost }, context);
    case "SSL_GET":
      return readHttp(entry, settings, { kind: "ssl", target, outerHost: checked.virtualHost }, context);
    case "SMTP_CHECK":
      return { kind: "smtp", target, heloName: settings.text("helo_name") || DEFAULT_HELO };
    case "DNS_CHECK":
      return { kind: "dns", target, ...readDnsQuestion(settings, context) };
    case "MISC_CHECK":
      return readMisc(entry, settings, context);
    case "FILE_CHECK":
      return readFileCheck(entry, settings, checked, context);
    case "BFD_CHECK":
      return readBfdCheck(entry, settings, checked, context);
    default:
      return null;
  }
}

function drop(entry: Entry, reason: string, context: BuildContext): null {
  context.reporter.add("lvs-dropped", `${entry.keyword.name} is left out: ${reason}`, endOf(entry));
  return null;
}

function readMisc(entry: Entry, settings: Settings, context: BuildContext): ApplicationCheck | null {
  const userEntry = settings.entry("user");
  const user = userEntry === null ? undefined : readUser(settings.words("user") ?? [], userEntry, context);
  if (userEntry !== null && user === undefined) return null;
  const path = settings.entry("misc_path");
  if (path === null) return drop(entry, "it has no misc_path", context);
  const command = readOwnedCommand(path, user, context);
  if (command === null) return null;
  const timeoutUs = (settings.number("misc_timeout") ?? 0) * SECOND_US;
  return { kind: "misc", command, timeoutUs, setsWeight: settings.has("misc_dynamic") };
}

function readFileCheck(
  entry: Entry,
  settings: Settings,
  checked: CheckSurroundings["checked"],
  context: BuildContext,
): ApplicationCheck | null {
  const trackFile = settings.text("track_file");
  const own = trackFile === null ? undefined : checked.trackFiles.get(trackFile);
  if (trackFile === null || own === undefined) return drop(entry, "its track_file is not defined before it", context);
  const words = settings.words("weight");
  const weight = settings.number("weight") ?? own.weight;
  const isReversed = words === null ? own.isReversed : words.includes("reverse");
  return { kind: "file", trackFile, weight, isReversed };
}

function readBfdCheck(
  entry: Entry,
  settings: Settings,
  checked: CheckSurroundings["checked"],
  context: BuildContext,
): ApplicationCheck | null {
  const name = settings.text("name");
  if (name === null || !checked.bfds.has(name))
    return drop(entry, "its bfd_instance is not defined before it", context);
  return { kind: "bfd", bfdInstance: name };
}

function readDnsQuestion(settings: Settings, context: BuildContext): { readonly type: string; readonly name: string } {
  const word = settings.words("type")?.[0]?.toUpperCase();
  const isKnown = word !== undefined && DNS_TYPES.has(word);
  if (word !== undefined && !isKnown) {
    context.reporter.add("bad-value", `"${word}" is not a DNS query type`, settings.place("type"));
  }
  const name = settings.text("name") ?? ".";
  const problem = dnsNameProblem(name);
  if (problem !== null) context.reporter.add("dns-name-too-long", problem, settings.place("name"));
  return { type: isKnown ? word : "SOA", name };
}

export function readUdp(settings: Settings, context: BuildContext): UdpExchange {
  return {
    payload: readHex(settings, "payload", /^(?:[0-9a-f]{2})*$/, context),
    requiresReply: settings.has("require_reply"),
    reply: readHex(settings, "require_reply", /^(?:[0-9a-fx]{2})*$/, context),
    minReplyBytes: settings.number("min_reply_length") ?? 0,
    maxReplyBytes: settings.number("max_reply_length") ?? 255,
  };
}

/** The last digit of an odd word is an octet of its own, as with keepalived: `0 1` is 00 01. */
function wholeOctets(word: string): string {
  return word.length % 2 === 0 ? word : `${word.slice(0, -1)}0${word.slice(-1)}`;
}

function readHex(settings: Settings, name: string, pattern: RegExp, context: BuildContext): string {
  const digits = (settings.words(name) ?? []).map(wholeOctets).join("").toLowerCase();
  if (pattern.test(digits)) return digits;
  context.reporter.add("bad-value", `${name} is hexadecimal digits`, settings.place(name));
  return "";
}

interface HttpSurroundings {
  readonly kind: "http" | "ssl";
  readonly target: CheckerTarget;
  readonly outerHost: string | null;
}

function readHttp(
  entry: Entry,
  settings: Settings,
  surroundings: HttpSurroundings,
  context: BuildContext,
): ApplicationCheck | null {
  const { kind, target, outerHost } = surroundings;
  const requests = settings
    .all("url")
    .map((url) => readRequest(url, context))
    .filter((request) => request !== null);
  if (requests.length === 0) return drop(entry, "it has no url with a path", context);
  return {
    kind,
    target,
    version: readHttpVersion(settings, context),
    virtualHost: settings.text("virtualhost") ?? outerHost,
    usesSni: settings.boolean("enable_sni") ?? settings.has("sni_name"),
    sniName: settings.text("sni_name"),
    recoversFast: settings.boolean("fast_recovery"),
    isTlsStrict: settings.boolean("tls_compliant") ?? false,
    requests,
  };
}

function readHttpVersion(settings: Settings, context: BuildContext): HttpSettings["version"] {
  const word = settings.words("http_protocol")?.[0];
  if (word === undefined) return "1.0";
  if (word === "1.0" || word === "1.0c" || word === "1.0C" || word === "1.1") return word;
  context.reporter.add(
    "bad-value",
    `http_protocol is 1.0, 1.0c, 1.0C or 1.1, not "${word}"`,
    settings.place("http_protocol"),
  );
  return "1.0";
}

function readRequest(url: Entry, context: BuildContext): HttpRequest | null {
  const settings = new Settings(url.entries, context.reporter);
  const path = settings.text("path");
  if (path === null) {
    context.reporter.add("lvs-adjusted", "this url has no path and is left out", endOf(url));
    return null;
  }
  return {
    path,
    virtualHost: settings.text("virtualhost"),
    digest: readDigest(settings, context),
    statusCodes: settings.all("status_code").flatMap((entry) => readStatusCodes(entry, context)),
    regex: readRegex(settings, context),
    isTlsStrict: settings.boolean("tls_compliant"),
  };
}

function readDigest(settings: Settings, context: BuildContext): string | null {
  const digest = settings.text("digest");
  if (digest === null || /^[0-9a-fA-F]{32}$/.test(digest)) return digest?.toLowerCase() ?? null;
  context.reporter.add("bad-value", "a digest is 32 hexadecimal digits", settings.place("digest"));
  return null;
}

function readStatusCodes(entry: Entry, context: BuildContext): HttpRequest["statusCodes"] {
  return entry.statement.words.slice(1).flatMap((word, index) => {
    const match = /^([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?$/.exec(word);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    if (match !== null && to >= from) return [{ from, to }];
    context.reporter.add(
      "bad-value",
      `"${word}" is not a status code or a range of them`,
      placeOf(entry.statement, index + 1),
    );
    return [];
  });
}

function readRegex(settings: Settings, context: BuildContext): HttpRequest["regex"] {
  const entry = settings.entry("regex");
  if (entry === null) return null;
  const words = rawWords(entry, context);
  const pattern = words?.[1];
  if (words === null || pattern === undefined) return null;
  if (words.length > 2)
    context.reporter.add("bad-value", "regex takes one word; quote it", placeOf(entry.statement, 2));
  const max = settings.words("regex_max_offset")?.[0];
  const regex: HttpRegex = {
    pattern: decodeEscapes(unquoteWord(pattern)),
    options: [...new Set(settings.all("regex_options").flatMap(({ statement }) => statement.words.slice(1)))],
    isNegated: settings.has("regex_no_match"),
    minOffset: readInteger(settings.words("regex_min_offset")?.[0] ?? "0").value ?? 0,
    maxOffset: max === undefined ? null : readInteger(max).value,
  };
  const problem = context.host.regexProblem?.(regex) ?? "";
  if (problem !== "") {
    const message = `the regex does not compile, so every check with it fails: ${problem}; mend the pattern`;
    context.reporter.add("bad-value", message, placeOf(entry.statement, 1));
  }
  return regex;
}
