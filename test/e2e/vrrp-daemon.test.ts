import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Finished } from "../helpers/process.ts";
import { findProgram, ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

/** The daemon with something to do: VRRP on a link of its own, and load balancing on an imagined table. */

const skip = whyNoLab();
const skipWithoutPython = skip === false && findProgram("python3") === null ? "needs python3 to listen" : skip;
const HOLDFAST = join(ROOT, "bin", "holdfast");

/** An address owner, which is active at once. */
const VRRP = `vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 255
  virtual_ipaddress {
    10.0.0.100
  }
}
`;
const LVS = `virtual_server 10.0.0.100 80 {
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
}
`;
const HAS_VIP = "ip -o addr show eth0 | grep -q 10.0.0.100";

let sandbox: Sandbox;

function waitFor(condition: string): string {
  return `for i in $(seq 100); do { ${condition}; } && break; sleep 0.05; done`;
}

function withConfig(config: string, script: string): Promise<Finished> {
  const lines = `cat > /run/a.conf <<'END'\n${config}\nEND\n${script}`;
  return sandbox.run(["sh", "-c", lines.replaceAll("holdfast ", `${HOLDFAST} `)]);
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
beforeEach(async () => {
  if (skip === false) await sandbox.runOk(["sh", "-c", "rm -rf /run/*; ip addr del 10.0.0.100/32 dev eth0 || true"]);
});

test("VRRP: pid files of what runs, the VIP comes and goes with the daemon", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf; echo status $?
ls /run/*.pid; cmp /run/keepalived.pid /run/vrrp.pid && echo same
${waitFor(HAS_VIP)}; ${HAS_VIP} && echo vip
kill $(cat /run/vrrp.pid); ${waitFor("[ ! -e /run/vrrp.pid ]")}
${HAS_VIP} || echo gone; ls /run`;
  const { stdout, stderr } = await withConfig(VRRP, script);
  assert.equal(stderr, "");
  assert.equal(stdout, "status 0\n/run/keepalived.pid\n/run/vrrp.pid\nsame\nvip\ngone\na.conf\n");
});

test("signals write the statistics, zero them, and write JSON and data; a symbolic link stays", { skip }, async () => {
  const script = `
export TMPDIR=/run/t; mkdir $TMPDIR
holdfast -nlG -f /run/a.conf 2> /run/a.log &
${waitFor("grep -q 'Startup complete' /run/a.log")}; ${waitFor(HAS_VIP)}
kill -USR2 $!; ${waitFor("[ -e /run/t/keepalived.stats ]")}; head -n 6 /run/t/keepalived.stats | grep -v Sent
kill -s 63 $!; ${waitFor("grep -q 'STATS_CLEAR asked' /run/a.log")}; grep Became /run/t/keepalived.stats
rm /run/t/keepalived.stats
kill -USR2 $!; ${waitFor("[ -e /run/t/keepalived.stats ]")}; grep Became /run/t/keepalived.stats
kill -s 36 $!; ${waitFor("[ -e /run/t/keepalived.json ]")}; grep -o '"vips":.*"auth_type":0' /run/t/keepalived.json
ln -s /run/victim /run/t/keepalived.data
kill -USR1 $!; ${waitFor("grep -q 'cannot write' /run/a.log")}; [ -e /run/victim ] || echo safe; rm /run/t/keepalived.data
kill -USR1 $!; ${waitFor("[ -e /run/t/keepalived.data -a -e /run/t/keepalived_parent.data ]")}; grep -A2 '^ VRRP Instance' /run/t/keepalived.data
stat -c '%n %a' /run/t/*; kill $!; wait $!; echo status $?`;
  const { stdout } = await withConfig(VRRP, script);
  assert.equal(
    stdout,
    [
      "VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n  Became master: 1\n  Released master: 0",
      "  Became master: 1\n  Became master: 0",
      '"vips":["10.0.0.100 dev eth0 scope global set"],"auth_type":0',
      "safe\n VRRP Instance = VI_1\n   VRRP Version = 2\n   State = MASTER",
      "/run/t/keepalived.data 600\n/run/t/keepalived.json 600\n/run/t/keepalived.stats 600\n/run/t/keepalived_parent.data 600\nstatus 0\n",
    ].join("\n"),
  );
});

test("-V leaves the VIP, -C leaves VRRP out", { skip }, async () => {
  const script = `
holdfast -G -V -f /run/a.conf; ${waitFor(HAS_VIP)}
kill $(cat /run/vrrp.pid); ${waitFor("[ ! -e /run/vrrp.pid ]")}
${HAS_VIP} && echo kept; ip addr del 10.0.0.100/32 dev eth0
holdfast -C -G -f /run/a.conf; echo status $?; ls /run/*.pid; ${HAS_VIP} || echo no vip
kill $(cat /run/keepalived.pid); ${waitFor("[ ! -e /run/keepalived.pid ]")}`;
  const { stdout } = await withConfig(VRRP, script);
  assert.equal(stdout, "kept\nstatus 0\n/run/keepalived.pid\nno vip\n");
});

test("reload: a bad file leaves the VIP, a good one changes it without giving up the rest", { skip }, async () => {
  const script = `
holdfast -nlG -f /run/a.conf 2> /run/a.log &
${waitFor(HAS_VIP)}
cp /run/a.conf /run/good.conf
sed -i s/eth0/nope0/ /run/a.conf; kill -HUP $!
${waitFor("grep -q 'Reload refused' /run/a.log")}; ${HAS_VIP} && echo kept
sed 's/10.0.0.100/10.0.0.100\\n10.0.0.101/' /run/good.conf > /run/a.conf; kill -HUP $!
${waitFor("ip -o addr show eth0 | grep -q 10.0.0.101")}; ${HAS_VIP} && echo both
kill $!; wait $!; echo status $?
ip -o addr show eth0 | grep -c '10.0.0.10[01]'
cat /run/a.log`;
  const { stdout } = await withConfig(VRRP, script);
  assert.match(stdout, /^kept\nboth\nstatus 0\n0\n/);
  assert.match(stdout, /\(\/run\/a.conf: Line 3, column 13\) .*nope0\n.*Reload refused/);
  assert.equal(stdout.match(/Entering MASTER STATE/g)?.length, 1);
});

test("-P and the load-balancing half: a dead server leaves the pool; without IPVS nothing starts", {
  skip,
}, async () => {
  const script = `
HOLDFAST_IPVS=memory holdfast -nlG -f /run/a.conf 2> /run/a.log &
${waitFor("grep -q 'Removing service' /run/a.log")}
ls /run/*.pid; kill $!; wait $!; echo status $?
HOLDFAST_IPVS=memory holdfast -P -nlG -f /run/a.conf 2> /run/b.log &
${waitFor("grep -q 'Startup complete' /run/b.log")}
ls /run/*.pid; kill $!; wait $!; echo status $?
grep -E 'NOT FOR PRODUCTION|TCP_CHECK|Removing' /run/a.log | cut -d' ' -f6-`;
  const { stdout } = await withConfig(VRRP + LVS, script);
  assert.equal(
    stdout,
    [
      "/run/checkers.pid\n/run/keepalived.pid\n/run/vrrp.pid\nstatus 0",
      "/run/keepalived.pid\n/run/vrrp.pid\nstatus 0",
      "WARNING - HOLDFAST_IPVS=memory: no traffic is balanced, this is NOT FOR PRODUCTION",
      "TCP_CHECK on service [10.0.0.1]:tcp:80 failed.",
      "Removing service [10.0.0.1]:tcp:80 from VS [10.0.0.100]:tcp:80\n",
    ].join("\n"),
  );
});

test("a namespace's own interfaces count, not those of the place where the daemon was started", { skip }, async () => {
  const script = `
mkdir -p /run/netns; ip netns add blue; ip -n blue link add blue0 type veth peer name peer0
ip -n blue addr add 10.0.0.1/24 dev blue0; ip -n blue link set peer0 up; ip -n blue link set blue0 up
sed -i s/eth0/blue0/ /run/a.conf
holdfast -t -f /run/a.conf; echo status $?
holdfast -G -f /run/a.conf; echo status $?
kill $(cat /run/keepalived/blue/vrrp.pid); ${waitFor("[ ! -e /run/keepalived ]")}
sed -i s/blue0/eth0/ /run/a.conf
holdfast -t/run/t.log -f /run/a.conf; echo status $?
holdfast -G -f /run/a.conf; echo status $?
ip netns del blue`;
  const { stdout, stderr } = await withConfig(`net_namespace blue\n${VRRP}`, script);
  assert.equal(stdout, "status 0\nstatus 0\nstatus 5\nstatus 2\n");
  assert.match(stderr, /^\(\/run\/a.conf: Line 4, column 13\) .*eth0\n$/);
});

test("net_namespace and -s: the work is done there", { skip }, async () => {
  const script = `
mkdir -p /run/netns; ip netns add blue
ip -n blue link add eth0 type veth peer name peer0; ip -n blue link set peer0 up; ip -n blue link set eth0 up
ip -n blue addr add 10.0.0.1/24 dev eth0
holdfast -G -f /run/a.conf; echo status $?
ls /run/keepalived/blue
${waitFor("ip -n blue -o addr show eth0 | grep -q 10.0.0.100")}
ip -n blue -o addr show eth0 | grep -c 10.0.0.100; ${HAS_VIP} || echo not here
kill $(cat /run/keepalived/blue/vrrp.pid); ${waitFor("[ ! -e /run/keepalived ]")}
sed -i /net_namespace/d /run/a.conf
holdfast -s blue -G -f /run/a.conf; echo status $?
${waitFor("ip -n blue -o addr show eth0 | grep -q 10.0.0.100")}; ${HAS_VIP} || echo not here
kill $(cat /run/keepalived/blue/vrrp.pid); ${waitFor("[ ! -e /run/keepalived ]")}
ip netns del blue`;
  const { stdout, stderr } = await withConfig(`net_namespace blue\n${VRRP}`, script);
  assert.equal(stderr, "");
  assert.equal(stdout, "status 0\nkeepalived.pid\nvrrp.pid\n1\nnot here\nstatus 0\nnot here\n");
});

const LISTEN = `import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.settimeout(10)
print("listening", flush=True)
try:
    while True:
        text = s.recv(9000).decode(); print(text.replace(chr(10), " "), flush=True)
        if sys.argv[2] in text: break
except TimeoutError: pass`;

test("syslog: keepalived's idents by part; the service manager hears of it all", {
  skip: skipWithoutPython,
}, async () => {
  const script = `
mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3
python3 -c '${LISTEN}' /dev/log 'Stopped holdfast' > /run/syslog.txt &
python3 -c '${LISTEN}' /run/notify STOPPING > /run/notify.txt &
${waitFor("grep -q listening /run/syslog.txt && grep -q listening /run/notify.txt")}
NOTIFY_SOCKET=/run/notify holdfast -n -f /run/a.conf -S local3 &
D=$!
${waitFor("grep -q MASTER /run/syslog.txt")}
cp /run/a.conf /run/good.conf; echo 'vrrp_instance VI_1 {' > /run/a.conf
kill -HUP $D; ${waitFor("grep -q 'Reload refused' /run/syslog.txt")}
cp /run/good.conf /run/a.conf
kill -HUP $D; ${waitFor("grep -q 'Reload complete' /run/syslog.txt")}
kill $D; wait; umount /dev; grep -v listening /run/syslog.txt; grep -v listening /run/notify.txt`;
  const { stdout } = await withConfig(VRRP, script);
  assert.match(stdout, /^<158>\w{3} [ \d]\d \d\d:\d\d:\d\d Keepalived\[\d+\]: Starting holdfast v/);
  assert.match(stdout, /Keepalived_vrrp\[\d+\]: \(VI_1\) Entering MASTER STATE/);
  assert.match(stdout, /Keepalived\[\d+\]: Stopped holdfast v/);
  const reload = /RELOADING=1 MONOTONIC_USEC=\d+\nSTATUS=(Running .*: |Running; .*complete\n)/g;
  const outcomes = [...stdout.matchAll(reload)].map(([, status = ""]) => status);
  assert.equal(outcomes.length, 2, stdout);
  assert.match(outcomes[0] ?? "", /refused/);
  assert.match(stdout, /^STATUS=Running .* refused: \/run\/a\.conf:1:15: /m);
  assert.match(stdout, /READY=1 MAINPID=\d+\nRELOADING[\s\S]*complete\nREADY=1 MAINPID=\d+\nSTOPPING=1\n$/);
});

test("an internal error is told, releases the VIP and has keepalived's code for it", { skip }, async () => {
  const boom = "setTimeout(() => { throw new Error(`boom`) }, 1500)";
  const script = `
NODE_OPTIONS='--import="data:text/javascript,${boom}"' holdfast -nG -f /run/a.conf & 
${waitFor(HAS_VIP)}; ${HAS_VIP} && echo vip; wait $!; echo status $?
${HAS_VIP} || echo gone; ls /run/*.pid`;
  const { stdout, stderr } = await withConfig(VRRP, script);
  assert.equal(stdout, "vip\nstatus 70\ngone\n");
  assert.match(stderr, /^holdfast: internal error: Error: boom\n +at /);
});
