import { expect, it } from "vitest";
import { lossRatioOf, queueingNsOf, ratesOf } from "../../src/stats/rates.js";

it("reaches 10 Gbit/s on layer 1 with 14,880,952 frames of 64 bytes", () => {
  const rates = ratesOf(14_880_952, 64, 1e9);
  expect(rates.pps).toBe(14_880_952);
  expect(rates.bpsL2).toBe(14_880_952 * 512);
  expect(rates.bpsL1 / 1e10).toBeCloseTo(1, 6);
});

it("uses the window", () => {
  expect(ratesOf(100, 1518, 2e9)).toEqual({ pps: 50, bpsL2: 50 * 12_144, bpsL1: 50 * 12_304 });
});

it("is zero for nothing", () => {
  expect(ratesOf(0, 64, 0)).toEqual({ pps: 0, bpsL2: 0, bpsL1: 0 });
  expect(lossRatioOf(0, 0)).toBe(0);
  expect(lossRatioOf(1, 4)).toBe(0.25);
  expect(queueingNsOf(5, 0)).toBeNull();
  // data-plane: 2,500 frames in flight at 1 Mpps are 2.5 ms.
  expect(queueingNsOf(2500, 1e6)).toBe(2.5e6);
});
