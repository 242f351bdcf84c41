/**
 * A small launcher of dpdk-testpmd for the benchmarks: one process, ordinary memory (no hugepages), commands and
 * answers over pipes. testpmd writes its prompt unbuffered and its output through stdio, so `stdbuf -oL` keeps them
 * in order.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { peerCpu } from "./place.js";

export const hasTestpmd = (): boolean => spawnSync("sh", ["-c", "command -v dpdk-testpmd"]).status === 0;

export interface TestpmdOptions {
  readonly directory: string;
  readonly prefix: string;
  readonly cpu: number;
  readonly vdevs: readonly string[];
  /** More EAL and testpmd arguments. */
  readonly eal?: readonly string[];
  readonly app?: readonly string[];
}

export class Testpmd {
  readonly #child: ChildProcess;
  #text = "";
  #trouble = "";
  #onText: (() => void) | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const take = (chunk: Buffer): void => {
      this.#text += chunk.toString();
      this.#onText?.();
    };
    child.stdout!.on("data", take);
    // Kept apart: the prompt comes byte by byte, and a warning in the middle of it would hide it.
    child.stderr!.on("data", (chunk: Buffer) => {
      this.#trouble += chunk.toString();
    });
  }

  static async start(options: TestpmdOptions): Promise<Testpmd> {
    mkdirSync(options.directory, { recursive: true });
    const { cpu } = options;
    const args = ["-oL", "dpdk-testpmd", "--no-huge", "-m", "512", "--no-pci", `--file-prefix=${options.prefix}`];
    args.push("--lcores", `0@${cpu},1@${cpu}`, ...(options.eal ?? []));
    for (const vdev of options.vdevs) args.push("--vdev", vdev);
    args.push("--", "-i", "--no-mlockall", "--total-num-mbufs=16384", "--no-flush-rx", ...(options.app ?? []));
    const child = spawn("stdbuf", args, { env: { ...process.env, XDG_RUNTIME_DIR: options.directory } });
    const testpmd = new Testpmd(child);
    await testpmd.#waitFor("testpmd> ", 20_000);
    return testpmd;
  }

  /** On the peer's CPU, the other end of a generator's socket: `mode` is what it does with frames. */
  static onSocket({ directory, socket, mode }: { directory: string; socket: string; mode: string }): Promise<Testpmd> {
    const vdevs = [`net_vhost0,iface=${socket},queues=1,client=0`];
    return Testpmd.start({ directory, prefix: mode, cpu: peerCpu, vdevs, app: [`--forward-mode=${mode}`] });
  }

  /** Types a command; resolves with what came up to the next prompt. */
  async command(line: string): Promise<string> {
    this.#text = "";
    this.#child.stdin!.write(`${line}\n`);
    return this.#waitFor("testpmd> ", 10_000);
  }

  /** Frames received and sent per second by port 0 since the call before. */
  async rates(): Promise<{ rxPps: number; txPps: number; rxPackets: number; txPackets: number }> {
    const text = await this.command("show port stats 0");
    const figure = (label: string): number => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(text)?.[1] ?? Number.NaN);
    return {
      rxPps: figure("Rx-pps"),
      txPps: figure("Tx-pps"),
      rxPackets: figure("RX-packets"),
      txPackets: figure("TX-packets"),
    };
  }

  /** CPU time that its threads have had so far, in ns. */
  cpuNs(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    return readdirSync(tasks).reduce(
      (sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]),
      0,
    );
  }

  async quit(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    if (this.#child.exitCode !== null) return;
    this.#child.stdin!.write("quit\n");
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(patience);
  }

  #waitFor(mark: string, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.#onText = null;
        reject(new Error(`testpmd did not answer:\n${this.#text.slice(-2000)}${this.#trouble.slice(-2000)}`));
      }, timeoutMs);
      const look = (): void => {
        // The echo of the command brings a prompt's text along only at the very end.
        if (!this.#text.endsWith(mark)) return;
        clearTimeout(patience);
        this.#onText = null;
        resolve(this.#text);
      };
      this.#onText = look;
      look();
    });
  }
}
