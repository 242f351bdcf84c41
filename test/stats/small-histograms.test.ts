import fc from "fast-check";
import { expect, it } from "vitest";
import { SmallHistograms } from "../../src/stats/small-histograms.js";

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
      for (const value of first) histograms.record(0, value);
      for (const value of third) histograms.record(2, value);
      expect(histograms.summary(1)).toBe(null);
      for (const [stream, values] of [
        [0, first],
        [2, third],
      ] as const) {
        const sorted = values.toSorted((a, b) => a - b);
        const summary = histograms.summary(stream)!;
        expect([summary.min, summary.max]).toEqual([sorted[0], sorted.at(-1)]);
        expect(summary.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
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
    }),
  );
});
