/** Departures whose rate follows a shape: ramps and steps as trials have them, and what a change of rate does to them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RateShape, Shaped } from "../../src/stream/departures/shaped.js";
import { SteppedSchedule } from "../../src/stream/departures/steps.js";
import { Ramp } from "../../src/stream/departures/timeline.js";

const share = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 5, noNaN: true }));
const shapes: fc.Arbitrary<RateShape> = fc.record({
  pieces: fc.array(
    fc.record({ durationNs: fc.integer({ min: 1, max: 5_000_000 }), fromShare: share, toShare: share }),
    {
      maxLength: 5,
    },
  ),
  thenShare: share,
});
const rates = fc.double({ min: 1_000, max: 10_000_000, noNaN: true });
const some = 300;
const timesOf = (timeline: Shaped): number[] =>
  Array.from({ length: Math.min(some, timeline.frames) }, (_, k) => timeline.dueNs(k));

describe("departures that follow a shape", () => {
  it.each([
    [0, 1, 4_000_000],
    [1, 0, 4_000_000],
    [0.5, 3, 1_234_567],
  ])("are those of a ramp from %d to %d", (fromShare, toShare, durationNs) => {
    const pps = 50_000;
    const ramp = new Ramp(700, pps * fromShare, pps * toShare, durationNs);
    const shaped = new Shaped({ pieces: [{ durationNs, fromShare, toShare }], thenShare: toShare }, pps, 700);
    expect(shaped.frames).toBe(ramp.frames);
    for (const [k, ns] of timesOf(shaped).entries()) expect(Math.abs(ns - ramp.dueNs(k))).toBeLessThanOrEqual(1);
  });

  it("are those of steps", () => {
    const steps = [1, 3, 0.5].map((factor) => ({ pps: 10_000 * factor, durationNs: 5_000_000 }));
    const stepped = SteppedSchedule.of(steps);
    const pieces = steps.map(({ pps, durationNs }) => ({
      durationNs,
      fromShare: pps / 10_000,
      toShare: pps / 10_000,
    }));
    const shaped = new Shaped({ pieces, thenShare: 0.5 }, 10_000, 0);
    for (const [k, ns] of timesOf(shaped).entries())
      expect(Math.abs(ns - stepped.intendedNs(k))).toBeLessThanOrEqual(1);
  });

  it("never go back, and are counted as they are due", () => {
    fc.assert(
      fc.property(shapes, rates, fc.nat(20_000_000), (shape, pps, ns) => {
        const shaped = new Shaped(shape, pps, 1_000);
        const times = timesOf(shaped);
        for (const [k, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(times[k - 1] ?? 1_000);
        const due = times.filter((time) => time < ns).length;
        if (due < some) expect(shaped.dueBefore(ns, 0)).toBe(due);
        if (!Number.isFinite(shaped.frames)) return;
        const area = shape.pieces.reduce((sum, p) => sum + (p.durationNs * (p.fromShare + p.toShare)) / 2, 0);
        expect(Math.abs(shaped.frames - (area * pps) / 1e9)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("are the same at the same rate again, where a high share is followed by a low one", () => {
    const piece = (durationNs: number, fromShare: number, toShare: number) => ({ durationNs, fromShare, toShare });
    const shape = { pieces: [piece(2_000_000, 0.01, 4.66), piece(400_000, 1.56, 0.01)], thenShare: 0.01 };
    for (let next = 1; next < 4_000; next++) {
      const timeline = new Shaped(shape, 500_000, 0);
      const again = timeline.withRate(500_000, next, timeline.dueNs(next - 1));
      for (const k of [next, next + 20]) expect(Math.abs(again.dueNs(k) - timeline.dueNs(k))).toBeLessThanOrEqual(4);
    }
  });

  it("go on after changes of rate: none before now, each next one no further than its share", () => {
    fc.assert(
      fc.property(shapes, rates, fc.array(fc.tuple(rates, fc.nat(40)), { maxLength: 6 }), (shape, pps, changes) => {
        let timeline = new Shaped(shape, pps, 0);
        let [next, nowNs, lastNs] = [0, 0, 0];
        for (const [rate, forFrames] of changes) {
          for (let k = 0; k < forFrames && next < timeline.frames; k++, next++) lastNs = timeline.dueNs(next);
          nowNs = Math.max(nowNs, lastNs);
          if (next >= timeline.frames) return;
          timeline = timeline.withRate(rate, next, nowNs);
          if (next < timeline.frames) expect(timeline.dueNs(next)).toBeGreaterThanOrEqual(nowNs - 1);
        }
        // The same rate again changes nothing.
        if (next === 0 || next >= timeline.frames) return;
        const rate = changes.at(-1)![0];
        const again = timeline.withRate(rate, next, Math.min(nowNs, timeline.dueNs(next - 1)));
        for (let k = next; k < Math.min(next + 20, timeline.frames, again.frames); k++) {
          expect(Math.abs(again.dueNs(k) - timeline.dueNs(k))).toBeLessThanOrEqual(Math.ceil(1e9 / rate / 1_000) + 2);
        }
      }),
    );
  });
});
