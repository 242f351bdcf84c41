/** The schedule of departures is exact, over days. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { departureSchedule, rateFraction } from "../../src/stream/index.js";

const wholeRates = fc.oneof(
  fc.integer({ min: 1, max: 100_000_000 }),
  fc.constantFrom(
    1,
    3,
    7,
    1000,
    10_000,
    999_983,
    1_000_000,
    14_880_952,
    99_999_989,
    99_999_999,
    100_000_000,
    125_000_001,
    134_217_727,
  ),
);
const anyRates = fc.oneof(wholeRates, fc.double({ min: 0.001, max: 1e8, noNaN: true }));
const starts = fc.integer({ min: 0, max: 10 * 86_400 * 1e9 });
const dayNs = 86_400_000_000_000;

describe("a schedule", () => {
  it("is exact for whole frames per second over 30 days, by integers without limit", () => {
    fc.assert(
      fc.property(wholeRates, fc.double({ min: 0, max: 1, noNaN: true }), starts, (pps, share, startNs) => {
        const k = Math.floor(share * pps * 30 * 86_400);
        const exact = BigInt(startNs) + (BigInt(k) * 1_000_000_000n) / BigInt(pps);
        expect(departureSchedule(pps, startNs).intendedNs(k)).toBe(Number(exact));
      }),
      { numRuns: 1000 },
    );
  });

  it("sums to the rate: every second has as many frames as asked, and a day 86,400 times that", () => {
    fc.assert(
      fc.property(wholeRates, starts, fc.nat(1_000_000), (pps, startNs, second) => {
        const schedule = departureSchedule(pps, startNs);
        const dueBy = (seconds: number) => schedule.dueAt(startNs + seconds * 1e9 - 1);
        expect(dueBy(second + 1) - dueBy(second)).toBe(pps);
        expect(schedule.slotsIn(1e9)).toBe(pps);
        expect(schedule.slotsIn(dayNs)).toBe(86_400 * pps);
      }),
    );
  });

  it("sums to any other rate within one part in 10^9", () => {
    fc.assert(
      fc.property(anyRates, (pps) => {
        const frames = departureSchedule(pps, 0).slotsIn(dayNs);
        expect(Math.abs(frames - pps * 86_400)).toBeLessThanOrEqual(1 + pps * 86_400 * 1e-9);
      }),
    );
  });

  it("never goes back, and its gaps are the interval to the nanosecond", () => {
    fc.assert(
      fc.property(anyRates, fc.nat(2 ** 40), (pps, k) => {
        const schedule = departureSchedule(pps, 0);
        fc.pre(k / pps < 80 * 86_400);
        const gapNs = schedule.intendedNs(k + 1) - schedule.intendedNs(k);
        expect(Math.abs(gapNs - 1e9 / pps)).toBeLessThanOrEqual(1 + (1e9 / pps) * 1e-9);
      }),
    );
  });

  it("counts a frame as due exactly from its time on", () => {
    fc.assert(
      fc.property(anyRates, starts, fc.nat(2 ** 40), (pps, startNs, k) => {
        fc.pre(k / pps < 60 * 86_400);
        const schedule = departureSchedule(pps, startNs);
        const atNs = schedule.intendedNs(k);
        expect(schedule.dueAt(atNs)).toBeGreaterThanOrEqual(k + 1);
        expect(schedule.dueAt(atNs - 1)).toBeLessThanOrEqual(k);
        for (const nowNs of [atNs, atNs - 1, atNs + 1]) {
          const due = schedule.dueAt(nowNs);
          if (due > 0) expect(schedule.intendedNs(due - 1)).toBeLessThanOrEqual(nowNs);
          if (nowNs >= startNs) expect(schedule.intendedNs(due)).toBeGreaterThan(nowNs);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [99_999_999, 899_999_998, 90_000_000],
    [99_999_999, 599_999_995, 60_000_000],
    [99_999_693, 567_752_442, 56_775_070],
    [99_998_519, 659_756_920, 65_974_715],
  ])("at %i pps and %i ns counts %i, where doubles alone are one off", (pps, nowNs, due) => {
    // ⌈(now + 1) · F / P⌉ by integers without limit.
    const exact = ((BigInt(nowNs) + 1n) * BigInt(pps) + 999_999_999n) / 1_000_000_000n;
    expect([departureSchedule(pps, 0).dueAt(nowNs), Number(exact)]).toEqual([due, due]);
  });

  it.each([
    [133_171_581, 132_954_887, 998_372_820],
    [133_160_317, 133_079_043, 999_389_652],
  ])("at %i pps puts frame %i at %i ns, whose product does not fit into 53 bits", (pps, k, ns) => {
    expect([departureSchedule(pps, 0).intendedNs(k), Number((BigInt(k) * 1_000_000_000n) / BigInt(pps))]).toEqual([
      ns,
      ns,
    ]);
  });

  it("has its first frame at the start, none before, and no end when forever", () => {
    const schedule = departureSchedule(10, 5_000);
    expect([schedule.intendedNs(0), schedule.dueAt(4_999), schedule.dueAt(5_000)]).toEqual([5_000, 0, 1]);
    expect(schedule.slotsIn(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(schedule.slotsIn(1)).toBe(1);
  });
});

describe("a rate as a fraction", () => {
  it.each([
    [1_000_000, 1, 1000],
    [3, 3, 1_000_000_000],
    [4_882_812.5, 5, 1024],
    [10e9 / 672, 5, 336],
    [0.5, 1, 2_000_000_000],
    [1e9, 1, 1],
  ])("%d pps is %i frames in %i ns", (pps, frames, periodNs) => {
    const found = rateFraction(pps);
    expect(found).toEqual({ frames, periodNs });
  });

  it.each([0, -1, 0.9e-6, Number.NaN, Number.POSITIVE_INFINITY, 1.1e9])("refuses %d pps", (pps) => {
    expect(() => rateFraction(pps)).toThrow(expect.objectContaining({ where: "--rate" }));
  });
});
