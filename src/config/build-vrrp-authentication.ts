import type { VrrpAuthentication } from "../model/vrrp.ts";
import type { HmacSettings } from "../model/vrrp-complete.ts";
import { complain, type InstanceDraft } from "./instance-draft.ts";
import { Settings } from "./settings.ts";
import { type Entry, placeOf } from "./tree.ts";
import { readInteger } from "./values.ts";

const PASSWORD_OCTETS = 8;

/** The legacy `authentication` block; version 3 and strict mode do without. */
export function readAuthentication(draft: InstanceDraft, version: 2 | 3): VrrpAuthentication {
  const block = draft.settings.all("authentication").at(-1);
  if (block === undefined) return { kind: "none" };
  const { reporter } = draft.context;
  const settings = new Settings(block.entries, reporter);
  const type = settings.words("auth_type")?.[0];
  const word = settings.words("auth_pass")?.[0];
  const password = word === undefined ? null : cutPassword(word, settings, draft);
  if (type !== undefined && type !== "PASS" && type !== "AH") {
    reporter.add("bad-value", `auth_type is PASS or AH, not "${type}"`, settings.place("auth_type"));
    return { kind: "none" };
  }
  if (type === undefined) return { kind: "none" };
  if (version === 3 || draft.isStrict) {
    const why = version === 3 ? "VRRP version 3 has" : "strict mode allows";
    complain(draft, "vrrp-adjusted", `${why} no authentication, it is left out`, "authentication");
    return { kind: "none" };
  }
  if (password === null || password === "") {
    reporter.add("vrrp-adjusted", "authentication without auth_pass is left out", placeOf(block.statement));
    return { kind: "none" };
  }
  return { kind: type === "PASS" ? "pass" : "ah", password };
}

function cutPassword(word: string, settings: Settings, draft: InstanceDraft): string {
  const password = cutOctets(word, PASSWORD_OCTETS);
  if (password !== word) {
    const message = `the password is cut to ${PASSWORD_OCTETS} octets`;
    draft.context.reporter.add("value-too-long", message, settings.place("auth_pass"));
  }
  return password;
}

/** The longest beginning that fits into so many octets of UTF-8. */
function cutOctets(text: string, octets: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= octets) return text;
  return new TextDecoder().decode(encoded.subarray(0, octets)).replace(/\uFFFD+$/, "");
}

const SHORTEST_KEY_BYTES = 32;
const LONGEST_KEY_BYTES = 64;
const SHORTEST_WINDOW_SEC = 5;
const LONGEST_WINDOW_SEC = 300;

/** The `auth_hmac` block; null when there is none or it is unusable. */
export function readHmac(draft: InstanceDraft, advertisementIntervalUs: number): HmacSettings | null {
  const block = draft.settings.all("auth_hmac").at(-1);
  if (block === undefined) return null;
  const settings = new Settings(block.entries, draft.context.reporter);
  const keys = settings.all("key").flatMap((entry) => readKey(entry, draft));
  const activeKey = settings.number("active_key");
  if (activeKey === null || !keys.some(({ id }) => id === activeKey)) {
    complain(
      draft,
      "vrrp-adjusted",
      "auth_hmac needs an active_key that names one of its keys, it is left out",
      "auth_hmac",
    );
    return null;
  }
  const mode = settings.words("mode")?.[0];
  const isOtherMode = mode === "permissive" || mode === "receive-only";
  const windowSec = Math.ceil((3 * advertisementIntervalUs) / 1_000_000);
  return {
    keys,
    activeKey,
    timeWindowSec:
      settings.number("time_window") ?? Math.min(LONGEST_WINDOW_SEC, Math.max(SHORTEST_WINDOW_SEC, windowSec)),
    antiReplay: settings.words("anti_replay")?.[0] === "monotonic" ? "monotonic" : "time",
    mode: isOtherMode && !draft.isStrict ? mode : "enforce",
  };
}

/** `key ID TEXT | hex:DIGITS | file:PATH` */
function readKey(entry: Entry, draft: InstanceDraft): HmacSettings["keys"] {
  const [, idWord = "", text = ""] = entry.statement.words;
  const id = readInteger(idWord).value ?? 0;
  const file = text.startsWith("file:") ? text.slice("file:".length) : null;
  const material = file === null ? text : readKeyFile(file, entry, draft);
  if (material === null) return [];
  const hex = material.startsWith("hex:") ? material.slice("hex:".length).toLowerCase() : toHex(material);
  const bytes = hex.length / 2;
  if (
    id >= 1 &&
    id <= 255 &&
    /^([0-9a-f]{2})*$/.test(hex) &&
    bytes >= SHORTEST_KEY_BYTES &&
    bytes <= LONGEST_KEY_BYTES
  ) {
    return [{ id, hex, file }];
  }
  const message = `a key has an id from 1 to 255 and ${SHORTEST_KEY_BYTES} to ${LONGEST_KEY_BYTES} octets; it is left out`;
  draft.context.reporter.add("bad-value", message, placeOf(entry.statement, 1));
  return [];
}

/** One line of text, or `hex:DIGITS`. */
function readKeyFile(path: string, entry: Entry, draft: InstanceDraft): string | null {
  const content = draft.context.host.readFile(path);
  if (content.kind === "text" || content.kind === "executable") return content.text.replace(/\r?\n$/, "");
  const why = content.kind === "unreadable" ? content.reason : content.kind.replace("-", " ");
  draft.context.reporter.add("bad-value", `key file ${path}: ${why}; the key is left out`, placeOf(entry.statement, 2));
  return null;
}

function toHex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
