import assert from "node:assert/strict";
import { test } from "node:test";
import { createSnmpSetter, type SnmpSetterContext } from "../../../src/cli/snmp-setter.ts";
import { loadWhole } from "../../helpers/load-text.ts";

const TEXT = `vrrp_instance V {
 interface eth0
 virtual_router_id 51
 virtual_ipaddress {
  10.0.0.100
 }
}
`;

function context(operator: Partial<SnmpSetterContext["operator"]>): SnmpSetterContext {
  const unused = (): never => assert.fail("not asked for here");
  return {
    overrides: { list: unused, set: unused, clear: unused },
    operator: { orderFor: unused, give: unused, release: unused, setPreempt: unused, ...operator },
    configuration: () => loadWhole(TEXT).configuration,
    lvs: () => null,
    nowMs: () => 0,
  };
}

test("a set of preemption that is undone leaves what was set before, not what is configured", () => {
  const set: boolean[] = [];
  // The configuration says that it preempts; an earlier set said that it does not.
  let preempts = false;
  const operator: Partial<SnmpSetterContext["operator"]> = {
    setPreempt: (_name, wanted) => {
      const before = preempts;
      set.push(wanted);
      preempts = wanted;
      return before;
    },
  };
  const undo = createSnmpSetter(context(operator)).setPreempt("V", true);
  assert.equal(preempts, true);
  undo();
  assert.deepEqual(set, [true, false]);
});

test("the undo of a set for an instance that is not there does nothing", () => {
  const set: boolean[] = [];
  const operator: Partial<SnmpSetterContext["operator"]> = {
    setPreempt: (_name, wanted) => {
      set.push(wanted);
      return null;
    },
  };
  createSnmpSetter(context(operator)).setPreempt("V", false)();
  assert.deepEqual(set, [false]);
});
