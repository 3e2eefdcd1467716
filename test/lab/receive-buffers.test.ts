/** Receive buffers of netlink and advert sockets, as the kernel tells them of each daemon. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { run } from "../helpers/process.ts";
import { whyNoLab } from "./capabilities.ts";
import { vrrpConfig } from "./config.ts";
import { Daemon } from "./daemon.ts";
import type { Machine } from "./machine.ts";
import { daemonNames } from "./matrix.ts";
import { Network } from "./network.ts";

/** Takes each descriptor of a process for a moment and asks raw IPv4 sockets for their receive buffer. */
const RAW_BUFFERS = `
import ctypes, os, socket, sys
PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
process = os.pidfd_open(pid)
for name in os.listdir(f"/proc/{pid}/fd"):
    fd = libc.syscall(PIDFD_GETFD, process, int(name), 0)
    if fd < 0: continue
    try:
        with socket.socket(fileno=fd) as found:
            is_raw = found.type == socket.SOCK_RAW and found.family == socket.AF_INET
            if is_raw and found.getsockname()[0] == "224.0.0.18":
                print(found.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    except OSError:
        pass
`;

async function netlinkBuffers(machine: Machine): Promise<readonly number[]> {
  const text = await machine.runOk(["ss", "-f", "netlink", "-m"]);
  return [...text.matchAll(/^\S+\s+\S+\s+rtnl:(?!kernel).*\brb(\d+)/gm)].map((match) => Number(match[1]));
}

/** Of the sockets bound to VRRP's group, in all processes of a daemon. */
async function advertBuffers(daemon: Daemon): Promise<readonly number[]> {
  const found = await Promise.all(
    daemon.pids.map(async (pid) => (await run(["python3", "-c", RAW_BUFFERS, String(pid)])).stdout),
  );
  return found.flatMap((text) => text.split("\n").filter((line) => line !== "")).map(Number);
}

function config(...globalLines: readonly string[]): string {
  const instance = { version: 2 as const, advertInt: "1", virtualAddresses: ["192.168.1.100"] };
  const other = vrrpConfig({ ...instance, priority: 90, vrid: 52, extraLines: ["kernel_rx_buf_size 7000"] });
  const block = other.slice(other.indexOf("vrrp_instance")).replace("VI_1", "VI_2").replace(".100", ".101");
  return `${vrrpConfig({ ...instance, priority: 100, globalLines })}\n${block}`;
}

const PATIENCE_MS = 20_000;

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The kernel doubles what it is given. */
const told = (bytes: number): number => 2 * bytes;

describe("receive buffers", { skip: whyNoLab(["ss", "python3"]) }, () => {
  for (const name of daemonNames()) {
    test(`${name}: sizes at the start and after reloads`, async () => {
      const network = await Network.build();
      try {
        const machine = await network.addMachine({ name: "one", addresses: ["192.168.1.5/24"] });
        const text = config(
          "vrrp_netlink_monitor_rcv_bufs 60000",
          "vrrp_netlink_cmd_rcv_bufs 50000",
          "vrrp_rx_bufs_policy 5000",
        );
        const daemon = new Daemon(machine, { name, config: text });
        await daemon.logged("Startup complete");
        const has = async (...sizes: readonly number[]): Promise<boolean> => {
          const found = await netlinkBuffers(machine);
          return sizes.every((size) => found.includes(told(size)));
        };
        const adverts = async (size: number): Promise<boolean> => (await advertBuffers(daemon)).includes(told(size));
        await eventually("the first sizes", async () => (await has(60_000, 50_000)) && (await adverts(12_000)));
        daemon.reload(
          config(
            "vrrp_netlink_monitor_rcv_bufs 70000",
            "vrrp_netlink_monitor_rcv_bufs_force",
            "vrrp_rx_bufs_policy MTU",
          ),
        );
        await eventually("the second sizes", async () => (await has(70_000)) && (await adverts(11_500)));
        assert.equal(await has(50_000), false);
        assert.deepEqual(await daemon.terminate(), { status: 0, signal: null });
      } finally {
        await network.close();
      }
    });
  }
});
