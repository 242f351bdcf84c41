import { describe, expect, it } from "vitest";
import type { TrialReport } from "../../src/engine/trial-order.js";
import { type TrialInputs, trialResult } from "../../src/method/trial-result.js";
import { defaultStreamSpec } from "../../src/stream/spec.js";
import { fixedSize } from "../../src/units.js";
import { type Device, echo, GeneratorSim } from "../engine/generator-sim.js";

const order = {
  trial: 7,
  stream: defaultStreamSpec,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 10_000 },
  count: 1000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 50e6,
  integrity: false,
  cooperative: true,
} as const;

const inputsOf = (report: TrialReport, changes: Partial<TrialInputs> = {}): TrialInputs => ({
  frameBytes: 64,
  meanFrameBytes: 64,
  phase: "forwarding",
  requested: { rate: "10kpps", pps: 10_000, durationNs: null, count: 1000 },
  order: { ...order, queues: report.transmit.queues.length },
  report,
  signed: true,
  hops: [],
  injected: null,
  stealMs: 0,
  switches: 0,
  lossRatioMax: null,
  minPps: null,
  faults: [],
  notes: [],
  ...changes,
});

const run = (device: Device, queues = 1): TrialReport =>
  new GeneratorSim({ queues }).run({ load: order.load, count: order.count }, device);

describe("a trial's result", () => {
  it("passes what came back whole", () => {
    const trial = trialResult(inputsOf(run(echo)));
    expect(trial).toMatchObject({ verdict: "pass", sent: 1000, accepted: 1000, lost: 0, intended: 1000, reasons: [] });
  });

  it("never has a negative loss: damaged copies of frames that came back as well are duplicates", () => {
    let n = 0;
    const report = run((frames, queue) =>
      frames.flatMap((frame) => {
        const damaged = frame.slice();
        damaged[damaged.length - 1] ^= 0x40;
        return n++ < 10
          ? [frame, damaged, damaged.slice()].map((each) => ({ queue, frame: each }))
          : [{ queue, frame }];
      }),
    );
    const trial = trialResult(inputsOf(report));
    expect(trial).toMatchObject({ lost: 0, corrupt: 0, duplicate: 20, accepted: 1000, received: 1020 });
    expect(trial.reasons.join()).not.toMatch(/add up/);
  });

  it("has queues that agree with its totals where frames came back damaged", () => {
    let n = 0;
    const report = run(
      (frames, queue) =>
        frames.map((frame) => {
          if (n++ % 40 === 0) frame[frame.length - 1] ^= 0x40;
          return { queue, frame };
        }),
      2,
    );
    const trial = trialResult(inputsOf(report));
    expect(trial.corrupt).toBe(25);
    expect(trial.lost).toBe(0);
    expect(trial.queuesSeen.map(({ lost }) => lost)).toEqual([0, 0]);
  });

  it("fails a device that took nothing any more, whatever the load, and says so first", () => {
    const failures = ["the device under test took nothing for 5 s, and the trial was given up"];
    const trial = trialResult(inputsOf(run(echo), { failures }));
    expect(trial.verdict).toBe("fail");
    expect(trial.reasons).toEqual(failures);
  });
});
