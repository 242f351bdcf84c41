/** Numbers and times that wrap are unwrapped. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { elapsedNs48 } from "../../src/stats/unwrap.js";

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
