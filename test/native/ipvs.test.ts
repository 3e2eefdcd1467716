import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { addon } from "./netlink-helpers.ts";

const skip = existsSync("/proc/net/ip_vs") ? "this kernel has IPVS" : false;

describe("IPVS without a kernel that has it", { skip }, () => {
  it("is an error that says what to do, each time", () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(
        () => addon.openIpvs(),
        (error: unknown) => {
          assert.ok(error instanceof Error && "code" in error);
          const expected: Readonly<Record<string, RegExp>> = { ENOENT: /modprobe ip_vs/, EPERM: /CAP_NET_ADMIN/ };
          assert.match(error.message, expected[String(error.code)] ?? /^$/);
          return true;
        },
      );
    }
  });
});
