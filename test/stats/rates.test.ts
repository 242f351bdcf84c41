/** Rates on layers 1 and 2 from counts and times. */
import { expect, it } from "vitest";
import { type Arrivals, lossRatioOf, ratesOf, receiveRates } from "../../src/stats/rates.js";

it("reaches 10 Gbit/s on layer 1 with 14,880,952 frames of 64 bytes", () => {
  const rates = ratesOf(14_880_952, 14_880_952 * 60, 1e9);
  expect(rates.pps).toBe(14_880_952);
  expect(rates.bpsL2).toBe(14_880_952 * 512);
  expect(rates.bpsL1 / 1e10).toBeCloseTo(1, 6);
});

it("uses the window, and the bytes that there were", () => {
  expect(ratesOf(100, 151_400, 2e9)).toEqual({ pps: 50, bpsL2: 50 * 12_144, bpsL1: 50 * 12_304 });
  expect(ratesOf(2, 60 + 1514, 1e9)).toEqual({ pps: 2, bpsL2: (64 + 1518) * 8, bpsL1: (64 + 1518 + 40) * 8 });
});

it("is zero for nothing", () => {
  expect(ratesOf(0, 0, 0)).toEqual({ pps: 0, bpsL2: 0, bpsL1: 0 });
  expect(lossRatioOf(0, 0)).toBe(0);
  expect(lossRatioOf(1, 4)).toBe(0.25);
});

/** 1,000 frames over a second, then what a test says. */
const arrivals = (changes: Partial<Arrivals>): Arrivals => ({
  ...{ frames: 1000, bufferBytes: 60_000, firstNs: 0, lastNs: 999e6 },
  inWindow: { frames: 1000, bytes: 60_000, windowNs: 1e9 },
  ...changes,
});

it("says of what came back: all of it, however late", () => {
  expect(receiveRates(arrivals({}), 1e9).pps).toBe(1000);
  expect(receiveRates(arrivals({ firstNs: 5e9, lastNs: 5.999e9 }), 1e9).pps).toBe(1000);
  expect(receiveRates(arrivals({ lastNs: 1000.9e6, inWindow: null }), 1e9).pps).toBe(1000);
});

it("says of what came back: not what a queue gave back after the window", () => {
  const drained = arrivals({ frames: 700, lastNs: 1.4e9, inWindow: { frames: 500, bytes: 30_000, windowNs: 1e9 } });
  expect(receiveRates(drained, 1e9)).toEqual({ pps: 500, bpsL2: 500 * 64 * 8, bpsL1: 500 * 84 * 8 });
});

it("says of what came back in a short trial, or where nobody counted: over the time from the first to the last", () => {
  expect(receiveRates(arrivals({ frames: 101, firstNs: 1e9, lastNs: 1.1e9 }), 10e6).pps).toBeCloseTo(1000, 9);
  expect(receiveRates(arrivals({ lastNs: 1.998e9, inWindow: null }), 1e9).pps).toBeCloseTo(500, 9);
  expect(receiveRates(arrivals({ frames: 0, bufferBytes: 0, firstNs: -1 }), 1e9).pps).toBe(0);
});
