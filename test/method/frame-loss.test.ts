/** The loads of a frame loss curve: RFC 2544 §26.3 begins at all of the line and goes down in equal steps. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameLoss, lossShares } from "../../src/method/rfc2544/frame-loss.js";
import { lossCurveSchema } from "../../src/result/method-schema.js";
import { fixedSize } from "../../src/units.js";
import { rfc2544Settings } from "../support/method-sample.js";
import { simulatedBench } from "../support/simulated-bench.js";

describe("frame loss", () => {
  it("begins at 100 % and goes down by the step, whether it divides 100 % or not", () => {
    expect(lossShares(0.1)).toEqual([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]);
    expect(lossShares(0.4)).toEqual([1, 0.6, 0.2]);
    expect(lossShares(0.15)).toEqual([1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1]);
    expect(lossShares(0.3)).toEqual([1, 0.7, 0.4, 0.1]);
    expect(lossShares(0.99)).toEqual([1, 0.01]);
  });

  it("has shares of a line for any step, and not one above all of it", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.02, max: 0.999, noNaN: true }), (step) => {
        const shares = lossShares(step);
        expect(shares[0]).toBe(1);
        for (const [k, share] of shares.entries()) {
          expect(share).toBeGreaterThan(0);
          expect(share).toBeLessThanOrEqual(1);
          expect(share).toBeCloseTo(1 - k * step, 9);
        }
        // Nothing is left out at the end.
        expect(shares.at(-1)! - step).toBeLessThan(1e-8);
      }),
    );
  });

  it("is a document of its schema with a step of 40 %", async () => {
    const settings = { ...rfc2544Settings, loss: { ...rfc2544Settings.loss, stepShare: 0.4 } };
    const bench = simulatedBench({ capacityPps: 100_000 });
    const [curve] = (await frameLoss(bench, settings, fixedSize(64))).lossCurves ?? [];
    expect(() => lossCurveSchema.parse(curve)).not.toThrow();
    expect(curve?.points.map(({ share }) => share)).toEqual([1, 0.6, 0.2]);
    const loads = bench.requests.filter(({ phase }) => phase === "frame loss").map(({ pps }) => pps ?? 0);
    expect(Math.max(...loads)).toBe(curve?.maxPps);
  });
});
