/** The main job on the embedded DUT: rate and where the time goes, memory, allocation, and how fast help comes. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../src/stats/rank-test.js";
import { alternate } from "./harness.js";
import { compared, type Outcome, seriesLine } from "./outcome.js";

const main = "dist/cli/main.js";

interface RunDocument {
  readonly trials: readonly {
    readonly txPps: number;
    readonly rxPps: number;
    readonly hops: readonly { readonly tx: number }[];
  }[];
}

function embeddedRun(args: readonly string[]): RunDocument {
  const result = spawnSync(process.execPath, [main, ...args, "--json", "-"], { encoding: "utf8", maxBuffer: 1e8 });
  if (result.status === null || result.stdout === "") throw new Error(result.stderr);
  return JSON.parse(result.stdout) as RunDocument;
}

export async function embeddedBench(rounds: number): Promise<Outcome> {
  const at = (size: number, queues: number): { name: string; run: () => Promise<number> } => ({
    name: `embedded, three hops, ${size} bytes, ${queues} queue(s), max: back`,
    run: async () => {
      const args = ["--sizes", String(size), "--queues", String(queues), "--rate", "max", "--duration", "1s"];
      return embeddedRun(args).trials[0].rxPps / 1e6;
    },
  });
  const series = await alternate([at(64, 1), at(64, 2), at(1518, 1)], rounds, "Mpps");
  return { lines: series.map(seriesLine), series, ratios: {} };
}

/** Peak resident memory of the whole default run, as the kernel counted it. */
export async function memoryBench(rounds: number): Promise<Outcome> {
  const series = await alternate(
    [
      {
        name: "peak resident memory of pktgen-ts --sizes 64,1518",
        run: () => peakMegabytes([main, "--sizes", "64,1518"]),
      },
    ],
    Math.min(rounds, 3),
    "MB",
    "lower",
  );
  return compared(series);
}

/** VmHWM is only there while the process lives: looked at every 50 ms. */
function peakMegabytes(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { stdio: "ignore" });
    let peakKb = 0;
    const timer = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
      } catch {
        // It has just ended.
      }
    }, 50);
    child.once("error", reject);
    child.once("exit", () => {
      clearInterval(timer);
      resolve(peakKb / 1024);
    });
  });
}

/** Collections of a long run, by V8's own trace: a loop that allocates per frame would show hundreds. */
export async function allocationBench(_rounds: number): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), "pktgen-bench-"));
  try {
    const args = [
      "--trace-gc",
      main,
      "--sizes",
      "64",
      "--rate",
      "max",
      "--duration",
      "10s",
      "--json",
      join(directory, "r.json"),
    ];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1e8 });
    const collections = stdout.split("\n").filter((line) => /Scavenge|Mark-Compact/.test(line));
    const document = JSON.parse(readFileSync(join(directory, "r.json"), "utf8")) as RunDocument & {
      trials: { sent: number }[];
    };
    const frames = document.trials[0].sent;
    return {
      lines: [
        `${collections.length} collections in all threads for ${frames.toLocaleString("en-US")} frames sent in 10 s`,
      ],
      series: [],
      ratios: {},
      figures: { collections: collections.length, frames },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function helpBench(rounds: number): Promise<Outcome> {
  const times = Array.from({ length: Math.max(rounds, 5) }, () => {
    const start = performance.now();
    spawnSync(process.execPath, [main, "--help"]);
    return performance.now() - start;
  });
  const lines = [`--help: median ${median(times).toFixed(0)} ms of ${times.length} (node on the built file)`];
  return { lines, series: [], ratios: {}, figures: { timesMs: times } };
}
