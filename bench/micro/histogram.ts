/** Histograms of latencies: adding samples, percentiles, merging. */
import { seededRandom } from "../../src/random.js";
import { Histogram } from "../../src/stats/index.js";
import { keep, type MicroCase } from "./case.js";

const samples = 1024;

/** Nanoseconds as a device has them: most of some microseconds, a few of milliseconds. */
function latencies(): Float64Array {
  const random = seededRandom(1);
  return Float64Array.from({ length: samples }, () => Math.round(5_000 / (1 - random.fraction()) ** 0.8));
}

const values = latencies();
const filled = new Histogram();
for (const value of values) filled.record(value);
const sum = new Histogram();
const fresh = new Histogram();

export const histogramCases: readonly MicroCase[] = [
  {
    name: `histogram: add ${samples} samples`,
    run: () => {
      for (let i = 0; i < samples; i++) fresh.record(values[i]);
      keep(fresh.max);
    },
  },
  {
    name: `histogram: add ${samples} runs of 32 equal samples`,
    run: () => {
      for (let i = 0; i < samples; i++) fresh.recordMany(values[i], 32);
      keep(fresh.max);
    },
  },
  { name: "histogram: one percentile", run: () => keep(filled.percentile(0.99)) },
  { name: "histogram: all figures of a summary", run: () => keep(filled.summary()?.p99_99 ?? 0) },
  {
    name: "histogram: merge one into another",
    run: () => {
      sum.merge(filled);
      keep(sum.max);
    },
  },
];
