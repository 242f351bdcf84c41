/** A testpmd that somebody else started, with options that the lab's own never has, as the driver of our vhost ports. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { parsePortXstats, plainText } from "../../src/dut/testpmd/parse.js";
import { type Cause, reasonsOf } from "../../src/stats/cause.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

let scratch: string;
let testpmd: ForeignTestpmd | null = null;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lab-"));
});
afterEach(async () => {
  await testpmd?.end();
  testpmd = null;
  rmSync(scratch, { recursive: true, force: true });
});

class ForeignTestpmd {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #text = "";

  constructor(vdev: string, options: readonly string[]) {
    const eal = ["-l", "0,1", "--no-pci", "--no-huge", "-m", "900", "--file-prefix", `foreign-${process.pid}`];
    const all = [...eal, `--vdev=${vdev}`, "--", "--no-flush-rx", "--nb-cores=1", ...options, "-i"];
    // What goes into a pipe it would keep until there are some kilobytes.
    this.#child = spawn("stdbuf", ["-oL", "dpdk-testpmd", ...all], {
      env: { ...process.env, XDG_RUNTIME_DIR: scratch },
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#text += text;
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#text += text;
    });
    this.#ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** What it printed until this came, and a prompt. */
  async say(command: string, answer: RegExp): Promise<string> {
    const from = this.#text.length;
    this.#child.stdin.write(`${command}\n`);
    return await this.prompt(answer, from);
  }

  async prompt(answer = /(?:)/, from = 0): Promise<string> {
    const end = (): boolean => {
      const said = plainText(this.#text.slice(from));
      // A line about a link may come behind the prompt.
      return answer.test(said) && said.includes("testpmd> ");
    };
    for (let turn = 0; turn < 1_200 && !end() && this.#child.exitCode === null; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (!end()) throw new Error(`testpmd gives no prompt: ${this.#text}`);
    return plainText(this.#text.slice(from));
  }

  async end(): Promise<void> {
    this.#child.stdin.end("quit\n");
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(patience);
  }
}

interface Trial {
  readonly frameBytes: string | number;
  readonly sent: number;
  readonly accepted: number;
  readonly lost: number;
  readonly corrupt: number;
  readonly reasons: readonly string[];
  readonly causes?: readonly Cause[];
}

/** Starts the run, whose port listens, then testpmd as its driver, and lets testpmd forward as soon as it can. */
async function against(
  path: string,
  portOptions: string,
  vdev: string,
  options: readonly string[],
  traffic: readonly string[],
): Promise<{ readonly trials: readonly Trial[]; readonly rx: number; readonly tx: number }> {
  const port = `vhost:${path}${portOptions}`;
  const args = ["--dut", "external", "--tx", port, "--warmup", "0s", "--wait-peer", "60s", "--json", "-", ...traffic];
  const ended = runCli(args, { timeoutMs: 100_000 });
  await vi.waitFor(() => expect(existsSync(path)).toBe(true), 30_000);
  testpmd = new ForeignTestpmd(vdev, options);
  await testpmd.prompt();
  await testpmd.say("start", /packet forwarding/);
  const { code, stdout, stderr } = await ended;
  expect([0, 4], stderr).toContain(code); // 4: a busy machine
  const shown = await testpmd.say("show port xstats 0", /tx_good_bytes: \d/);
  const { counters } = parsePortXstats(shown)[0]!;
  const { trials } = JSON.parse(stdout) as { readonly trials: readonly Trial[] };
  return { trials, rx: counters.get("rx_good_packets") ?? -1, tx: counters.get("tx_good_packets") ?? -1 };
}

describeLab("a foreign testpmd behind a vhost port", ["testpmd"], () => {
  const jumbo = ["--total-num-mbufs=40000", "--max-pkt-len=9600", "--enable-scatter"];

  it.each([0, 1])(
    "packed_vq=%i: frames of several buffers come back, each and every one",
    { timeout: 120_000, retry: 1 },
    async (packed) => {
      const path = join(scratch, "j.sock");
      const vdev = `net_virtio_user0,path=${path},packed_vq=${packed},mrg_rxbuf=1,queue_size=1024`;
      const traffic = ["--sizes", "64,3000,9000", "--count", "500", "--rate", "1kpps"];
      const { trials, rx, tx } = await against(path, ",mrg_rxbuf=on", vdev, jumbo, traffic);
      expect(trials.map(({ sent, accepted, corrupt }) => [sent, accepted, corrupt])).toEqual([
        [500, 500, 0],
        [500, 500, 0],
        [500, 500, 0],
      ]);
      expect(trials.flatMap(reasonsOf).filter(({ cause }) => cause === "fault")).toEqual([]);
      expect([rx, tx]).toEqual([1_500, 1_500]);
    },
  );

  it("two queue pairs, of which the driver enables the second one later", { timeout: 120_000, retry: 1 }, async () => {
    const path = join(scratch, "q.sock");
    const vdev = `net_virtio_user0,path=${path},queues=2,packed_vq=1,queue_size=256`;
    const traffic = ["--queues", "2", "--sizes", "64", "--count", "2000", "--rate", "5kpps"];
    const { trials } = await against(path, ",queues=2", vdev, ["--rxq=2", "--txq=2"], traffic);
    expect(trials.flatMap(reasonsOf).filter(({ cause }) => cause === "fault")).toEqual([]);
    expect(trials[0]).toMatchObject({ sent: 2_000, accepted: 2_000, lost: 0 });
  });
});
