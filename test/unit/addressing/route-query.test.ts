import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDeadNeighbour, decodeRoute, neighbourDump, routeQuery } from "../../../src/addressing/route-query.ts";

function octets(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

test("asks for the route to one address", () => {
  assert.deepEqual(routeQuery("inet", "192.168.1.7"), {
    type: 26,
    flags: 0,
    payload: octets("02200000 00000000 00000000 0800 0100 c0a80107"),
  });
  assert.deepEqual(
    routeQuery("inet6", "2001:db8::1").payload,
    octets("0a800000 00000000 00000000 1400 0100 20010db8000000000000000000000001"),
  );
  assert.deepEqual(neighbourDump(), { type: 30, flags: 0x300, payload: new Uint8Array(12) });
});

test("reads interface and gateway of an answer", () => {
  const header = "02200000 fe000001 00000000";
  const route = (rest: string): unknown => decodeRoute({ type: 24, flags: 0, payload: octets(header + rest) });
  assert.deepEqual(route("0800 0400 03000000 0800 0500 c0a80101"), { ifindex: 3, gateway: "c0a80101" });
  assert.deepEqual(route("0800 0400 03000000"), { ifindex: 3, gateway: null });
  assert.deepEqual(route("0900 0400 03"), { ifindex: null, gateway: null });
});

test("knows a neighbour that does not answer from one that does, and rubbish from both", () => {
  const neighbour = (state: string, rest = "0800 0100 c0a80101"): unknown =>
    decodeDeadNeighbour({ type: 28, flags: 0, payload: octets(`02000000 03000000 ${state}00 0000 ${rest}`) });
  assert.deepEqual(neighbour("20"), { ifindex: 3, address: "c0a80101" });
  assert.deepEqual(neighbour("01"), { ifindex: 3, address: "c0a80101" });
  assert.equal(neighbour("02"), null);
  assert.equal(neighbour("20", ""), null);
  assert.equal(decodeDeadNeighbour({ type: 28, flags: 0, payload: octets("0200") }), null);
});
