import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Finished } from "../helpers/process.ts";
import { ROOT } from "../helpers/repository.ts";
import { whyNoLab } from "../lab/capabilities.ts";
import { Sandbox } from "../lab/sandbox.ts";

/** The executable as a user meets it: start, files, signals, refusals. One sandbox, and nothing of it is left. */

const skip = whyNoLab();
const HOLDFAST = join(ROOT, "bin", "holdfast");
const INTERFACE = "ip link add eth0 type veth peer name peer0; ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up";
const CLEAN = "rm -rf /run/keepalived* /run/vrrp.pid /run/checkers.pid /run/*.conf /run/*.log";

const VRRP = `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    10.0.0.100
  }
}
`;

let sandbox: Sandbox;

function sh(script: string): Promise<Finished> {
  return sandbox.run(["sh", "-c", script.replaceAll("holdfast ", `${HOLDFAST} `)]);
}

/** Writes /run/a.conf and runs a script with `holdfast` in it. */
function withConfig(config: string, script: string): Promise<Finished> {
  return sh(`cat > /run/a.conf <<'END'\n${config}\nEND\n${script}`);
}

/** Waits, in the shell, for a condition; at most 5 s. */
function waitFor(condition: string): string {
  return `for i in $(seq 100); do ${condition} && break; sleep 0.05; done`;
}

const STOP = `kill $(cat /run/keepalived.pid); ${waitFor("[ ! -e /run/keepalived.pid ]")}`;

before(async () => {
  if (skip !== false) return;
  sandbox = await Sandbox.open();
  await sandbox.runOk(["sh", "-c", INTERFACE]);
});
after(async () => {
  if (skip === false) await sandbox.close();
});
beforeEach(async () => {
  if (skip === false) await sandbox.runOk(["sh", "-c", CLEAN]);
});

