import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode, encode, LARGEST_PAYLOAD_BYTES, PduSplitter } from "../../../src/snmp/codec.ts";
import { counter64, integer, text } from "../../../src/snmp/values.ts";

const IDS = { sessionId: 1, transactionId: 2, packetId: 3 };
const HEADER = "01TT1000" + "00000001" + "00000002" + "00000003";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("AgentX packets (RFC 2741)", () => {
  test("§6.2.1: Open names the subagent", () => {
    const bytes = encode({ ...IDS, type: "open", timeoutSec: 10, id: [1, 3, 6, 1, 4, 1, 9], description: "abc" });
    const payload = "0a000000" + "02040000" + "00000001" + "00000009" + "00000003" + "61626300";
    assert.equal(hex(bytes), `${HEADER.replace("TT", "01")}00000018${payload}`);
  });

  test("§5.1: an identifier below 1.3.6.1 is written short, any other in full", () => {
    const bytes = encode({ ...IDS, type: "register", subtree: [1, 3, 7], priority: 127 });
    assert.equal(hex(bytes), `${HEADER.replace("TT", "03")}00000014007f000003000000000000010000000300000007`);
  });

  test("§5.4: values in a Response", () => {
    const varBinds = [
      { oid: [1, 3, 6, 1, 2, 5], value: integer(-2) },
      { oid: [1, 3, 6, 1, 2, 6], value: text("hello") },
      { oid: [1, 3, 6, 1, 2, 7], value: counter64(2n ** 33n) },
      { oid: [1, 3, 6, 1, 2, 8], value: { kind: "end-of-view" } as const },
    ];
    const bytes = encode({ ...IDS, type: "response", error: 0, index: 0, varBinds });
    assert.equal(
      hex(bytes.subarray(20)),
      "00000000" +
        "00000000" +
        "00020000" +
        "01020000" +
        "00000005" +
        "fffffffe" +
        "00040000" +
        "01020000" +
        "00000006" +
        "00000005" +
        "68656c6c6f000000" +
        "00460000" +
        "01020000" +
        "00000007" +
        "0000000200000000" +
        "00820000" +
        "01020000" +
        "00000008",
    );
  });

  test("§6.1: the header's flag says in which order the octets come", () => {
    const little = Buffer.from(
      "01060000" +
        "01000000" +
        "02000000" +
        "03000000" +
        "10000000" +
        "01040100" +
        "07000000" +
        "01040000" +
        "09000000",
      "hex",
    );
    assert.deepEqual(decode(little), {
      ok: true,
      pdu: {
        ...IDS,
        type: "get-next",
        hasContext: false,
        ranges: [{ start: [1, 3, 6, 1, 4, 7], isInclusive: true, end: [1, 3, 6, 1, 4, 9] }],
      },
    });
  });

  test("a packet that is shorter than it says is refused", () => {
    const cut = Buffer.from("01061000" + "00000001" + "00000002" + "00000003" + "00000004" + "05040000", "hex");
    assert.deepEqual(decode(cut), { ok: false, reason: "packet shorter than it says" });
    const long = Buffer.from("01061000" + "00000001" + "00000002" + "00000003" + "00000004" + "ff000000", "hex");
    assert.deepEqual(decode(long), { ok: false, reason: "object identifier too long" });
  });

  test("whatever comes is decoded or refused, and a stream holds no more than one packet", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 16), (bytes, order) => {
        const packet = Buffer.from(bytes);
        if (packet.length > 2) packet[0] = 1;
        if (packet.length > 2) packet[2] = order;
        const decoded = decode(packet);
        assert.equal(typeof decoded.ok, "boolean");
        const splitter = new PduSplitter();
        const { packets } = splitter.push(packet);
        for (const one of packets) assert.ok(one.length <= 20 + LARGEST_PAYLOAD_BYTES);
      }),
    );
  });

  test("packets are found however the stream is cut", () => {
    const one = encode({ ...IDS, type: "ping" });
    const other = encode({ ...IDS, type: "close", reason: 5 });
    const stream = Buffer.concat([one, other]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const splitter = new PduSplitter();
        const ends = [...cuts, stream.length].sort((left, right) => left - right);
        const packets: Buffer[] = [];
        let from = 0;
        for (const end of ends) {
          packets.push(...splitter.push(stream.subarray(from, end)).packets);
          from = end;
        }
        assert.deepEqual(packets.map(hex), [hex(one), hex(other)]);
      }),
    );
  });

  test("a length that no packet has ends the stream", () => {
    const huge = Buffer.from("01061000" + "00000001" + "00000002" + "00000003" + "7fffffff", "hex");
    assert.equal(new PduSplitter().push(huge).isBroken, true);
  });
});
