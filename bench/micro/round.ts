/**
 * One round of the micro-benchmarks, in a process of its own: each case once, measured by benchmark.js. A new process
 * compiles everything again, and what the compiler decides is a part of the noise between two runs. Time is CPU time: other processes on the
 * machine take the CPU away for milliseconds, which says nothing about the code.
 */
import Benchmark from "benchmark";
import { readKernelFile } from "../../src/sys/host.js";
import type { MicroCase } from "./case.js";
import { microCases } from "./cases.js";

export interface Measured {
  readonly name: string;
  /** Operations in a second of CPU time. */
  readonly opsPerSecond: number;
  /** Half of the 95 % confidence interval of the mean, in percent of it; of wall-clock time, as benchmark.js has it. */
  readonly relativeErrorPercent: number;
  /** Share of the time that the thread had a CPU. */
  readonly cpuShare: number;
}

/** Enough for five samples of 50 ms and what benchmark.js needs to find how many operations 50 ms are. */
const limits = { minSamples: 5, maxTime: 0.3 } as const;

/** Nanoseconds that this thread had a CPU (the kernel's sched-stats.rst); NaN: this kernel does not count them. */
const onCpuNs = (): number => Number(readKernelFile("/proc/thread-self/schedstat")?.split(" ")[0] ?? Number.NaN);

function measure({ name, run }: MicroCase): Measured {
  const benchmark = new Benchmark(name, run, limits);
  const [cpuBefore, wallBefore] = [onCpuNs(), performance.now()];
  benchmark.run({ async: false });
  const share = (onCpuNs() - cpuBefore) / ((performance.now() - wallBefore) * 1e6);
  if (benchmark.error !== undefined) throw new Error(`${name}: ${String(benchmark.error)}`);
  const cpuShare = share > 0 && share < 1 ? share : 1;
  return { name, opsPerSecond: benchmark.hz / cpuShare, relativeErrorPercent: benchmark.stats.rme, cpuShare };
}

if (process.send === undefined) throw new Error("a round is started by npm run bench -- micro");
process.send(microCases.map(measure));
process.disconnect();
