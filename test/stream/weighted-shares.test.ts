/** Shares of different size: every slot of the schedule is in one of them, and every frame is sent once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { departureSchedule } from "../../src/stream/departures/schedule.js";
import {
  countOf,
  DealtSchedule,
  dealOf,
  placeOf,
  rateOfShare,
  type Share,
  sharesOf,
  shareWithin,
  slotOf,
  walkOf,
  weightsOf,
} from "../../src/stream/share.js";

const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
/** The first so many slots of a share. */
const slotsOf = (share: Share, total: number): number[] =>
  Array.from({ length: countOf(total, share) }, (_, k) => slotOf(k, share));

describe("shares by weight", () => {
  it("have each slot once, and as many of a round as their weight says", () => {
    fc.assert(
      fc.property(weights, fc.nat(2_000), (given, total) => {
        const shares = sharesOf(given.length, given);
        const all = shares.flatMap((share) => slotsOf(share, total));
        expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, slot) => slot));
        const round = sum(given);
        for (const [g, share] of shares.entries()) {
          expect(countOf(round, share) * given[0]!).toBe(countOf(round, shares[0]!) * given[g]!);
        }
      }),
    );
  });

  it("are those of equal generators where the weights are equal", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        (of, weight) => void expect(sharesOf(of, Array<number>(of).fill(weight))).toEqual(sharesOf(of)),
      ),
    );
  });

  it("add up to every count and every rate", () => {
    fc.assert(
      fc.property(weights, fc.nat(1e9), fc.integer({ min: 1, max: 1e7 }), (given, count, pps) => {
        const shares = sharesOf(given.length, given);
        expect(sum(shares.map((share) => countOf(count, share)))).toBe(count);
        expect(sum(shares.map((share) => rateOfShare(pps, share)))).toBeCloseTo(pps, 3);
      }),
    );
  });

  it("leave at the times that the whole schedule has, and know at any time how many are due", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 5_000_000 }), fc.nat(1e7), (given, pps, nowNs) => {
        const whole = departureSchedule(pps, 0);
        const shares = sharesOf(given.length, given);
        const dealt = shares.map((share) => (share.deal === undefined ? null : new DealtSchedule(whole, share)));
        if (dealt.includes(null)) return;
        expect(sum(dealt.map((schedule) => schedule!.dueAt(nowNs)))).toBe(whole.dueAt(nowNs));
        for (const [g, schedule] of dealt.entries()) {
          const due = schedule!.dueAt(nowNs);
          expect(schedule!.intendedNs(due)).toBe(whole.intendedNs(slotOf(due, shares[g]!)));
          expect(schedule!.intendedNs(due) > nowNs).toBe(true);
        }
      }),
    );
  });

  it("are dealt on to threads: their slots are the share's, each once, and so are its frames and stream numbers", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (given, threads, again) => {
        const shares = sharesOf(given.length, given);
        const total = 3 * sum(given) * threads;
        for (const share of shares) {
          const parts = Array.from({ length: threads }, (_, index) => shareWithin(share, { index, of: threads }));
          const slots = parts.flatMap((part) => slotsOf(part, total));
          expect(slots.sort((a, b) => a - b)).toEqual(slotsOf(share, total));
          const frames = parts.flatMap((part) => Array.from({ length: 5 }, (_, k) => placeOf(k, part)));
          const own = Array.from({ length: 5 * threads }, (_, k) => placeOf(k, share));
          expect(frames.sort((a, b) => a - b)).toEqual(own);
          // Parts of parts are parts.
          const flat = Array.from({ length: again }, (_, k) => shareWithin(parts[0]!, { index: k, of: again }));
          expect(flat.flatMap((part) => slotsOf(part, total)).sort((a, b) => a - b)).toEqual(slotsOf(parts[0]!, total));
        }
        const blocks = shares.flatMap((share) =>
          Array.from({ length: threads }, (_, index) => shareWithin(share, { index, of: threads }).index),
        );
        expect(blocks.sort((a, b) => a - b)).toEqual(Array.from({ length: blocks.length }, (_, k) => k));
      }),
      { numRuns: 50 },
    );
  });

  it("send a trial's frames from the first one on", () => {
    const [share] = sharesOf(2, [3, 1]);
    expect(share!.deal).toEqual({ round: 4, slots: [0, 1, 3], frames: { index: 0, of: 1 } });
    expect(walkOf(1, 2, share!)).toEqual({ first: 1, step: 2 });
    expect(dealOf(share!)).toEqual({ slots: 3, round: 4 });
  });
});

describe("weights by what generators can do", () => {
  it("are in its proportion, to a thousandth, and none is 0", () => {
    const rates = fc.array(fc.double({ min: 1, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(rates, (given) => {
        const found = weightsOf(given);
        const total = sum(given);
        expect(found.every((weight) => Number.isInteger(weight) && weight >= 1)).toBe(true);
        for (const [g, rate] of given.entries()) {
          expect(Math.abs(found[g]! / 1_000 - rate / total)).toBeLessThanOrEqual(0.001 + Number.EPSILON);
        }
      }),
    );
  });
});