test("the command returns when the daemon is up: session, folder, streams, name, pid file", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf; echo status $?
P=$(cat /run/keepalived.pid)
stat -c '%a %F' /run/keepalived.pid
ls /run/*.pid
echo cwd $(readlink /proc/$P/cwd) streams $(readlink /proc/$P/fd/0 /proc/$P/fd/1 /proc/$P/fd/2)
[ "$(ps -o sid= -p $P | tr -d ' ')" = $P ] && echo own session
cat /proc/$P/comm
tr '\\0' ' ' < /proc/$P/environ | grep -c HOLDFAST_STATUS
${STOP}
ls /run`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.equal(stderr, "");
  const lines = stdout.trim().split("\n");
  assert.deepEqual(lines.slice(0, 6), [
    "status 0",
    "644 regular file",
    "/run/keepalived.pid",
    "cwd / streams /dev/null /dev/null /dev/null",
    "own session",
    "holdfast",
  ]);
  assert.ok(!lines.includes("keepalived.pid"), stdout);
});

test("a second daemon says so, exits 0 and leaves the first alone", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf
P=$(cat /run/keepalived.pid)
holdfast -G -f /run/a.conf; echo status $?
holdfast -n -G -f /run/a.conf; echo status $?
[ "$(cat /run/keepalived.pid)" = $P ] && kill -0 $P && echo first lives
${STOP}`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.equal(stdout, "status 0\nstatus 0\nfirst lives\n");
  assert.match(stderr, /^(daemon is already running \(pid \d+, \S+\)\n){2}$/);
});

test("when the command returns, the next one finds the control socket", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf; echo status $?
ls /run/holdfast/*.sock
${STOP}`;
  const { stdout } = await withConfig("# nothing", script);
  assert.equal(stdout, "status 0\n/run/holdfast/control.sock\n");
});

test("a stale pid file is taken over; a symbolic link is refused and its target untouched", { skip }, async () => {
  const script = `
echo 99999 > /run/keepalived.pid
holdfast -G -f /run/a.conf; echo status $?
[ "$(cat /run/keepalived.pid)" != 99999 ] && echo replaced
${STOP}
echo precious > /run/keepalived.target
ln -s /run/keepalived.target /run/keepalived.pid
holdfast -G -f /run/a.conf; echo status $?
cat /run/keepalived.target`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.equal(stdout, "status 0\nreplaced\nstatus 1\nprecious\n");
  assert.equal(
    stderr,
    "Cannot write pid file /run/keepalived.pid: it is a symbolic link (ELOOP); -p, -r, -c and -b name other places\n",
  );
});

test("pid files go where the flags say", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf -p /run/keepalived-x.pid; echo status $?
ls /run/*.pid
kill $(cat /run/keepalived-x.pid); ${waitFor("[ ! -e /run/keepalived-x.pid ]")}
cd /run; holdfast -G -f a.conf --pid=keepalived-y.pid; echo status $?
ls /run/*.pid
kill $(cat /run/keepalived-y.pid); ${waitFor("[ ! -e /run/keepalived-y.pid ]")}; ls /run`;
  const { stdout } = await withConfig("# nothing", script);
  assert.equal(stdout, "status 0\n/run/keepalived-x.pid\nstatus 0\n/run/keepalived-y.pid\na.conf\n");
});

test("instance: pid files in their own folder, which goes with them", { skip }, async () => {
  const script = `
holdfast -G -f /run/a.conf; echo status $?
ls /run/keepalived
kill $(cat /run/keepalived/keepalived_blue.pid); ${waitFor("[ ! -e /run/keepalived ]")}
ls /run`;
  const { stdout } = await withConfig("instance blue", script);
  assert.equal(stdout, "status 0\nkeepalived_blue.pid\na.conf\n");
});

test("every signal but TERM and INT leaves it alive, and those end it with 0", { skip }, async () => {
  const script = `
holdfast -n -l -G -f /run/a.conf 2> /run/a.log &
${waitFor("grep -q 'Startup complete' /run/a.log")}
for s in PIPE USR1 USR2 ALRM VTALRM IO PWR STKFLT XCPU XFSZ WINCH URG CHLD CONT HUP $(seq 34 64); do kill -$s $!; done
${waitFor("grep -q 'Reload complete' /run/a.log")}
kill -0 $! && echo alive
kill -TERM $!; wait $!; echo status $?
holdfast -n -l -G -f /run/a.conf 2> /run/b.log &
${waitFor("grep -q 'Startup complete' /run/b.log")}
kill -INT $!; wait $!; echo status $?
cat /run/a.log`;
  const { stdout } = await withConfig("# nothing", script);
  assert.match(stdout, /^alive\nstatus 0\nstatus 0\n/);
  for (const text of ["Starting holdfast v", "Reloading ...", "Reload complete", "Stopping", "Stopped holdfast v"]) {
    assert.ok(stdout.includes(`: ${text}`), stdout);
  }
  assert.match(stdout, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: Startup complete$/m);
});

test("a bad configuration at reload is refused with its reasons, and the next good one is taken", {
  skip,
}, async () => {
  const script = `
holdfast -n -l -G -f /run/a.conf 2> /run/a.log &
${waitFor("grep -q 'Startup complete' /run/a.log")}
rm /run/a.conf; kill -HUP $!
${waitFor("grep -q 'Reload refused' /run/a.log")}
echo 'instance other' > /run/a.conf; kill -HUP $!
${waitFor("[ $(grep -c 'Reload refused' /run/a.log) = 2 ]")}
echo '# nothing' > /run/a.conf; kill -HUP $!
${waitFor("grep -q 'Reload complete' /run/a.log")}
kill $!; wait $!; echo status $?
cat /run/a.log`;
  const { stdout } = await withConfig("# nothing", script);
  assert.match(stdout, /^status 0\n/);
  assert.match(
    stdout,
    /there is no file "\/run\/a.conf"\n.*Reload refused: there is no file .*; the running configuration stays/,
  );
  assert.match(stdout, /a restart is needed: instance\n.*Reload refused/);
  assert.match(stdout, /Reload complete\n/);
});

interface BadStart {
  readonly name: string;
  readonly config: string;
  /** Runs `holdfast`. */
  readonly command: string;
  readonly status: number;
  readonly stderr: RegExp;
}

const BAD_STARTS: readonly BadStart[] = [
  {
    name: "a configuration that is not there",
    config: "",
    command: "holdfast -G -f /run/none.conf",
    status: 6,
    stderr: /^there is no file "\/run\/none.conf"\n$/,
  },
  {
    name: "the same in the foreground",
    config: "",
    command: "holdfast -n -G -f /run/none.conf",
    status: 6,
    stderr: /^there is no file "\/run\/none.conf"\n$/,
  },
  {
    name: "an interface that is not there",
    config: VRRP.replace("eth0", "nope0"),
    command: "holdfast -G -f /run/a.conf",
    status: 2,
    stderr: /^\(\/run\/a.conf: Line 3, column \d+\) .*nope0.*\n$/,
  },
  {
    name: "a namespace that is not there",
    config: VRRP,
    command: "holdfast -G -s none -f /run/a.conf",
    status: 1,
    stderr: /^Cannot enter network namespace none: .*\n$/,
  },
  {
    name: "no permission",
    config: VRRP,
    command: "setpriv --bounding-set -net_admin,-net_raw holdfast -G -f /run/a.conf",
    status: 4,
    stderr: /^No permission: CAP_NET_ADMIN CAP_NET_RAW needed; run as root\n$/,
  },
  {
    name: "a pid file in a folder that is not there",
    config: "# nothing",
    command: "holdfast -G -p /run/none/a.pid -f /run/a.conf",
    status: 1,
    stderr: /^Cannot write pid file \/run\/none\/a.pid: its folder is not there \(ENOENT\); .*\n$/,
  },
];

