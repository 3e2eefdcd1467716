import { runOk } from "../helpers/process.ts";

const FIELDS = [
  "frame.number",
  "frame.protocols",
  "ip.ttl",
  "vrrp.checksum.status",
  "_ws.malformed",
  "_ws.expert.message",
];
const CHECKSUM_GOOD = "1";

/** Said after every takeover, since the address moves to another MAC: that is what it is for. */
const EXPECTED_MESSAGES = /^(Duplicate IP address configured|ARP packet storm)/;

const PREFERENCES = [
  "ip.check_checksum:TRUE",
  // The pseudo header of RFC 9568 §5.2.8.
  "vrrp.v3_checksum_as_in_v2:FALSE",
].flatMap((preference) => ["-o", preference]);

function complaintsOf(line: string): readonly string[] {
  const [number = "", protocols = "", ttl = "", checksum = "", malformed = "", messages = ""] = line.split("\t");
  const complaints = messages.split("|").filter((message) => message !== "" && !EXPECTED_MESSAGES.test(message));
  if (malformed !== "") complaints.push("malformed");
  if (protocols.includes("vrrp")) {
    if (ttl !== "255") complaints.push(`TTL ${ttl}`);
    if (checksum !== CHECKSUM_GOOD) complaints.push(`VRRP checksum status ${checksum}`);
  } else if (!protocols.includes("arp")) {
    complaints.push(`not understood: ${protocols}`);
  }
  return complaints.map((complaint) => `frame ${number}: tshark: ${complaint}`);
}

export interface TsharkVerdict {
  readonly frames: number;
  readonly complaints: readonly string[];
}

/** Lets tshark decode every frame of a capture file of VRRP and ARP, with all its checks on. */
export async function judgeByTshark(path: string): Promise<TsharkVerdict> {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const format = ["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"];
  const output = await runOk(["tshark", "-n", "-r", path, ...PREFERENCES, ...format, ...fields], { timeoutMs: 60_000 });
  const lines = output.split("\n").filter((line) => line !== "");
  return { frames: lines.length, complaints: lines.flatMap(complaintsOf) };
}
