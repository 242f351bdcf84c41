/** Departures that are taken in runs are those that are taken one by one. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Departures } from "../../src/stream/departures/departures.js";
import { Bursts, Continuous, type Timeline } from "../../src/stream/departures/timeline.js";

const rates = fc.constantFrom(1e6, 2e6, 3e6, 999_983, 7e5, 4e6);
const timelines = fc.array(
  fc.oneof(
    fc.record({ pps: rates, startNs: fc.nat(3_000), frames: fc.oneof(fc.nat(60), fc.constant(Infinity)) }),
    fc.record({ pps: rates, startNs: fc.nat(3_000), burst: fc.integer({ min: 1, max: 6 }) }),
  ),
  { minLength: 1, maxLength: 6 },
);
type Plan = typeof timelines extends fc.Arbitrary<infer T> ? T : never;

const made = (plans: Plan): Timeline[] =>
  plans.map((plan) =>
    "burst" in plan
      ? new Bursts(plan.pps, plan.startNs, plan.burst, 20, 2_000)
      : new Continuous(plan.pps, plan.startNs, plan.frames),
  );

it("a run is the next departures of one stream, as far as they are due and come before all others", () => {
  const step = fc.record({ ns: fc.nat(4_000), most: fc.integer({ min: 1, max: 40 }), toleranceNs: fc.nat(3_000) });
  fc.assert(
    fc.property(timelines, fc.array(step, { minLength: 1, maxLength: 30 }), (plans, steps) => {
      const [runs, single] = [new Departures(made(plans)), new Departures(made(plans))];
      let nowNs = 0;
      let longest = 0;
      for (const { ns, most, toleranceNs } of steps) {
        nowNs += ns;
        while (runs.nextNs <= nowNs) {
          const { stream } = runs;
          const frames = runs.runAt(nowNs, most, toleranceNs);
          let late = 0;
          for (let k = 0; k < frames; k++) {
            expect([single.stream, single.nextNs <= nowNs]).toEqual([stream, true]);
            if (nowNs - single.nextNs > toleranceNs) late++;
            single.advance();
          }
          expect(runs.lateInRun).toBe(late);
          runs.advanceRun();
          expect([runs.nextNs, runs.isEmpty]).toEqual([single.nextNs, single.isEmpty]);
          if (!runs.isEmpty) expect([runs.stream, runs.slot]).toEqual([single.stream, single.slot]);
          expect(runs.isOver(stream)).toBe(single.isOver(stream));
          // It ends where it must, and not before.
          const goesOn = !single.isEmpty && single.stream === stream && single.nextNs <= nowNs;
          if (goesOn && !("burst" in plans[stream]!)) expect(frames).toBe(most);
          longest = Math.max(longest, frames);
        }
        expect(single.nextNs).toBeGreaterThan(nowNs);
      }
      expect(longest).toBeLessThanOrEqual(40);
    }),
  );
});
