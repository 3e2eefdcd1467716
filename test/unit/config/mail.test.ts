import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWhole } from "../../helpers/load-text.ts";

/** What is said of a mail server whose name this machine knows, does not know, or was not asked for. */
function complaints(server: string, isHostKnown?: (name: string) => boolean): readonly string[] {
  const text = `global_defs {\n  smtp_server ${server}\n}\n`;
  const loaded = loadWhole(text, {}, isHostKnown === undefined ? {} : { isHostKnown });
  return loaded.diagnostics.map(({ code, place }) => `${code} ${place?.line}:${place?.column} ${loaded.testExitCode}`);
}

test("a mail server whose name has no address is a complaint of the test, as with keepalived", () => {
  const asked: string[] = [];
  const knows = (answer: boolean) => (name: string) => {
    asked.push(name);
    return answer;
  };
  assert.deepEqual(complaints("mail.example.com 587", knows(false)), ["bad-smtp-server 2:15 5"]);
  assert.deepEqual(complaints("mail.example.com", knows(true)), []);
  assert.deepEqual(asked, ["mail.example.com", "mail.example.com"]);
});

test("an address is not looked up, and a start does not look up names", () => {
  const never = (): boolean => assert.fail("an address was looked up");
  assert.deepEqual(complaints("192.0.2.1", never), []);
  assert.deepEqual(complaints("2001:db8::1", never), []);
  assert.deepEqual(complaints("mail.example.com"), []);
});
