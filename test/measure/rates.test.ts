/** What is said of rates, in the rig in which only the clock moves: delays, queues, losses, mixes of sizes. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { trialResult } from "../../src/measure/trial-result.js";
import type { Trial } from "../../src/result/run-result.js";
import { simpleImix } from "../../src/units.js";
import { baseOrder, type Device, echo, GeneratorSim } from "../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

/** A trial of so many frames a second for 200 ms, with its result. */
function trialOf(device: Device, changes: Partial<TrialSpec> = {}, judge: { minPps?: number } = {}): Trial {
  const load = { kind: "paced", pps: 10_000 } as const;
  const spec = { ...baseOrder, load, count: null, durationNs: 200e6, settleNs: 400e6, ...changes };
  const sim = new GeneratorSim({ size: 1024, queues: spec.queues });
  sim.turnNs = 5_000;
  const report = sim.run(spec, device);
  const pps = spec.load.kind === "paced" ? spec.load.pps : null;
  return trialResult({
    phase: "rate",
    requested: { rate: "as asked", pps, durationNs: spec.durationNs, count: spec.count },
    ...{ spec, report, signed: true, limits: judge, disturbance: { stealMs: 0, switches: 0 } },
  });
}

/** Gives every frame back so much later; `perSecond`: and no faster; `room`: it holds no more than so many. */
function delaying(delayNs: number, perSecond = Number.POSITIVE_INFINITY, room = Number.POSITIVE_INFINITY): Device {
  const held: { readonly atNs: number; readonly frame: Uint8Array }[] = [];
  let freeNs = 0;
  return (frames, queue, nowNs) => {
    for (const frame of frames) {
      if (held.length >= room) continue;
      freeNs = Math.max(freeNs, nowNs + delayNs) + 1e9 / perSecond;
      held.push({ atNs: freeNs, frame });
    }
    const due = held.filter(({ atNs }) => atNs <= nowNs).length;
    return held.splice(0, due).map(({ frame }) => ({ queue, frame }));
  };
}

describe("the rate of what came back", () => {
  it.each([0, 1, 20, 100, 300])("is that of what was sent where nothing is lost, with a delay of %i ms", (ms) => {
    const trial = trialOf(delaying(ms * 1e6), {}, { minPps: 10_000 });
    expect(trial).toMatchObject({ sent: 2000, accepted: 2000, lost: 0, rxPps: trial.txPps });
    expect(trial.txPps / 10_000).toBeCloseTo(1, 3);
    expect(trial.reasons.join()).not.toMatch(/came back, less than/);
  });

  it("is that of what was sent with a delay, of streams and of a count, too", () => {
    const streams = trafficSpec(["a", "b"].map((name) => trafficStream({ name })));
    const changes: Partial<TrialSpec>[] = [{ stream: streams }, { count: 2000, durationNs: Infinity }, { count: 200 }];
    for (const change of changes) {
      const trial = trialOf(delaying(50e6), change);
      expect(trial.lost).toBe(0);
      expect(trial.rxPps / 10_000).toBeCloseTo(1, 3);
    }
  });

  it.each([0, 30])("is what a bottleneck forwards, not what its queue gives back afterwards (delay %i ms)", (ms) => {
    const trial = trialOf(delaying(ms * 1e6, 6_000));
    expect(trial).toMatchObject({ sent: 2000, accepted: 2000, lost: 0 });
    expect(trial.rxPps).toBeGreaterThan(5_950);
    expect(trial.rxPps).toBeLessThan(6_050);
  });

  it("is a policer's rate, and fails what asks for more", () => {
    const trial = trialOf(delaying(10e6, 6_000, 80), {}, { minPps: 7_000 });
    expect(trial.lost).toBeGreaterThan(500);
    expect(trial.rxPps).toBeGreaterThan(5_900);
    expect(trial.rxPps).toBeLessThan(6_100);
    expect(trial.reasons.join()).toMatch(/came back, less than the 7 kpps asked for/);
  });

  it.each([0, 40])("is lower by each frame that is lost, with a delay of %i ms", (ms) => {
    const slow = delaying(ms * 1e6);
    let n = 0;
    const trial = trialOf((frames, queue, nowNs) =>
      slow(
        frames.filter(() => n++ % 10 !== 3),
        queue,
        nowNs,
      ),
    );
    expect(trial.lost).toBe(200);
    expect(trial.rxPps / trial.txPps).toBeCloseTo(0.9, 9);
  });

  it("does not begin with a frame of an earlier trial", () => {
    const slow = delaying(40e6);
    let first: Uint8Array | null = null;
    const trial = trialOf((frames, queue, nowNs) => {
      const back = slow(frames, queue, nowNs);
      if (first !== null || frames.length === 0) return back;
      // The trial's number is the lowest byte of the word behind the magic; the sum is made right again.
      first = frames[0]!.slice();
      const view = new DataView(first.buffer);
      const end = first.length;
      view.setUint8(end - 16, view.getUint8(end - 16) - 1);
      view.setUint8(end - 2, view.getUint8(end - 2) + 1);
      return [...back, { queue, frame: first }];
    });
    expect(trial.stale + trial.foreign + trial.corrupt).toBe(1);
    expect(trial).toMatchObject({ accepted: 2000, rxPps: trial.txPps });
  });
});

