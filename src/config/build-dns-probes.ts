import type { ApplicationChecker } from "../model/checks.ts";
import type { DnsChecker } from "../model/lvs.ts";

const QUERY_TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  RRSIG: 46,
  DNSKEY: 48,
};
const CLASS_IN = 1;
const HEADER_BYTES = 12;
/** RFC 1035 §2.3.4 */
const LONGEST_LABEL_BYTES = 63;
const LONGEST_NAME_BYTES = 255;

/**
 * DNS_CHECK as a datagram and a mask for its answer, so that the probe loop carries it out like a UDP_CHECK and nobody
 * has to parse what a server sends: same id, QR set, a plain query (OPCODE 0) and RCODE 0. The rest of the answer does
 * not matter, as in keepalived.
 *
 *     octet  0  1  2                        3
 *           | ID  | QR OPCODE AA TC RD     | RA Z AD CD RCODE |
 *     query  id id  0 0 RD                   0
 *     answer id id  8x                       x0
 *
 * @see RFC 1035 §4.1.1
 */
export function dnsProbesOf({ check, timing, logsAllFailures, place }: ApplicationChecker): readonly DnsChecker[] {
  if (check.kind !== "dns") return [];
  const question = questionOf(check.name, check.type);
  const id = idOf(question);
  const exchange = {
    payload: `${id}01000001000000000000${question}`,
    requiresReply: true,
    reply: `${id}8xx0`,
    minReplyBytes: HEADER_BYTES,
    maxReplyBytes: 65_535,
  };
  return [{ kind: "dns", timing, target: check.target, exchange, logsAllFailures, place }];
}

/**
 * @returns what of a name DNS has no room for, null when all is well
 * @see RFC 1035 §2.3.4
 */
export function dnsNameProblem(name: string): string | null {
  const lengths = labelsOf(name).map((label) => [...label].length);
  const longest = Math.max(0, ...lengths);
  if (longest > LONGEST_LABEL_BYTES) {
    return `a label of ${longest} octets, DNS has room for ${LONGEST_LABEL_BYTES}; a cut name is asked for`;
  }
  // One octet of length for each label, and the root's
  const octets = lengths.reduce((sum, length) => sum + length + 1, 1);
  if (octets <= LONGEST_NAME_BYTES) return null;
  return `a name of ${octets} octets, DNS has room for ${LONGEST_NAME_BYTES}; a cut name is asked for`;
}

function labelsOf(name: string): readonly string[] {
  return name.split(".").filter((label) => label !== "");
}

function questionOf(name: string, type: string): string {
  return `${nameOf(name)}${hex(QUERY_TYPES[type] ?? 0, 2)}${hex(CLASS_IN, 2)}`;
}

/** Labels that DNS has no room for are cut; a server answers such a question with an error, or not at all. */
function nameOf(name: string): string {
  const encoded = labelsOf(name).map((label) => {
    const octets = [...label].slice(0, LONGEST_LABEL_BYTES).map((character) => character.charCodeAt(0) & 0xff);
    return hex(octets.length, 1) + octets.map((octet) => hex(octet, 1)).join("");
  });
  return `${encoded.join("").slice(0, 2 * (LONGEST_NAME_BYTES - 1))}00`;
}

/**
 * One id for each question. Each check has a socket of its own, connected and with a port that the kernel chose by
 * chance, so an answer to an earlier check never reaches a later one.
 */
function idOf(question: string): string {
  let id = 0;
  for (const digit of question) id = (id * 31 + digit.charCodeAt(0)) & 0xffff;
  return hex(id, 2);
}

function hex(value: number, octets: number): string {
  return value.toString(16).padStart(2 * octets, "0");
}
