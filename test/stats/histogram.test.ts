/** The histogram of latencies, against sorting. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delayVariation, Histogram, histogramSlots } from "../../src/stats/histogram.js";

const values = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    fc.integer({ min: 2 ** 31 - 5, max: 2 ** 31 + 5 }),
    fc.integer({ min: 0, max: 2 ** 42 - 1 }),
  ),
  { minLength: 1, maxLength: 300 },
);
const shares = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];

/** The obvious way: sort, and take the nearest rank. */
function percentileBySorting(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length * (1 - 1e-12)) - 1)];
}

function filled(samples: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of samples) histogram.record(value);
  return histogram;
}

describe("Histogram", () => {
  it("finds percentiles as sorting does, at most 1/128 above and never below", () => {
    fc.assert(
      fc.property(values, (samples) => {
        const histogram = filled(samples);
        for (const share of shares) {
          const expected = percentileBySorting(samples, share);
          const found = histogram.percentile(share);
          expect(found).toBeGreaterThanOrEqual(expected);
          expect(found).toBeLessThan(expected === 0 ? 1 : expected * (1 + 1 / 128));
        }
      }),
    );
  });

  it("keeps minimum, maximum, mean and count exactly", () => {
    fc.assert(
      fc.property(values, (samples) => {
        const histogram = filled(samples);
        expect(histogram.min).toBe(Math.min(...samples));
        expect(histogram.max).toBe(Math.max(...samples));
        expect(histogram.count).toBe(samples.length);
        expect(histogram.mean).toBe(samples.reduce((a, b) => a + b, 0) / samples.length);
      }),
    );
  });

  it("is exact below 256", () => {
    for (let value = 0; value < 256; value++) {
      const histogram = filled([value, 1000]);
      expect(histogram.percentile(0.5)).toBe(value);
    }
  });

  it("is the same whether merged, posted, or recorded many at a time", () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const whole = filled([...left, ...right]);
        const merged = filled(left);
        merged.merge(Histogram.fromData(structuredClone(filled(right).toData())));
        expect(merged.toData()).toEqual(whole.toData());
        const many = new Histogram();
        many.recordMany(left[0], 3);
        many.recordMany(left[0], 0);
        expect(many.toData()).toEqual(filled([left[0], left[0], left[0]]).toData());
      }),
    );
  });

  it("takes values beyond its range without losing them", () => {
    const histogram = filled([-5, 2 ** 42, 2 ** 50]);
    expect(histogram.count).toBe(3);
    expect(histogram.min).toBe(-5);
    expect(histogram.max).toBe(2 ** 50);
    expect(histogram.percentile(1)).toBe(2 ** 50);
  });

  it("drops the fraction of a nanosecond only in buckets", () => {
    const histogram = filled([255.5, 1e10 + 0.25]);
    expect(histogram.max).toBe(1e10 + 0.25);
    expect(histogram.percentile(0.5)).toBe(255.5);
  });

  it("lives in memory it is given", () => {
    const slots = new Float64Array(new SharedArrayBuffer(histogramSlots * 8));
    const writer = new Histogram(slots);
    writer.reset();
    writer.record(700);
    expect(new Histogram(slots).summary()).toMatchObject({ count: 1, min: 700, max: 700, p50: 700 });
  });

  it("has no summary when empty, and is empty after reset", () => {
    const histogram = filled([1, 2, 3]);
    histogram.reset();
    expect(histogram.summary()).toBeNull();
    expect(histogram.count).toBe(0);
    expect(histogram.percentile(0.5)).toBeNaN();
    expect(histogram.min).toBeNaN();
  });

  it("summarises", () => {
    const histogram = filled(Array.from({ length: 10_000 }, (_, i) => i + 1));
    const summary = histogram.summary();
    expect(summary).toMatchObject({ count: 10_000, min: 1, mean: 5000.5, max: 10_000 });
    expect(summary?.p50).toBeGreaterThanOrEqual(5000);
    expect(summary?.p50).toBeLessThan(5040);
    expect(summary?.p99_99).toBeGreaterThanOrEqual(9999);
  });
});

describe("delayVariation", () => {
  it("is the delay less the smallest", () => {
    const pdv = delayVariation(filled([100, 110, 130, 200]));
    expect(pdv).toMatchObject({ count: 4, min: 0, p50: 10, max: 100, mean: 35 });
  });

  it("is null without samples", () => {
    expect(delayVariation(new Histogram())).toBeNull();
  });
});
