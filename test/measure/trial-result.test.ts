/** The result of one trial is built from what the engine reported. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type TrialInputs, trialResult } from "../../src/measure/trial-result.js";
import { checkEquations } from "../../src/stats/index.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import type { StreamSchedule } from "../../src/stream/spec/traffic.js";
import { fixedSize } from "../../src/units.js";
import { type Device, echo, GeneratorSim } from "../support/generator-sim.js";
import { defaultTraffic } from "../support/plain.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const spec = {
  trial: 7,
  stream: defaultTraffic,
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
  phase: "forwarding",
  requested: { rate: "10kpps", pps: 10_000, durationNs: null, count: 1000 },
  spec: { ...spec, queues: report.transmit.queues.length },
  report,
  signed: true,
  disturbance: { stealMs: 0, switches: 0 },
  ...changes,
});

const run = (device: Device, queues = 1): TrialReport =>
  new GeneratorSim({ queues }).run({ load: spec.load, count: spec.count }, device);

describe("a trial's result", () => {
  it("passes what came back whole", () => {
    const trial = trialResult(inputsOf(run(echo)));
    expect(trial).toMatchObject({ verdict: "pass", sent: 1000, accepted: 1000, lost: 0, intended: 1000, reasons: [] });
  });

  it("tells damaged copies of frames that came back whole as such, and fails for them", () => {
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
    expect(trial).toMatchObject({ verdict: "fail", damagedCopies: 20, corruptKinds: { signature: 20 } });
    expect(trial.reasons.join()).toMatch(/20 frames came back corrupt beside whole ones/);
    expect([...trial.reasons, ...trial.notes].join()).not.toMatch(/add up|more than once/);
  });

  it("says that corrupt is an upper bound: a damaged copy hides a loss of another frame", () => {
    let n = 0;
    const report = run((frames, queue) =>
      frames.flatMap((frame) => {
        const i = n++;
        if (i % 50 === 10) return [];
        const damaged = frame.slice();
        damaged[damaged.length - 1] ^= 0x40;
        return (i % 50 === 20 ? [frame, damaged] : [frame]).map((each) => ({ queue, frame: each }));
      }),
    );
    const trial = trialResult(inputsOf(report));
    expect(trial).toMatchObject({ verdict: "fail", lost: 0, corrupt: 20, duplicate: 0 });
    expect(trial.damagedCopies).toBeUndefined();
    expect(trial.notes.join()).toContain("corrupt is an upper bound: some of the 20 frames may be damaged copies");
  });

  it.each([false, true])(
    "adds up whatever a device does to frames and copies; payload damaged and looked at: %s",
    (integrity) => {
      const fate = fc.constantFrom("pass", "pass", "pass", "drop", "twice", "damage", "damaged copy", "damaged first");
      fc.assert(
        fc.property(fc.array(fate, { minLength: 20, maxLength: 120 }), fc.constantFrom(1, 2), (fates, queues) => {
          let n = 0;
          const device: Device = (frames, queue) =>
            frames.flatMap((frame) => {
              const damaged = frame.slice();
              damaged[damaged.length - (integrity ? 30 : 1)]! ^= 0x40;
              const copies = {
                pass: [frame],
                drop: [],
                twice: [frame, frame.slice()],
                damage: [damaged],
                "damaged copy": [frame, damaged],
                "damaged first": [damaged, frame],
              };
              return copies[fates[n++]!].map((each) => ({ queue, frame: each }));
            });
          const size = fixedSize(128);
          const count = fates.length;
          const sim = new GeneratorSim({ queues });
          const report = sim.run({ load: spec.load, settleNs: 21e6, count, size, integrity }, device);
          const requested = { rate: "10kpps", pps: 10_000, durationNs: null, count };
          const trial = trialResult(inputsOf(report, { requested }));
          const of = (...kinds: readonly string[]): number => fates.filter((each) => kinds.includes(each)).length;
          const [missing, damaged] = [of("drop", "damage"), of("damage", "damaged copy", "damaged first")];
          expect(checkEquations(trial)).toEqual([]);
          expect(trial.accepted).toBe(count - missing);
          expect([trial.corrupt, trial.damagedCopies ?? 0]).toEqual([
            Math.min(missing, damaged),
            Math.max(0, damaged - missing),
          ]);
          expect(trial.lost).toBe(missing - trial.corrupt);
          expect(trial.duplicate).toBe(of("twice") + (trial.damagedCopies ?? 0));
          const kinds = Object.values(trial.corruptKinds).reduce((sum, frames) => sum + frames, 0);
          expect(kinds).toBe(damaged);
          // Every number that did not come back whole, and no other.
          const listed = trial.lostRanges.flatMap(([from, to]) =>
            Array.from({ length: to - from + 1 }, (_, i) => from + i),
          );
          const inList = fates.flatMap((each, i) => (["drop", "damage"].includes(each) ? [i] : []));
          if (queues === 1) expect(listed).toEqual(inList);
          expect(trial.reorderExtent).toBeNull();
          if (damaged > 0 || missing > 0) expect(trial.verdict).not.toBe("pass");
        }),
        { numRuns: 25 },
      );
    },
  );

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

describe("loss as a time", () => {
  /** Loses the frames that left in that time, by their slots of 100 µs. */
  const downFor = (fromMs: number, forMs: number): Device => {
    let n = 0;
    const isDown = (slot: number): boolean => slot >= fromMs * 10 && slot < (fromMs + forMs) * 10;
    return (frames, queue) => frames.filter(() => !isDown(n++)).map((frame) => ({ queue, frame }));
  };

  it.each([0.1, 7, 50])("is %f ms for a device that was down for so long", (ms) => {
    const trial = trialResult(inputsOf(run(downFor(20, ms))));
    expect(trial).toMatchObject({ lost: ms * 10, lossDurationNs: ms * 1e6, outageNs: ms * 1e6 });
  });

  it("is of each spell for the outage, and of all for the loss", () => {
    let n = 0;
    const isUp = (slot: number): boolean => (slot < 200 || slot >= 230) && (slot < 400 || slot >= 450);
    const both: Device = (frames, queue) => frames.filter(() => isUp(n++)).map((frame) => ({ queue, frame }));
    expect(trialResult(inputsOf(run(both)))).toMatchObject({ lossDurationNs: 8e6, outageNs: 5e6 });
  });

  it("counts to the end of the trial, and all of it where nothing came back", () => {
    expect(trialResult(inputsOf(run(downFor(90, 100))))).toMatchObject({ lossDurationNs: 10e6, outageNs: 10e6 });
    expect(trialResult(inputsOf(run(() => [])))).toMatchObject({ lossDurationNs: 100e6, outageNs: 100e6 });
    expect(trialResult(inputsOf(run(echo)))).toMatchObject({ lossDurationNs: 0, outageNs: 0 });
  });

  it("is a queue's own, where one of two lost all of its frames", () => {
    const device: Device = (frames, queue) => (queue === 1 ? [] : frames.map((frame) => ({ queue, frame })));
    expect(trialResult(inputsOf(run(device, 2)))).toMatchObject({ lossDurationNs: 50e6, outageNs: 100e6 });
  });

  describe("of streams with a schedule", () => {
    /** Two streams of 500 pps for 100 ms; the second one as it says, and four of its frames are lost, one at a time. */
    const trialOf = (schedule: StreamSchedule) => {
      const rate = { kind: "pps", pps: 500 } as const;
      const [steady, other] = ["steady", "other"].map((name) => trafficStream({ name, rate }));
      const order = {
        ...{ stream: trafficSpec([steady!, { ...other!, schedule }]), size: fixedSize(128) },
        ...{ load: { kind: "own" as const }, count: null, durationNs: 100e6 },
      };
      const report = new GeneratorSim().run(order, echo);
      const [first, second] = report.receive.streams!;
      const lossy = { ...second!, accepted: second!.accepted - 4, longestLost: 1 };
      const receive = { ...report.receive, accepted: report.receive.accepted - 4, longestLost: 1 };
      const lost = { ...report, receive: { ...receive, streams: [first!, lossy] } };
      return trialResult(inputsOf(lost, { spec: { ...spec, ...order } }));
    };

    it("has the gap of the stream's own rate, and not that of the trial's length", () => {
      const trial = trialOf({ kind: "continuous", startNs: 60e6, frames: 20 });
      expect(trial.streams![1]).toMatchObject({ sent: 20, missing: 4, outageNs: 2e6, lossDurationNs: 8e6 });
      expect(trial.outageNs).toBe(2e6);
      expect(trial).not.toHaveProperty("lossDurationNs");
    });

    it.each<StreamSchedule>([
      { kind: "bursts", startNs: 0, frames: 10, bursts: 2, gapNs: 10e6 },
      { kind: "ramp", startNs: 0, fromShare: 0.1, toShare: 1, rampNs: 100e6 },
      { kind: "poisson", startNs: 0, seed: 1 },
    ])("is left out where gaps differ: $kind", (schedule) => {
      const trial = trialOf(schedule);
      expect(trial.streams![0]).toMatchObject({ missing: 0, outageNs: 0, lossDurationNs: 0 });
      for (const each of [trial, trial.streams![1]]) {
        expect(each).not.toHaveProperty("outageNs");
        expect(each).not.toHaveProperty("lossDurationNs");
      }
    });
  });

  it("has no outage where queues sent unequally, but where nothing was lost", () => {
    const uneven = (report: TrialReport): TrialReport => {
      const queues = report.transmit.queues.map((queue, q) => ({ ...queue, published: q === 0 ? 900 : 100 }));
      return { ...report, transmit: { ...report.transmit, queues } };
    };
    let n = 0;
    const device: Device = (frames, queue) => frames.filter(() => n++ !== 500).map((frame) => ({ queue, frame }));
    const lossy = trialResult(inputsOf(uneven(run(device, 2))));
    expect(lossy).toMatchObject({ lost: 1, lossDurationNs: 100_000 });
    expect(lossy).not.toHaveProperty("outageNs");
    expect(trialResult(inputsOf(uneven(run(echo, 2))))).toMatchObject({ lost: 0, outageNs: 0 });
  });
});
