/** The histogram of signed times, against sorting. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { SignedHistogram } from "../../src/stats/signed-histogram.js";

const samples = fc.array(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), {
  minLength: 1,
  maxLength: 200,
});

function filled(values: readonly number[]): SignedHistogram {
  const histogram = new SignedHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

it("finds signed percentiles as sorting does, to 1/128 of their magnitude", () => {
  fc.assert(
    fc.property(samples, (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      const histogram = filled(values);
      for (const share of [0, 0.01, 0.5, 0.9, 0.999, 1]) {
        const expected = sorted[Math.max(0, Math.ceil(share * sorted.length * (1 - 1e-12)) - 1)];
        expect(Math.abs(histogram.percentile(share) - expected)).toBeLessThanOrEqual(Math.abs(expected) / 128);
      }
      const summary = histogram.summary();
      expect(summary?.min).toBe(sorted[0]);
      expect(summary?.max).toBe(sorted[sorted.length - 1]);
      expect(summary?.count).toBe(values.length);
      expect(summary?.mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 0);
    }),
  );
});

it("is the same whether merged and posted or recorded", () => {
  const merged = filled([-5, 7]);
  merged.merge(SignedHistogram.fromData(structuredClone(filled([-1000, 0]).toData())));
  expect(merged.toData()).toEqual(filled([-5, 7, -1000, 0]).toData());
});

it("has no summary when empty", () => {
  const histogram = filled([1]);
  histogram.reset();
  expect(histogram.summary()).toBeNull();
  expect(histogram.percentile(0.5)).toBeNaN();
});
