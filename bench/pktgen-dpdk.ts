/**
 * A small launcher of Pktgen-DPDK, as its fair peer: BENCH_PKTGEN or `pktgen` on the path. It needs a terminal, which
 * `script` gives it.
 *
 * Its command line and its timer spin on threads of their own. All three are here on one CPU, and the two get SCHED_IDLE
 * once it sends, so that its worker gets nearly all of that CPU. It does not know the speed of a virtio port, and would
 * send 14.88 Mpps: the vdev says 100 Gb/s.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { ownCpu, sleep } from "./place.js";

const command = process.env["BENCH_PKTGEN"] ?? "pktgen";

/** Where its program is; null: it is not installed, or `script` or `chrt` are not. */
export function findPktgen(): string | null {
  const which = (name: string): string => spawnSync("which", [name], { encoding: "utf8" }).stdout.trim();
  const [path] = [command, "script", "chrt"].map(which).every((found) => found !== "") ? [which(command)] : [null];
  return path;
}

export interface PktgenOptions {
  readonly path: string;
  readonly directory: string;
  /** The vhost-user socket of a device that is there. */
  readonly socket: string;
  /** A field changes from frame to frame; else it sends frames that it made before, and never touches them again. */
  readonly range: boolean;
}

/** Its best ring on machines with AVX-512. */
const vdev = "queues=1,queue_size=1024,packed_vq=1,in_order=1,mrg_rxbuf=0,vectorized=1,speed=100000";
/** Lcore 1 is its command line and timer (which runs on the CPU of that number), lcore 2 its worker. */
const lcores = ["--lcores", `${ownCpu}@${ownCpu},${ownCpu + 1}@${ownCpu}`, "--main-lcore", String(ownCpu)];
const prompt = "Pktgen:/> ";

export class PktgenDpdk implements AsyncDisposable {
  readonly #child: ChildProcess;
  #text = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    this.#text += chunk.toString();
  }

  /** Resolves while it sends 60-byte frames (64 with the FCS). */
  static async sending({ path, directory, socket, range }: PktgenOptions): Promise<PktgenDpdk> {
    mkdirSync(directory, { recursive: true });
    const eal = [
      "--no-huge",
      "-m",
      "2048",
      "--no-pci",
      "--file-prefix=pktgen",
      "--force-max-simd-bitwidth=512",
      ...lcores,
    ];
    const words = [path, ...eal, "--vdev", `net_virtio_user0,path=${socket},${vdev}`, "--"];
    words.push("-T", "-m", `${ownCpu + 1}.0`, "--txd=1024", "--rxd=1024");
    const line = `stty cols 200 rows 60; exec ${words.join(" ")}`;
    const env = { ...process.env, XDG_RUNTIME_DIR: directory, TERM: "xterm" };
    const pktgen = new PktgenDpdk(spawn("script", ["-qfec", line, "/dev/null"], { cwd: directory, env }));
    try {
      await pktgen.#seen(prompt, 20_000);
      await pktgen.#type("set 0 size 64");
      if (range)
        for (const words of ["range 0 src port 1000 1000 2000 1", "range 0 size 64 64 64 0", "enable 0 range"])
          await pktgen.#type(words);
      await pktgen.#type("start 0");
      pktgen.#setHelpers("--idle");
      return pktgen;
    } catch (error) {
      await pktgen[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #type(line: string): Promise<void> {
    this.#text = "";
    this.#child.stdin!.write(`${line}\r`);
    await this.#seen(prompt, 5_000);
  }

  async #seen(mark: string, timeoutMs: number): Promise<void> {
    for (const until = performance.now() + timeoutMs; !this.#text.includes(mark); await sleep(20)) {
      if (performance.now() < until && this.#child.exitCode === null) continue;
      throw new Error(`Pktgen-DPDK did not answer:\n${this.#text.slice(-2000)}`);
    }
  }

  /** Lets all of its threads but the worker run only where nobody else wants the CPU, or as others again. */
  #setHelpers(policy: "--idle" | "--other"): void {
    const pid = readFileSync(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, "utf8").trim().split(" ")[0];
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const name = readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8");
      if (!name.includes("worker")) spawnSync("chrt", [policy, "--pid", "0", task]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#setHelpers("--other");
    this.#child.stdin!.write("stop 0\rquit\r");
    // The terminal's end ends what runs in it.
    const patience = setTimeout(() => this.#child.kill("SIGHUP"), 5_000);
    await ended;
    clearTimeout(patience);
  }
}
