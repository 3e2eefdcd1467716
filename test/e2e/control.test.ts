import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

/** The control socket of a daemon with VRRP, and load balancing on an imagined table, asked by the commands. */

const skip = whyNoLab();
const HOLDFAST = join(ROOT, "bin", "holdfast");
const CONFIG = `vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 255
  virtual_ipaddress {
    10.0.0.100
  }
}
virtual_server 10.0.0.100 80 {
  delay_loop 1
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.0.0.1 80 {
    TCP_CHECK {
      connect_timeout 1
      retry 0
    }
  }
  real_server 10.0.0.2 80 {
  }
}
`;
const SOCKET = "/run/holdfast/control.sock";

let sandbox: Sandbox;

function waitFor(condition: string): string {
  return `for i in $(seq 100); do { ${condition}; } && break; sleep 0.05; done`;
}

async function withDaemon(script: string): Promise<string> {
  const lines = `cat > /run/a.conf <<'END'\n${CONFIG}END
export HOLDFAST_IPVS=memory
holdfast -nlG -f /run/a.conf 2> /run/a.log & D=$!
${waitFor(`[ -S ${SOCKET} ]`)}
${script}
kill $D 2> /dev/null; wait $D; true`;
  return sandbox.runOk([
    "sh",
    "-c",
    lines.replaceAll("holdfast -", `${HOLDFAST} -`).replaceAll("holdfast: ", `${HOLDFAST} `),
  ]);
}

before(async () => {
  if (skip !== false) return;
  sandbox = await Sandbox.open();
  const link = "ip link add eth0 type veth peer name peer0; ip link set peer0 up; ip link set eth0 up";
  await sandbox.runOk(["sh", "-c", `${link}; ip addr add 10.0.0.1/24 dev eth0`]);
});
after(async () => {
  if (skip === false) await sandbox.close();
});

test("status, events and origins are told; nobody else may ask; nothing is left behind", { skip }, async () => {
  const out = await withDaemon(`
stat -c %a ${SOCKET}
${waitFor("holdfast: status | grep -q 1/2")}
holdfast: status | sed 's/ \\+/ /g'
holdfast: events --json | grep -c '"message":"startup complete"'
holdfast: status --json | grep '"state"'
curl -s --unix-socket ${SOCKET} http://x/v1/config | grep -o 'virtual_router_id[^}]*}' | head -1
kill $D; wait $D; ls /run; holdfast: status 2> /dev/null`);
  assert.match(out, /^600\n/);
  assert.match(out, /\nVI_1 MASTER \d+ s eth0 51 255 1\n/);
  assert.match(out, /\n\[10\.0\.0\.100\]:tcp:80 rr 1\/2 yes\n/);
  assert.match(out, /\n1\n +"state": "active",\n/);
  assert.match(out, /"line":4/);
  assert.match(out, /\na\.conf\na\.log\n$/);
});

test("after kill -9 the next run takes the place; a second daemon goes without; a reload moves it", {
  skip,
}, async () => {
  const out = await withDaemon(`
kill -9 $D; wait $D
holdfast -nlG -f /run/a.conf 2> /run/a.log & D=$!
${waitFor("holdfast: status > /dev/null 2>&1")}
holdfast: status > /dev/null && echo answers
echo > /run/b.conf
holdfast -nlG -f /run/b.conf -p /run/b.pid -r /run/bv.pid -c /run/bc.pid 2> /run/b.log & B=$!
${waitFor('grep -q "not served" /run/b.log')}
grep -o "not served.*" /run/b.log; kill $B; wait $B
holdfast: status > /dev/null && echo answers
{ printf 'global_defs {\\n control_socket /run/own/c.sock daemon\\n}\\n'; cat /run/a.conf; } > /run/c.conf
mv /run/c.conf /run/a.conf; kill -HUP $D
${waitFor("[ -S /run/own/c.sock ]")}; ${waitFor("[ $(stat -c %a-%G /run/own/c.sock) = 660-daemon ]")}
stat -c %a-%G /run/own/c.sock
holdfast: status --socket /run/own/c.sock > /dev/null && echo moved
ls ${SOCKET} 2>&1 | grep -o 'No such.*'`);
  assert.equal(
    out,
    "answers\nnot served: another daemon has it\nanswers\n660-daemon\nmoved\nNo such file or directory\n",
  );
});

