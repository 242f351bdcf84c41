/**
 * Open vSwitch with DPDK (netdev datapath), started by the test in a namespace and a folder of its own: a bridge whose two
 * ports are vhost-user clients, and flows from each to the other.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeNetns } from "./netns.js";

export const vswitchd = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk";

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("exit", resolve));

export class OpenVSwitch implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "pktgen-ts-ovs-"));
  readonly #netns = makeNetns();
  readonly #children: ChildProcess[] = [];

  /** The socket of port 1 or 2: the switch connects to it. */
  socket(port: 1 | 2): string {
    return join(this.#folder, `p${port}.sock`);
  }

  /** A pattern and a command for `--hop`: what port `port` counted. */
  counter(port: 1 | 2, pattern: string): string {
    return `command:/${pattern}/:ovs-ofctl dump-ports ${join(this.#folder, "br0.mgmt")} ${port}`;
  }

  /** Frames that flows dropped, or took: counters of flows stay when a port's peer goes. */
  flowPackets(port: 1 | 2): number {
    const flows = this.#tool("ovs-ofctl", "dump-flows", join(this.#folder, "br0.mgmt"), `in_port=${port}`);
    return Number(/n_packets=(\d+)/.exec(flows)![1]);
  }

  async start(): Promise<void> {
    const database = join(this.#folder, "db.sock");
    this.#tool("ovsdb-tool", "create", join(this.#folder, "conf.db"), "/usr/share/openvswitch/vswitch.ovsschema");
    this.#run("ovsdb-server", join(this.#folder, "conf.db"), `--remote=punix:${database}`);
    const set = (...args: readonly string[]): string =>
      this.#tool("ovs-vsctl", `--db=unix:${database}`, "--retry", "--timeout=30", ...args);
    set("--no-wait", "init");
    const dpdk = [
      "dpdk-init=true",
      "pmd-cpu-mask=0x2",
      "dpdk-lcore-mask=0x1",
      "dpdk-extra=--no-pci",
      "dpdk-socket-mem=256",
    ];
    set("--no-wait", "set", "Open_vSwitch", ".", ...dpdk.map((option) => `other_config:${option}`));
    const inside = ["netns", "exec", this.#netns.name, vswitchd, `unix:${database}`];
    this.#run("ip", ...inside, `--unixctl=${join(this.#folder, "ctl")}`);
    set("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev");
    for (const port of [1, 2] as const) {
      const options = ["type=dpdkvhostuserclient", `options:vhost-server-path=${this.socket(port)}`];
      set("add-port", "br0", `p${port}`, "--", "set", "Interface", `p${port}`, ...options, `ofport_request=${port}`);
    }
    const bridge = join(this.#folder, "br0.mgmt");
    this.#tool("ovs-ofctl", "del-flows", bridge);
    this.#tool("ovs-ofctl", "add-flow", bridge, "in_port=1,actions=output:2");
    this.#tool("ovs-ofctl", "add-flow", bridge, "in_port=2,actions=output:1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const over = ended(child);
      child.kill("SIGTERM");
      await over;
    }
    this.#netns[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #environment(): NodeJS.ProcessEnv {
    const folders = ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"].map((name) => [name, this.#folder]);
    return { ...process.env, ...Object.fromEntries(folders) };
  }

  #run(program: string, ...args: readonly string[]): void {
    this.#children.push(spawn(program, args, { env: this.#environment, stdio: "ignore" }));
  }

  #tool(program: string, ...args: readonly string[]): string {
    return execFileSync(program, args, { encoding: "utf8", env: this.#environment, stdio: ["ignore", "pipe", "pipe"] });
  }
}
