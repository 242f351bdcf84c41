/**
 * A device that takes nothing for a while: frames stay in the transmit ring when a trial ends, and it takes them in a later
 * one. They are sent in neither trial, and every count adds up.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { expectSound, sentOf } from "./sound-trial.js";

const count = 1000;

/** A trial whose device takes `taken` frames and then stands still, or none at all where `taken` is 0. */
function standsStill(sim: GeneratorSim, trial: number, taken: number): TrialReport {
  sim.begin({ trial, count });
  let came = 0;
  for (let turn = 0; turn < 10_000_000 && !sim.done; turn++) {
    if (came < taken) {
      sim.turn((frames, queue) => {
        came += frames.length;
        return echo(frames, queue, sim.nowNs);
      });
    } else {
      sim.job.step();
      sim.nowNs += 10_000;
    }
  }
  return sim.report();
}

const carriedOf = ({ transmit }: TrialReport): number => transmit.queues.reduce((sum, one) => sum + one.carried, 0);
const outstandingOf = ({ transmit }: TrialReport): number =>
  transmit.queues.reduce((sum, one) => sum + one.outstanding, 0);

describe("frames left in the transmit ring", () => {
  it("are blocked in their trial, and carried in the one in which the device takes them", () => {
    const sim = new GeneratorSim({ size: 256 });
    const stuck = standsStill(sim, 7, 400);
    expectSound(stuck);
    const left = outstandingOf(stuck);
    expect(left).toBeGreaterThan(200);
    expect(stuck.transmit).toMatchObject({ cutShort: "stuck", intended: count, blocked: count - sentOf(stuck) });
    expect(stuck.receive.accepted).toBe(sentOf(stuck));

    const next = sim.run({ trial: 8, trialsBefore: 1, count }, echo);
    expectSound(next);
    expect(carriedOf(next)).toBe(left);
    expect(outstandingOf(next)).toBe(0);
    expect(next.receive).toMatchObject({
      accepted: count,
      received: count,
      stale: left,
      staleOfOthers: 0,
      duplicate: 0,
    });

    const last = sim.run({ trial: 9, count }, echo);
    expectSound(last);
    expect([carriedOf(last), last.receive.stale, last.receive.accepted]).toEqual([0, 0, count]);
  });

  it("are counted once over any trials, whichever of them the device stands still in", () => {
    const stops = fc.array(fc.option(fc.nat(count - 300), { nil: null }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stops, fc.constantFrom("split", "packed"), (trials, format) => {
        const sim = new GeneratorSim({ size: 64, format });
        const reports = [...trials, null].map((taken, k) =>
          taken === null ? sim.run({ trial: k + 1, count }, echo) : standsStill(sim, k + 1, taken),
        );
        for (const report of reports) expectSound(report);
        const sum = (of: (report: TrialReport) => number): number => reports.reduce((all, one) => all + of(one), 0);
        // All that was published is sent in its own trial or carried in a later one, and came back.
        const published = sum(({ transmit }) => transmit.queues[0]!.published);
        expect(sum(sentOf) + sum(carriedOf)).toBe(published);
        expect(sum(({ receive }) => receive.accepted) + sum(({ receive }) => receive.stale)).toBe(published);
        expect(sum(({ receive }) => receive.accepted)).toBe(sum(sentOf));
      }),
      { numRuns: 12 },
    );
  });
});
