/** A schedule of several rates, one after the other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanPps, type RateStep, SteppedSchedule, steppedTimeline } from "../../src/stream/departures/steps.js";
import { Bursts, Continuous } from "../../src/stream/departures/timeline.js";

const steps: readonly RateStep[] = [
  { pps: 1_000, durationNs: 10e6 },
  { pps: 250, durationNs: 20e6 },
];

describe("a schedule of steps", () => {
  it("has each step's frames at each step's times, the last one's without end", () => {
    const schedule = SteppedSchedule.of(steps);
    const due = Array.from({ length: 16 }, (_, k) => schedule.intendedNs(k) / 1e6);
    expect(due).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 18, 22, 26, 30]);
    expect(schedule.slotsIn(30e6)).toBe(15);
    expect(schedule.dueAt(9_999_999)).toBe(10);
    expect(schedule.dueAt(10e6)).toBe(11);
  });

  it("is due exactly when it says, whatever the steps", () => {
    const step = fc.record({
      pps: fc.double({ min: 0.5, max: 5e6, noNaN: true }),
      durationNs: fc.integer({ min: 1, max: 5e8 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 2e9 }), (list, nowNs) => {
        const schedule = SteppedSchedule.of(list);
        const due = schedule.dueAt(nowNs);
        expect(schedule.intendedNs(due)).toBeGreaterThan(nowNs);
        if (due > 0) expect(schedule.intendedNs(due - 1)).toBeLessThanOrEqual(nowNs);
      }),
    );
  });

  it("comes to the mean of its rates", () => {
    expect(meanPps(steps)).toBe(500);
  });

  it("needs a step", () => {
    expect(() => SteppedSchedule.of([])).toThrow("a load without steps");
  });
});

describe("a timeline of steps", () => {
  it("is the schedule of steps, for a stream without a break", () => {
    const timeline = steppedTimeline(new Continuous(1_000, 0, Number.POSITIVE_INFINITY), steps);
    const schedule = SteppedSchedule.of(steps);
    for (let k = 0; k < 40; k++) expect(timeline.dueNs(k)).toBe(schedule.intendedNs(k));
    for (let ns = 0; ns < 40e6; ns += 1e6) expect(timeline.dueBefore(ns, 0)).toBe(schedule.dueAt(ns - 1));
  });

  it("stretches bursts with their gaps, and ends later", () => {
    const bursts = new Bursts(2_000, 0, 2, 4, 4e6);
    const timeline = steppedTimeline(bursts, steps);
    expect(Array.from({ length: 8 }, (_, k) => timeline.dueNs(k) / 1e6)).toEqual([0, 0.5, 5, 5.5, 10, 12, 30, 32]);
    expect(timeline.endNs).toBe(34e6);
    expect(timeline.dueBefore(30e6, 0)).toBe(6);
  });
});
