/** Somebody gives a trial more time while it runs: it is the same as one that had all of the time from the start. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { fixedSize } from "../../../src/units.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

interface Deed {
  /** Since the trial's start. */
  readonly atNs: number;
  readonly does: (sim: GeneratorSim) => void;
}

/** A trial in which this is done meanwhile. */
function trialWith(spec: Partial<TrialSpec>, deeds: readonly Deed[], queues = 1) {
  const sim = new GeneratorSim({ queues });
  sim.readNs = 1;
  sim.turnNs = 200;
  sim.begin(spec);
  const beganNs = sim.after(0);
  const left = [...deeds].sort((a, b) => a.atNs - b.atNs);
  for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
    while (left.length > 0 && sim.nowNs - beganNs >= left[0]!.atNs) left.shift()!.does(sim);
    sim.turn(echo);
  }
  expect(sim.done).toBe(true);
  return { report: sim.report(), turns: sim.counters[generatorCounter.turns]! };
}

const longer = (atNs: number, addNs: number): Deed => ({ atNs, does: (sim) => sim.extend(addNs) });
const load = (atNs: number, speed: number, totalPps: number): Deed => ({
  atNs,
  does: (sim) => sim.change(speed, totalPps),
});

const timed = (durationNs: number, changes: Partial<TrialSpec> = {}): Partial<TrialSpec> => ({
  load: { kind: "paced", pps: 100_000 },
  ...{ durationNs, count: null },
  ...changes,
});

const stream = (name: string, pps: number, changes = {}) =>
  trafficStream({ name, rate: { kind: "pps", pps }, ...changes });
const several: Partial<TrialSpec> = {
  load: { kind: "own", lineRateBps: null },
  size: fixedSize(128),
  stream: trafficSpec([
    stream("a", 40_000),
    stream("b", 7_000, { schedule: { kind: "poisson", startNs: 0, seed: 4 } }),
    stream("c", 11_000, { schedule: { kind: "bursts", startNs: 0, frames: 10, bursts: null, gapNs: 1e6 } }),
  ]),
};
const stepped: Partial<TrialSpec> = {
  load: {
    kind: "stepped",
    steps: [
      { pps: 100_000, durationNs: 5e6 },
      { pps: 50_000, durationNs: 5e6 },
    ],
  },
};

/** What no two turns of the clock make differ. */
const countsOf = ({ transmit, receive }: TrialReport) => ({
  intended: transmit.intended,
  published: transmit.queues.map(({ published }) => published),
  outstanding: transmit.queues.map(({ outstanding }) => outstanding),
  missed: transmit.missed,
  blocked: transmit.blocked,
  late: transmit.late,
  cutShort: transmit.cutShort,
  streams: transmit.streams,
  accepted: receive.accepted,
  received: receive.received,
  duplicate: receive.duplicate,
});

const loads = [
  ["one stream", {}, 1],
  ["one stream over 3 queues", {}, 3],
  ["one slow stream", { load: { kind: "paced", pps: 333 } }, 1],
  ["a share of several", { share: { of: 3, index: 1 } }, 1],
  ["one rate after another", stepped, 1],
  ["several streams", several, 1],
  ["several streams over 2 queues", several, 2],
] as const satisfies readonly (readonly [string, Partial<TrialSpec>, number])[];

describe.each(loads)("a trial of %s that is given more time", (_, changes, queues) => {
  it("sends what is due over all of it, and its window is all of it", () => {
    const whole = trialWith(timed(17e6, changes), [], queues).report;
    const { report, turns } = trialWith(timed(10e6, changes), [longer(2e6, 3e6), longer(11.5e6, 4e6)], queues);
    expect(turns).toBe(2);
    expect(countsOf(report)).toEqual(countsOf(whole));
    expect(report.transmit.missed).toBe(0);
    expect(report.receive.accepted).toBe(report.transmit.intended);
    expect(Math.abs(report.transmit.windowNs - whole.transmit.windowNs)).toBeLessThan(2_000);
    // Gaps have the same target as before.
    expect(report.transmit.pacing === null).toBe(whole.transmit.pacing === null);
  });

  it("is the same whenever that is said, and whatever else is changed", () => {
    const pps = 100_000;
    const change = fc.record({ atNs: fc.integer({ min: 0, max: 8e6 }), speed: fc.constantFrom(0, 0.5, 1, 2) });
    const more = fc.record({ atNs: fc.integer({ min: 0, max: 8e6 }), addNs: fc.integer({ min: 1, max: 4_000_000 }) });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 3 }),
        fc.array(more, { minLength: 1, maxLength: 3 }),
        (loadDeeds, add) => {
          const deeds = loadDeeds.map(({ atNs, speed }) => load(atNs, speed, pps * speed));
          const wholeNs = add.reduce((sum, { addNs }) => sum + addNs, 10e6);
          const { report } = trialWith(
            timed(10e6, changes),
            [...deeds, ...add.map(({ atNs, addNs }) => longer(atNs, addNs))],
            queues,
          );
          const whole = trialWith(timed(wholeNs, changes), deeds, queues).report;
          const { transmit, receive } = report;
          expect(receive.accepted).toBe(transmit.intended - transmit.missed - transmit.blocked);
          // A change is taken at a look, which more changes may put off by a turn: a frame's place may differ by one a change.
          expect(Math.abs(transmit.intended - whole.transmit.intended)).toBeLessThanOrEqual(loadDeeds.length * 2);
          expect(transmit.missed).toBe(whole.transmit.missed);
        },
      ),
      { numRuns: 3 },
    );
  });
});

describe("more time", () => {
  it.each([
    ["one stream", {}],
    ["several streams", several],
  ])("is sent in at max, too: %s", (_, changes) => {
    const { report } = trialWith(timed(2e6, { ...changes, load: { kind: "max" } }), [longer(0.2e6, 1e6)]);
    expect(report.transmit.windowNs / 3e6).toBeCloseTo(1, 2);
    expect(report.receive.accepted).toBe(report.transmit.intended);
  });

  it("is that of a trial that stands still, too", () => {
    const deeds = [load(2e6, 0, 0), longer(5e6, 10e6), load(15e6, 1, 100_000)];
    const { report } = trialWith(timed(10e6), deeds);
    expect(Math.abs(report.transmit.intended - 700)).toBeLessThanOrEqual(200);
    expect(report.transmit).toMatchObject({ missed: 0, blocked: 0, late: 0, cutShort: null });
    expect(report.receive.accepted).toBe(report.transmit.intended);
  });

  it("is taken until the end, though the last frame of the schedule has left", () => {
    const slow = { load: { kind: "paced", pps: 300 } } as const;
    const { report, turns } = trialWith(timed(9.9e6, slow), [longer(7.5e6, 4e6)]);
    expect([turns, report.transmit.intended, report.receive.accepted]).toEqual([1, 5, 5]);
  });

  it("comes too late when the time is over", () => {
    const { report, turns } = trialWith(timed(10e6), [longer(10.1e6, 4e6)]);
    expect([turns, report.transmit.intended, report.receive.accepted]).toEqual([0, 1_000, 1_000]);
  });

  it("is not for another trial, and changes nothing of one with a count", () => {
    const other: Deed = { atNs: 2e6, does: (sim) => sim.extend(5e6, 99) };
    expect(trialWith(timed(10e6), [other]).report.transmit.intended).toBe(1_000);
    const counted = trialWith({ count: 500 }, [longer(2e6, 5e6)]).report;
    expect(countsOf(counted)).toEqual(countsOf(trialWith({ count: 500 }, []).report));
  });
});
