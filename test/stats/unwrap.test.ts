/** Numbers and times that wrap are unwrapped. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { elapsedNs48, unwrapSequence } from "../../src/stats/unwrap.js";

it("finds the whole sequence from 32 bits, while it is less than 2^31 from what is expected", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 52 }),
      fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
      (sequence, off) => {
        const expected = sequence + off;
        fc.pre(expected >= 0);
        expect(unwrapSequence(sequence % 2 ** 32, expected)).toBe(sequence);
      },
    ),
  );
});

it("never goes below zero", () => {
  expect(unwrapSequence(0xffffffff, 0)).toBe(0xffffffff);
});

it("measures time over the wrap of 48 bits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 52 }),
      fc.integer({ min: -(2 ** 40), max: 2 ** 47 - 1 }),
      (sentNs, elapsedNs) => {
        fc.pre(sentNs + elapsedNs >= 0);
        const stamp = sentNs % 2 ** 48;
        expect(elapsedNs48(sentNs + elapsedNs, Math.floor(stamp / 2 ** 32), stamp % 2 ** 32)).toBe(elapsedNs);
      },
    ),
  );
});
