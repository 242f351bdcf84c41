/** A load that changes within a trial, and a peer that goes away in one and comes back. */
import { describe, expect, it } from "vitest";
import { meanPps } from "../../../src/stream/departures/steps.js";
import { fixedSize } from "../../../src/units.js";
import { type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

/** 100 kpps for 10 ms, then 50 kpps for 20 ms. */
const steps = [
  { pps: 100_000, durationNs: 10e6 },
  { pps: 50_000, durationNs: 20e6 },
] as const;
const stepped = { load: { kind: "stepped", steps }, count: null, durationNs: 30e6 } as const;

/** Loses every tenth frame that comes before this time of the trial, and the k-th of all. */
const lossyUntil = (untilNs: number, alsoFrame = -1): Device => {
  let [startNs, seen] = [-1, 0];
  return (frames, queue, nowNs) => {
    if (startNs < 0 && frames.length > 0) startNs = nowNs;
    return frames.flatMap((frame) => {
      const k = seen++;
      return k === alsoFrame || (k % 10 === 9 && nowNs - startNs < untilNs) ? [] : [{ queue, frame }];
    });
  };
};

describe.each([
  ["one stream", {}],
  [
    "several streams",
    { stream: trafficSpec([trafficStream({ name: "a" }), trafficStream({ name: "b" })]), size: fixedSize(128) },
  ],
])("steps of %s", (_, changes) => {
  it("send what each step's rate asks for", () => {
    const sim = new GeneratorSim();
    const { transmit, receive } = sim.run({ ...stepped, ...changes }, echo);
    expect(meanPps(steps) * 0.03).toBeCloseTo(2_000, 6);
    expect(transmit).toMatchObject({ intended: 2_000, missed: 0, blocked: 0, lastBlockedNs: -1, cutShort: null });
    expect(transmit.windowNs / 30e6).toBeCloseTo(1, 2);
    expect(receive).toMatchObject({ accepted: 2_000, lossUntilNs: 0 });
    expect(receive.latencyIntended).not.toBeNull();
  });

  it("know when the frame left behind which nothing was lost any more", () => {
    const sim = new GeneratorSim();
    const { receive } = sim.run({ ...stepped, ...changes }, lossyUntil(15e6));
    // Of 50 kpps a frame is lost every 200 µs, the last one so long before 15 ms at most; the next left 20 µs later.
    expect(receive.lossUntilNs).toBeGreaterThan(14.7e6);
    expect(receive.lossUntilNs).toBeLessThan(15.1e6);
  });

  it("never recover where the last frame is lost", () => {
    const sim = new GeneratorSim();
    const { receive } = sim.run({ ...stepped, ...changes }, lossyUntil(10e6, 1_999));
    expect(receive.lossUntilNs).toBe(Number.POSITIVE_INFINITY);
  });

  it("take a frame that comes late for one that came", () => {
    const sim = new GeneratorSim();
    let kept: { queue: number; frame: Uint8Array }[] = [];
    let seen = 0;
    const device: Device = (frames, queue) =>
      frames.flatMap((frame) => {
        const k = seen++;
        if (k === 300) return [];
        if (k === 1_500) {
          kept = [{ queue, frame }];
          return [];
        }
        return [{ queue, frame }, ...(k === 1_510 ? kept.splice(0) : [])];
      });
    const { receive } = sim.run({ ...stepped, ...changes }, device);
    expect(receive.reordered).toBe(1);
    expect(receive.lossUntilNs).toBeGreaterThanOrEqual(3e6);
    expect(receive.lossUntilNs).toBeLessThan(3.1e6);
  });
});

it("says when the last frame found no room", () => {
  const sim = new GeneratorSim({ size: 64 });
  let startNs = -1;
  const blocking: Device = (frames, queue, nowNs) => {
    if (startNs < 0 && frames.length > 0) startNs = nowNs;
    return frames.map((frame) => ({ queue, frame }));
  };
  sim.begin(stepped);
  for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
    // Between 12 and 16 ms the device takes nothing.
    const blocked = startNs >= 0 && sim.nowNs - startNs > 12e6 && sim.nowNs - startNs < 16e6;
    if (blocked) {
      sim.job.step();
      sim.nowNs += sim.turnNs;
    } else sim.turn(blocking);
  }
  const { transmit, receive } = sim.report();
  expect(transmit.blocked).toBeGreaterThan(100);
  expect(transmit.lastBlockedNs).toBeGreaterThan(15.9e6);
  expect(transmit.lastBlockedNs).toBeLessThan(16.1e6);
  expect(receive.lossUntilNs).toBe(0);
});

describe("a peer that goes away", () => {
  const steady = { load: { kind: "paced", pps: 50_000 }, count: null, durationNs: 40e6 } as const;
  const goneBetween = (sim: GeneratorSim, fromNs: number, toNs: number): void => {
    const startNs = sim.after(0);
    let isGone = false;
    for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
      const now = sim.nowNs - startNs;
      const shouldBeGone = now >= fromNs && now < toNs;
      if (shouldBeGone !== isGone) sim.job.attach(0, shouldBeGone ? null : sim.wire.port());
      isGone = shouldBeGone;
      if (isGone) {
        sim.job.step();
        sim.nowNs += sim.turnNs;
      } else sim.turn(echo);
    }
  };

  it("ends a trial, where it is not to outlast it", () => {
    const sim = new GeneratorSim();
    sim.begin(steady);
    goneBetween(sim, 10e6, 20e6);
    expect(sim.report().transmit.cutShort).toBe("peer gone");
  });

  it("costs an outlasting one what was due meanwhile, and no more", () => {
    const sim = new GeneratorSim();
    sim.begin({ ...steady, outlastsPeer: true });
    goneBetween(sim, 10e6, 20e6);
    const { transmit, receive } = sim.report();
    expect(transmit).toMatchObject({ cutShort: null, intended: 2_000, missed: 0 });
    expect(transmit.blocked).toBeGreaterThanOrEqual(499);
    expect(transmit.blocked).toBeLessThanOrEqual(501);
    const sent = transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);
    expect(sent + transmit.blocked).toBe(2_000);
    expect(receive.accepted).toBe(sent);
    const { fromNs, toNs } = receive.silence!;
    expect((toNs - fromNs) / 1e6).toBeCloseTo(10, 1);
    expect(fromNs / 1e6).toBeCloseTo(10, 1);
  });
});