/** Tags of 802.1Q pushed behind the addresses. */
const pushing: Device = (frames, queue) =>
  frames.map((frame) => {
    const tagged = new Uint8Array(frame.length + 4);
    tagged.set(frame.subarray(0, 12));
    tagged.set([0x81, 0, 0, 100], 12);
    tagged.set(frame.subarray(12), 16);
    return { queue, frame: tagged };
  });

describe("frames that come back with other tags", () => {
  it("are said to be longer, and are so in the bits that came back", () => {
    const trial = trialOf(pushing);
    expect(trial).toMatchObject({ accepted: 2000, corrupt: 0, rxPps: trial.txPps });
    expect(trial.rxBpsL2).toBeCloseTo(trial.txPps * 68 * 8, 3);
    expect(trial.notes).toContain("frames came back 4 bytes longer than they were sent: the device pushed tags");
    expect(trialOf(echo).notes.join()).not.toMatch(/longer|shorter/);
  });

  it("that came inside an encapsulation are longer, and none of them is whole", () => {
    const wrapped: Device = (frames, queue) =>
      frames.map((frame) => ({ queue, frame: Uint8Array.from([...new Uint8Array(50), ...frame]) }));
    const trial = trialOf(wrapped);
    expect(trial).toMatchObject({ accepted: 0, corrupt: 2000 });
    expect(trial.notes).toContain(
      "frames came back 50 bytes longer than they were sent: inside an encapsulation, or padded",
    );
  });

  it("are longer stream by stream, too", () => {
    const trial = trialOf(pushing, {
      stream: trafficSpec([trafficStream({ name: "a" }), trafficStream({ name: "b" })]),
    });
    expect(trial.streams!.map(({ rxBpsL2, rxPps }) => Math.round(rxBpsL2 / rxPps))).toEqual([68 * 8, 68 * 8]);
  });
});

it("rates of streams come to the rate of all frames, and show what each lost", () => {
  const streams = [trafficStream({ name: "most", weight: 3 }), trafficStream({ name: "lossy", weight: 1 })];
  let n = 0;
  const trial = trialOf(
    // The number of the stream is the middle of the word behind the magic.
    (frames, queue) => frames.filter((f) => f[f.length - 15] === 0 || n++ % 2 === 0).map((frame) => ({ queue, frame })),
    { stream: trafficSpec(streams) },
  );
  const [most, lossy] = trial.streams!;
  expect(most).toMatchObject({ sent: 1500, missing: 0 });
  expect(lossy).toMatchObject({ sent: 500, missing: 250 });
  expect(most!.txPps + lossy!.txPps).toBeCloseTo(trial.txPps, 6);
  expect(most!.rxPps + lossy!.rxPps).toBeCloseTo(trial.rxPps, 6);
  expect(most!.rxBpsL2 + lossy!.rxBpsL2).toBeCloseTo(trial.rxBpsL2, 3);
  expect(lossy!.rxPps / lossy!.txPps).toBeCloseTo(0.5, 9);
});

describe("bit rates", () => {
  const mixed: Partial<TrialSpec> = { size: simpleImix, count: null, durationNs: 240e6 };

  it("come from the bytes that were sent and that came back", () => {
    const trial = trialOf(echo, mixed);
    expect(trial.sent).toBe(2400);
    const mean = (7 * 64 + 4 * 594 + 1518) / 12;
    expect(trial.txBpsL2).toBeCloseTo(trial.txPps * mean * 8, 3);
    expect(trial.txBpsL1).toBeCloseTo(trial.txPps * (mean + 20) * 8, 3);
    expect(trial).toMatchObject({ rxBpsL2: trial.txBpsL2, rxBpsL1: trial.txBpsL1 });
  });

  it("show a device that loses the large frames only", () => {
    const trial = trialOf(
      (frames, queue) => frames.filter((f) => f.length < 1000).map((frame) => ({ queue, frame })),
      mixed,
    );
    expect(trial.lost).toBe(200);
    expect(trial.rxPps).toBeCloseTo((trial.txPps * 11) / 12, 6);
    expect(trial.rxBpsL2).toBeCloseTo((trial.txPps / 12) * (7 * 64 + 4 * 594) * 8, 3);
  });

  it("leave out what is not ours", () => {
    let others = 0;
    const trial = trialOf((frames, queue) => [
      ...frames.map((frame) => ({ queue, frame })),
      ...(frames.length > 0 && others++ < 100 ? [{ queue, frame: new Uint8Array(1000) }] : []),
    ]);
    expect(trial.foreign).toBe(100);
    expect(trial).toMatchObject({ rxBpsL2: trial.txBpsL2, rxBpsL1: trial.txBpsL1 });
    expect(trial.rxBpsL2).toBeCloseTo(trial.txPps * 64 * 8, 3);
  });
});
