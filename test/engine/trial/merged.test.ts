/** Real reports of the engine, merged: of one trial alone, and of measurers that share one. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { mergeTrialReports } from "../../../src/stats/merge/merge-trial.js";
import { interleavedParts } from "../../../src/stats/merge/part.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { type Device, echo, GeneratorSim } from "../../support/generator-sim.js";

/** Loses, doubles and damages frames by their place on a queue of the whole trial. */
function deviceOf(globalQueue: (queue: number) => number): Device {
  const counts = new Map<number, number>();
  return (frames, queue) =>
    frames.flatMap((frame) => {
      const place = counts.get(queue) ?? 0;
      counts.set(queue, place + 1);
      const fate = (place * 7 + globalQueue(queue) * 3) % 23;
      if (fate === 0 || fate === 9) return [];
      if (fate === 4)
        return [
          { queue, frame },
          { queue, frame },
        ];
      if (fate === 17) frame[frame.length - 10]! ^= 1;
      return [{ queue, frame }];
    });
}

const planOf = (queues: number, startSequence: number) => ({ queues, startSequence, streams: 1 });

describe("a report that asks for merging", () => {
  it("is itself, merged alone", () => {
    const report = new GeneratorSim({ queues: 2 }).run(
      { forMerging: true, startSequence: 9 },
      deviceOf((q) => q),
    );
    const merged = mergeTrialReports(planOf(2, 9), interleavedParts(planOf(2, 9), [report]));
    expect(merged).toEqual({ report, inexact: [], parts: ["share 0"] });
  });

  it("has what others have not", () => {
    const { transmit } = new GeneratorSim().run({ forMerging: true }, echo);
    expect(transmit.window!.toNs - transmit.window!.fromNs).toBe(transmit.windowNs);
    expect(transmit.window!.gapNs).toBe(10_000);
    expect(transmit.pacingData!.targetNs).toBe(10_000);
    const plain = new GeneratorSim().run({}, echo).transmit;
    expect([plain.window, plain.pacingData]).toEqual([undefined, undefined]);
  });
});

describe("measurers that share a trial", () => {
  const whole: Partial<TrialSpec> = { startSequence: 40, count: 1_000, forMerging: true };
  const figures = ({ transmit, receive }: TrialReport) => ({
    queues: transmit.queues,
    ...{ intended: transmit.intended, blocked: transmit.blocked, missed: transmit.missed },
    received: receive.queues,
    ...{ accepted: receive.accepted, byQueue: receive.acceptedByQueue, corrupt: receive.corruptByQueue },
    ...{ duplicate: receive.duplicate, tooOld: receive.tooOld, kinds: receive.corruptKinds },
    ...{ lostRanges: receive.lostRanges, complete: receive.lostRangesComplete },
    samples: receive.latency!.slice(3).reduce((sum, count) => sum + count, 0),
  });

  it.each([1, 2, 4])("are %i, and find what one finds: counts by queue, and the lost numbers", (of) => {
    const one = new GeneratorSim({ queues: 4 }).run(
      whole,
      deviceOf((queue) => queue),
    );
    const reports = Array.from({ length: of }, (_, index) =>
      new GeneratorSim({ queues: 4 / of }).run(
        { ...whole, count: 1_000 / of, load: { kind: "paced", pps: 100_000 / of } },
        deviceOf((queue) => index + queue * of),
      ),
    );
    const { report } = mergeTrialReports(planOf(4, 40), interleavedParts(planOf(4, 40), reports));
    expect(figures(report)).toEqual(figures(one));
    expect(report.transmit.windowNs).toBeGreaterThan(0.9 * one.transmit.windowNs);
  });
});
