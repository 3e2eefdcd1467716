import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ERRORS } from "../../../src/snmp/answer.ts";
import type { Oid } from "../../../src/snmp/oid.ts";
import { integer, text, type VarBind } from "../../../src/snmp/values.ts";
import { type FindWritable, SetTransactions } from "../../../src/snmp/write.ts";

const SESSION = 7;

/** Objects 1 and 2 hold a number below 10; object 2 can't be written above 5. */
class Store {
  readonly values = new Map<number, number>([
    [1, 0],
    [2, 0],
  ]);
  readonly transactions = new SetTransactions();

  readonly find: FindWritable = ([id = 0, ...rest]: Oid) => {
    const before = this.values.get(id);
    if (before === undefined || rest.length > 0) return null;
    return {
      test: (value) => {
        if (value.kind !== "integer") return ERRORS.wrongType;
        return value.value < 10 ? ERRORS.none : ERRORS.wrongValue;
      },
      write: (value) => {
        if (value.kind !== "integer" || (id === 2 && value.value > 5)) return null;
        this.values.set(id, value.value);
        return () => this.values.set(id, before);
      },
    };
  };

  /** @returns the error and its index, `1@2`; "silent" for no answer */
  take(type: "test-set" | "commit-set" | "undo-set" | "cleanup-set", varBinds: readonly VarBind[] = []): string {
    const ids = { sessionId: SESSION, transactionId: 1, packetId: 1, hasContext: false };
    const request = type === "test-set" ? { ...ids, type, varBinds } : { ...ids, type };
    const response = this.transactions.take(request, SESSION, this.find);
    return response?.type === "response" ? `${response.error}@${response.index}` : "silent";
  }

  get shown(): string {
    return [...this.values.values()].join();
  }
}

const ONE = { oid: [1], value: integer(3) };

describe("sets (RFC 2741 §7.2.4)", () => {
  test("are tested, carried out and forgotten", () => {
    const store = new Store();
    assert.equal(store.take("test-set", [ONE, { oid: [2], value: integer(4) }]), "0@0");
    assert.equal(store.shown, "0,0");
    assert.equal(store.take("commit-set"), "0@0");
    assert.equal(store.shown, "3,4");
    assert.equal(store.take("cleanup-set"), "silent");
    assert.equal(store.take("commit-set"), `${ERRORS.commitFailed}@1`);
  });

  test("the variable that can't be set is named, and nothing is written", () => {
    const store = new Store();
    assert.equal(store.take("test-set", [ONE, { oid: [9], value: integer(1) }]), `${ERRORS.notWritable}@2`);
    assert.equal(store.take("test-set", [ONE, { oid: [2], value: text("x") }]), `${ERRORS.wrongType}@2`);
    assert.equal(store.take("test-set", [{ oid: [1], value: integer(10) }]), `${ERRORS.wrongValue}@1`);
    assert.equal(store.take("commit-set"), `${ERRORS.commitFailed}@1`);
    assert.equal(store.shown, "0,0");
  });

  test("when one fails after all, undoing takes back the others", () => {
    const store = new Store();
    assert.equal(store.take("test-set", [ONE, { oid: [2], value: integer(6) }]), "0@0");
    assert.equal(store.take("commit-set"), `${ERRORS.commitFailed}@2`);
    assert.equal(store.shown, "3,0");
    assert.equal(store.take("undo-set"), "0@0");
    assert.equal(store.shown, "0,0");
    assert.equal(store.take("undo-set"), `${ERRORS.undoFailed}@0`);
  });

  test("transactions that a master forgets do not pile up", () => {
    const { transactions, find } = new Store();
    const ids = { sessionId: SESSION, packetId: 1, hasContext: false };
    for (let transactionId = 0; transactionId < 100; transactionId += 1)
      transactions.take({ ...ids, transactionId, type: "test-set", varBinds: [ONE] }, SESSION, find);
    const commit = (transactionId: number): unknown =>
      transactions.take({ ...ids, transactionId, type: "commit-set" }, SESSION, find);
    assert.equal(JSON.stringify(commit(0)).includes(`"error":${ERRORS.commitFailed}`), true);
    assert.equal(JSON.stringify(commit(99)).includes('"error":0'), true);
  });

  test("a session that is not ours gets an error", () => {
    const { transactions, find } = new Store();
    const request = { sessionId: 8, transactionId: 1, packetId: 1, hasContext: false, type: "commit-set" } as const;
    const response = transactions.take(request, SESSION, find);
    assert.ok(response?.type === "response" && response.error === ERRORS.notOpen);
  });
});
