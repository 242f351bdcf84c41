/** Mixes of sizes hold their weights. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { sizePattern } from "../../src/stream/index.js";
import { fixedSize, type SizeMix, simpleImix } from "../../src/units.js";

const countOf = (items: Uint16Array, item: number) => items.filter((other) => other === item).length;
const mixOf = (...weights: number[]): SizeMix => ({
  kind: "mix",
  name: "m",
  parts: weights.map((weight, i) => ({ frameBytes: 64 + i, weight })),
});

it("one size is a pattern of one", () => expect(sizePattern(fixedSize(64), 1)).toEqual(new Uint16Array(1)));

it("has each size as often as its weight says in every period", () => {
  const pattern = sizePattern(simpleImix, 1);
  expect(pattern.length).toBe(12 * 85);
  for (let start = 0; start < pattern.length; start += 12) {
    const period = pattern.subarray(start, start + 12);
    expect([0, 1, 2].map((part) => countOf(period, part))).toEqual([7, 4, 1]);
  }
});

it("repeats itself with the seed, and differs with another", () => {
  expect(sizePattern(simpleImix, 5)).toEqual(sizePattern(simpleImix, 5));
  expect(sizePattern(simpleImix, 5)).not.toEqual(sizePattern(simpleImix, 6));
});

it("does not fall in step with flows or queues: every one of 12 gets every size", () => {
  const pattern = sizePattern(simpleImix, 1);
  for (let flow = 0; flow < 12; flow++) {
    const sizes = new Set(pattern.filter((_, i) => i % 12 === flow));
    expect([...sizes].sort()).toEqual([0, 1, 2]);
  }
});

it("keeps the proportion of any weights", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.nat(), (all, seed) => {
      const pattern = sizePattern(mixOf(...all), seed);
      const sum = all.reduce((a, b) => a + b);
      for (const [part, weight] of all.entries()) {
        expect(countOf(pattern, part) * sum).toBe(weight * pattern.length);
      }
    }),
  );
});

it("takes weights in lowest terms, and refuses what makes no pattern", () => {
  expect(sizePattern(mixOf(7000, 4000, 1000), 1)).toEqual(sizePattern(mixOf(7, 4, 1), 1));
  for (const wrong of [mixOf(), mixOf(0, 1), mixOf(1.5), mixOf(5000, 1)]) {
    expect(() => sizePattern(wrong, 1)).toThrow(expect.objectContaining({ where: "mix m" }));
  }
});
