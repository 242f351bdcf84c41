/**
 * One round of the micro-benchmarks, in a process of its own: each case once, measured by benchmark.js. A new process
 * compiles everything again, and what the compiler decides is a part of the noise between two runs.
 */
import Benchmark from "benchmark";
import { median } from "../../src/stats/rank-test.js";
import type { MicroCase } from "./case.js";
import { microCases } from "./cases.js";

export interface Measured {
  readonly name: string;
  readonly opsPerSecond: number;
  /** Half of the 95 % confidence interval of the mean, in percent of it. */
  readonly relativeErrorPercent: number;
}

/** Enough for five samples of 50 ms and what benchmark.js needs to find how many operations 50 ms are. */
const limits = { minSamples: 5, maxTime: 0.3 } as const;

function measure({ name, run }: MicroCase): Measured {
  const benchmark = new Benchmark(name, run, limits);
  benchmark.run({ async: false });
  if (benchmark.error !== undefined) throw new Error(`${name}: ${String(benchmark.error)}`);
  // The median of the samples and not benchmark.hz, their mean: one sample that another process disturbed moves the mean.
  return { name, opsPerSecond: 1 / median(benchmark.stats.sample), relativeErrorPercent: benchmark.stats.rme };
}

if (process.send === undefined) throw new Error("a round is started by npm run bench -- micro");
process.send(microCases.map(measure));
process.disconnect();
