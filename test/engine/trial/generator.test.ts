/** A trial of the generator before a perfect device: what it sends, gets back, and knows of its own loop. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { fixedSize, simpleImix } from "../../../src/units.js";
import { baseOrder, echo, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { expectSound, sentOf } from "./sound-trial.js";

describe("a perfect device", () => {
  for (const format of ["split", "packed"] as const) {
    for (const queues of [1, 2, 3]) {
      it(`gives everything back: ${format}, ${queues} queues, paced and at max`, () => {
        const sim = new GeneratorSim({ format, queues });
        for (const load of [{ kind: "paced", pps: 100_000 }, { kind: "paced", pps: 5e6 }, { kind: "max" }] as const) {
          const report = sim.run({ load, count: 2000 }, echo);
          expectSound(report);
          expect(sentOf(report)).toBe(2000);
          expect(report.receive.accepted).toBe(2000);
          expect(report.receive.reordered).toBe(0);
          expect(report.receive.lostRanges).toEqual([]);
          expect(report.receive.acceptedByQueue.reduce((a, b) => a + b)).toBe(2000);
        }
      });
    }
  }

  it("ends its trial soon where everything is back, and waits for residual frames where that is asked for", () => {
    const elapsedNs = (settlesWhole: boolean): number => {
      const sim = new GeneratorSim();
      sim.turnNs = 20_000;
      return sim.run({ count: 100, settleNs: 2e9, settlesWhole }, echo).elapsedNs;
    };
    expect(elapsedNs(false)).toBeLessThan(0.1e9);
    expect(elapsedNs(true)).toBeGreaterThan(2e9);
  });

  it("deals frames to queues in turn: frame i to queue i mod 3", () => {
    const report = new GeneratorSim({ queues: 3 }).run({ count: 1000 }, echo);
    expect(report.transmit.queues.map(({ published }) => published)).toEqual([334, 333, 333]);
  });

  it("sends a mix in its order, and knows each size again", () => {
    const report = new GeneratorSim().run({ size: simpleImix, count: 1200 }, echo);
    expectSound(report);
    expect(report.receive.accepted).toBe(1200);
    const meanBufferBytes = (7 * 60 + 4 * 590 + 1514) / 12;
    expect(report.transmit.queues[0]?.bytes).toBe(meanBufferBytes * 1200);
  });

  it("causes no phantom loss past 2^31, 2^32 and 2^40, whatever the number of queues", () => {
    for (const queues of [1, 2, 3]) {
      const sim = new GeneratorSim({ queues });
      for (const start of [2 ** 31 - 500, 2 ** 32 - 501, 2 ** 40 - 3]) {
        const report = sim.run({ startSequence: start, count: 1500 }, echo);
        expectSound(report);
        expect(report.receive.accepted).toBe(1500);
        expect(report.receive.tooOld + report.receive.duplicate + report.receive.reordered).toBe(0);
      }
    }
  });

  it("counts frames too small for a signature by size and addresses", () => {
    const stream = plain({ ip: 6, sizes: [fixedSize(66)] });
    const report = new GeneratorSim().run({ stream, size: fixedSize(66), count: 500 }, echo);
    expect(report.receive.accepted).toBe(500);
    expect(report.receive.latency).toBeNull();
  });
});

describe("the generator's own floor", () => {
  it("is measured for frames of every size", () => {
    for (const frameBytes of [64, 1518, 9018]) {
      const order = { ...baseOrder, trial: 0, size: fixedSize(frameBytes) };
      const sim = new GeneratorSim();
      sim.readNs = 200;
      const floorNs = sim.command({ kind: "floor", spec: order });
      expect(floorNs).toBeGreaterThan(0);
      expect(floorNs).toBeLessThan(10_000);
    }
  });
});

describe("a loop that stands still", () => {
  const standing = (sim: GeneratorSim, changes: Partial<TrialSpec>, atNs: number, forNs: number): TrialReport => {
    sim.begin(changes);
    const beganNs = sim.nowNs;
    let stood = false;
    for (let turn = 0; turn < 5_000_000 && !sim.done; turn++) {
      sim.turn(echo);
      if (stood || sim.nowNs - beganNs < atNs) continue;
      stood = true;
      sim.nowNs += forNs;
    }
    expect(sim.done).toBe(true);
    return sim.report();
  };

  it("knows its longest time between two turns, at max and at a pace", () => {
    for (const load of [{ kind: "max" }, { kind: "paced", pps: 100_000 }] as const) {
      const order = { load, count: null, durationNs: 5e6 };
      const sim = new GeneratorSim();
      const report = standing(sim, order, 2e6, 40e6);
      expect(report.stoodStillNs).toBeGreaterThanOrEqual(40e6);
      expect(report.stoodStillNs).toBeLessThan(41e6);
      // Of each trial by itself; waiting for the last frames is no standing still.
      const next = standing(sim, order, Number.POSITIVE_INFINITY, 0);
      expect(next.stoodStillNs).toBeLessThan(1e6);
      expect(standing(sim, order, 8e6, 30e6).stoodStillNs).toBeLessThan(1e6);
    }
  });
});
