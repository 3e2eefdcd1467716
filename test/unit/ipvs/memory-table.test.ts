import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryIpvsTable } from "../../../src/ipvs/memory-table.ts";
import type { IpvsCommand, IpvsDestination, IpvsService } from "../../../src/native/contract.ts";

const SERVICE: IpvsService = {
  family: "inet",
  fwmark: 0,
  protocol: "tcp",
  address: "192.0.2.1",
  port: 80,
  scheduler: "rr",
  persistenceTimeoutSec: 0,
  persistenceGranularity: 0xffffffff,
  persistenceEngine: null,
  flags: [],
};
const DESTINATION: IpvsDestination = {
  family: "inet",
  address: "10.0.0.1",
  port: 80,
  fwdMethod: "masq",
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnelType: "ipip",
  tunnelPort: 0,
  tunnelFlags: 0,
};
const ADD: IpvsCommand = { kind: "service-add", service: SERVICE };
const ADD_DESTINATION: IpvsCommand = { kind: "destination-add", service: SERVICE, destination: DESTINATION };

async function codes(...commands: IpvsCommand[]): Promise<(string | null)[]> {
  const results = await createMemoryIpvsTable().apply(commands);
  return results.map((result) => result?.code ?? null);
}

test("adding twice gives EEXIST and does not stop what follows", async () => {
  assert.deepEqual(await codes(ADD, ADD, ADD_DESTINATION, ADD_DESTINATION), [null, "EEXIST", null, "EEXIST"]);
});

test("a missing service gives ESRCH, before anything is said of the destination", async () => {
  const { service, destination } = { service: SERVICE, destination: { ...DESTINATION, weight: -1 } };
  assert.deepEqual(
    await codes(
      { kind: "service-edit", service },
      { kind: "service-delete", service },
      { kind: "destination-add", service, destination },
      { kind: "destination-edit", service, destination },
      { kind: "destination-delete", service, destination },
    ),
    ["ESRCH", "ESRCH", "ESRCH", "ESRCH", "ESRCH"],
  );
});

test("a missing destination gives ENOENT", async () => {
  assert.deepEqual(
    await codes(
      ADD,
      { kind: "destination-edit", service: SERVICE, destination: DESTINATION },
      { kind: "destination-delete", service: SERVICE, destination: DESTINATION },
    ),
    [null, "ENOENT", "ENOENT"],
  );
});

test("an unknown scheduler or persistence engine gives ENOENT", async () => {
  assert.deepEqual(
    await codes(
      { kind: "service-add", service: { ...SERVICE, scheduler: "zz" } },
      { kind: "service-add", service: { ...SERVICE, persistenceEngine: "zz" } },
      ADD,
      { kind: "service-edit", service: { ...SERVICE, scheduler: "zz" } },
    ),
    ["ENOENT", "ENOENT", null, "ENOENT"],
  );
});

test("thresholds and families are checked", async () => {
  const bad: Partial<IpvsDestination>[] = [
    { lowerThreshold: 5, upperThreshold: 4 },
    { family: "inet6", address: "2001:db8::1" },
    { fwdMethod: "tunnel", tunnelType: "gue" },
  ];
  const commands = bad.map(
    (fields): IpvsCommand => ({
      kind: "destination-add",
      service: SERVICE,
      destination: { ...DESTINATION, ...fields },
    }),
  );
  assert.deepEqual(await codes(ADD, ...commands), [null, "ERANGE", "EINVAL", "EINVAL"]);
});

test("a tunnel may lead to the other family", async () => {
  const destination: IpvsDestination = { ...DESTINATION, family: "inet6", address: "2001:db8::1", fwdMethod: "tunnel" };
  assert.deepEqual(await codes(ADD, { kind: "destination-add", service: SERVICE, destination }), [null, null]);
});

test("a deleted service takes its destinations along", async () => {
  const table = createMemoryIpvsTable();
  await table.apply([ADD, ADD_DESTINATION, { kind: "service-delete", service: SERVICE }, ADD]);
  assert.deepEqual(await table.dump(), [{ service: SERVICE, destinations: [] }]);
});

test("a dump that would say nothing new is null, until something is done", async () => {
  const table = createMemoryIpvsTable();
  assert.deepEqual(await table.dumpIfChanged(), []);
  assert.equal(await table.dumpIfChanged(), null);
  await table.apply([ADD]);
  assert.deepEqual(await table.dumpIfChanged(), [{ service: SERVICE, destinations: [] }]);
  assert.equal(await table.dumpIfChanged(), null);
  assert.equal((await table.dump()).length, 1);
  assert.equal(await table.dumpIfChanged(), null);
});

test("failures carry the kernel's command, number and words", async () => {
  const table = createMemoryIpvsTable();
  const results = await table.apply([ADD, ADD]);
  assert.deepEqual(results[1], {
    syscall: "IPVS_CMD_NEW_SERVICE",
    errno: 17,
    code: "EEXIST",
    message: "File exists",
  });
});

test("timeouts of zero stay as they are", async () => {
  const table = createMemoryIpvsTable();
  await table.apply([{ kind: "set-timeouts", timeouts: { tcpSec: 60, tcpFinSec: 0, udpSec: 0 } }]);
  assert.deepEqual(await table.timeouts(), { tcpSec: 60, tcpFinSec: 120, udpSec: 300 });
});

test("a closed table refuses every call and closes twice", async () => {
  const table = createMemoryIpvsTable();
  table.close();
  table.close();
  await assert.rejects(table.dump(), { code: "ERR_CLOSED" });
  await assert.rejects(table.apply([]), { code: "ERR_CLOSED" });
});