for (const { name, config, command, status, stderr } of BAD_STARTS) {
  test(`one message, keepalived's status and no trace: ${name}`, { skip }, async () => {
    const result = await withConfig(
      config,
      `ip -o addr > /run/before; ${command}; echo status $?
ip -o addr | cmp - /run/before && ls /run/*.pid`,
    );
    assert.match(result.stderr.replace(/^ls: .*\n/m, ""), stderr);
    assert.equal(result.stdout, `status ${status}\n`);
  });
}

test("started from a folder that is gone, and without standard streams", { skip }, async () => {
  const script = `
mkdir /run/keepalived; cd /run/keepalived; rmdir /run/keepalived
holdfast -t -f /run/a.conf; echo status $?
holdfast check /run/a.conf
holdfast -G -f /run/a.conf <&- >&- 2>&-; echo status $?
${STOP}`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.equal(stderr, "");
  assert.equal(stdout, "status 0\n/run/a.conf: no problems found\nstatus 0\n");
});

test("of several daemons started at once one stays", { skip }, async () => {
  const script = `
${waitFor("! pgrep -x 'holdfast' > /run/pgrep.log")}
for i in 1 2 3 4; do holdfast -G -f /run/a.conf & done; wait
pgrep -xc holdfast; [ "$(pgrep -x holdfast)" = "$(cat /run/keepalived.pid)" ] && echo its pid
${STOP}`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.equal(stdout, "1\nits pid\n");
  assert.match(stderr, /^(daemon is already running \(pid \d+, \S+\)\n){3}$/);
});

test("in the background nothing holds or writes to the caller's streams, not even with -l", { skip }, async () => {
  const script = `
text=$(holdfast -l -D -G -f /run/a.conf 2>&1); echo "status $? text '$text'"
${STOP}`;
  const { stdout, stderr } = await withConfig("# nothing", script);
  assert.deepEqual([stdout, stderr], ["status 0 text ''\n", ""]);
});

test("a stop that comes while the program is still loading ends it with 0", { skip }, async () => {
  const script = `
holdfast -n -G -f /run/a.conf & D=$!
${waitFor('[ "$(cat /proc/$D/comm)" = holdfast ]')}
kill -HUP $D; kill -TERM $D; wait $D; echo status $?; ls /run | grep -c pid`;
  const { stdout } = await withConfig("# nothing", script);
  assert.equal(stdout, "status 0\n0\n");
});

test("-t: status, complaints on standard error or appended to a file, nothing written elsewhere", {
  skip,
}, async () => {
  const bad = VRRP.replace("10.0.0.100", "10.0.0.999");
  const script = `
holdfast -t -f /run/a.conf; echo status $?
holdfast -t/run/t.log -f /run/a.conf; echo status $?
holdfast --config-test=/run/t.log -f /run/a.conf; echo status $?
grep -c 10.0.0.999.*bad-address /run/t.log; stat -c %a /run/t.log
ls /run/*.pid`;
  const { stdout, stderr } = await withConfig(bad, script);
  assert.equal(stdout, "status 5\nstatus 5\nstatus 5\n2\n644\n");
  assert.match(stderr, /^\/run\/a.conf:7:5: error: .*10\.0\.0\.999/m);
  const good = await withConfig(VRRP, "holdfast -t -f /run/a.conf; echo status $?");
  assert.deepEqual([good.stdout, good.stderr], ["status 0\n", ""]);
});

test("the log goes to a file and as JSON where it is asked for", { skip }, async () => {
  const script = `
holdfast -G -g/run/text.log -f /run/a.conf; ${STOP}
holdfast -G -g/run/json.log --log-format=json -f /run/a.conf; ${STOP}
grep -c 'Startup complete$' /run/text.log; tail -1 /run/text.log; cat /run/json.log`;
  const { stdout } = await withConfig("# nothing", script);
  const [count, last, ...json] = stdout.trim().split("\n");
  assert.equal(count, "1");
  assert.match(last ?? "", /: Stopped holdfast v/);
  const entries: readonly Record<string, unknown>[] = json.map((line) => JSON.parse(line));
  const complete = entries.find((entry) => entry["msg"] === "startup complete");
  assert.equal(complete?.["text"], "Startup complete");
  assert.equal(complete?.["subsystem"], "daemon");
});