test("what an operator said about an instance survives kill -9, and no notify script hears of a fault", {
  skip,
}, async () => {
  const out = await withDaemon(`mount -t tmpfs state /var/lib
kill $D; wait $D; rm -f ${SOCKET}
sed -i 's/priority 255/priority 100\\n notify "\\/bin\\/sh \\/run\\/told"\\n advert_int 0.1\\n version 3/' /run/a.conf
printf 'global_defs {\\n script_user root\\n enable_script_security\\n}\\n' >> /run/a.conf
echo 'echo "$3" >> /run/states' > /run/told
start() { holdfast -nlG -f /run/a.conf 2>> /run/a.log & D=$!; ${waitFor(`holdfast: status > /dev/null 2>&1`)}; }
start
${waitFor("holdfast: status | grep -q MASTER")}
holdfast: vrrp force-backup VI_1 -m 'new kernel' --for 1h
stat -c '%a %U' /var/lib/holdfast /var/lib/holdfast/orders.json
${waitFor("holdfast: status | grep -q BACKUP")}
kill -9 $D; wait $D
start
sleep 1
holdfast: status | grep VI_1 | grep -o 'BACKUP .*'  | sed 's/ .* held/ held/; s/until .*Z/until T/'
ip -o addr show eth0 | grep -c 10.0.0.100
holdfast: vrrp release VI_1
${waitFor("holdfast: status | grep -q MASTER")}
ls /var/lib/holdfast 2>&1 | grep -o 'No such.*'
tr '\\n' ' ' < /run/states`);
  assert.equal(
    out,
    `force-backup: VI_1
700 root
600 root
BACKUP held by root until T: new kernel
0
release: VI_1
No such file or directory
BACKUP MASTER BACKUP BACKUP MASTER `,
  );
});

test("an instance is held back, weighed and released, and why says so; a reload is planned and done", {
  skip,
}, async () => {
  const out = await withDaemon(`
${waitFor("holdfast: status | grep -q MASTER")}
holdfast: vrrp force-backup VI_1 -m 'new kernel'
${waitFor("holdfast: status | grep -q BACKUP")}
ip -o addr show eth0 | grep -c 10.0.0.100
holdfast: status | grep -o 'held by .*: new kernel'
holdfast: why VI_1 | sed 's/^ *[0-9].*Z  //' | head -2
holdfast: vrrp release VI_1
${waitFor("holdfast: status | grep -q MASTER")}
ip -o addr show eth0 | grep -c 10.0.0.100
holdfast: vrrp priority VI_1 20 2> /dev/null; holdfast: vrrp release VI_9 2> /dev/null; echo status $?
sed -i 's/10.0.0.2 80/10.0.0.3 80/' /run/a.conf
holdfast: reload --plan
holdfast: reload; echo status $?
echo 'vrrp_instance VI_1 {' > /run/a.conf
holdfast: reload --plan > /dev/null 2>&1; echo status $?
holdfast: reload > /dev/null; echo status $?
holdfast: status | grep -c MASTER`);
  const lines = out.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 7), [
    "force-backup: VI_1",
    "0",
    "held by root: new kernel",
    "VI_1 is BACKUP",
    "MASTER -> BACKUP: an operator holds it back; holdfast status says who",
    "release: VI_1",
    "1",
  ]);
  assert.equal(lines[7], "status 1");
  assert.match(out, /status 1\n(.*\n)*.*10\.0\.0\.3(.*\n)*Reload complete\nstatus 0\nstatus 2\nstatus 2\n1\n$/);
});
