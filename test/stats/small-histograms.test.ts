/** The small histograms of many streams, against sorting. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { LaneRows } from "../../src/stats/lane-rows.js";
import { SmallHistograms, type SmallSummary, smallBucketOf, smallSummary } from "../../src/stats/small-histograms.js";

/** Nearest rank, at most 6.25 % above the true value. */
function expectPercentiles(summary: SmallSummary, sorted: readonly number[]): void {
  for (const [share, seen] of [
    [0.5, summary.p50],
    [0.9, summary.p90],
    [0.99, summary.p99],
  ] as const) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
    expect(seen).toBeGreaterThanOrEqual(exact);
    expect(seen).toBeLessThanOrEqual(exact * 1.0625);
  }
}

const latencies = fc.array(
  fc.oneof(fc.nat(40), fc.nat(2_000_000_000), fc.nat(2 ** 41), fc.constantFrom(2 ** 31 - 1, 2 ** 31)),
  {
    minLength: 1,
    maxLength: 60,
  },
);

it("of each stream, extremes and mean are exact, and a percentile is at most 6.25 % above the true one", () => {
  fc.assert(
    fc.property(latencies, latencies, (first, third) => {
      const histograms = new SmallHistograms(3);
      const rows = new LaneRows(3);
      for (const [stream, values] of [
        [0, first],
        [2, third],
      ] as const) {
        for (const value of values) {
          histograms.count(stream, smallBucketOf(value));
          rows.noteLatency(stream, value, true);
        }
      }
      expect(smallSummary(histograms.data(1, rows.latency([1])))).toBe(null);
      for (const [stream, values] of [
        [0, first],
        [2, third],
      ] as const) {
        const sorted = values.toSorted((a, b) => a - b);
        const summary = smallSummary(histograms.data(stream, rows.latency([stream])))!;
        expect([summary.min, summary.max]).toEqual([sorted[0], sorted.at(-1)]);
        expect(summary.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
        expectPercentiles(summary, sorted);
      }
    }),
  );
});

it("a bucket's byte carries over: thousands of samples in one bucket, and others beside it, are all counted", () => {
  const values = fc.array(fc.tuple(fc.nat(3_000), fc.integer({ min: 1, max: 1_500 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(values, (runs) => {
      const histograms = new SmallHistograms(2);
      const rows = new LaneRows(2);
      for (const [value, times] of runs) {
        for (let k = 0; k < times; k++) {
          histograms.count(1, smallBucketOf(value));
          rows.noteLatency(1, value, true);
        }
      }
      const sorted = runs.flatMap(([value, times]) => Array<number>(times).fill(value)).sort((a, b) => a - b);
      const summary = smallSummary(histograms.data(1, rows.latency([1])))!;
      expect(summary.mean).toBeCloseTo(sorted.reduce((sum, value) => sum + value, 0) / sorted.length, 6);
      expectPercentiles(summary, sorted);
      expect(smallSummary(histograms.data(0, rows.latency([0])))).toBe(null);
    }),
    { numRuns: 50 },
  );
});

it("counts many samples of a bucket as one by one", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 700 })), { maxLength: 20 }), (samples) => {
      const [many, each] = [new SmallHistograms(2), new SmallHistograms(2)];
      for (const [bucket, frames] of samples) {
        many.countMany(1, bucket, frames);
        for (let k = 0; k < frames; k++) each.count(1, bucket);
      }
      const extremes = { sum: 0, min: 0, max: 0 };
      expect(many.data(1, extremes)).toEqual(each.data(1, extremes));
      expect(many.data(0, extremes)).toBeNull();
    }),
  );
});
