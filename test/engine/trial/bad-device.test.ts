/** Trials before a device that takes nothing, stops, chatters or sends back what was never sent. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { Histogram } from "../../../src/stats/histogram.js";
import { fixedSize } from "../../../src/units.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { defaultTraffic } from "../../support/plain.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";
import { changing, expectSound } from "./sound-trial.js";

describe("a device that does not do its part", () => {
  it("may have rings smaller than a burst", () => {
    for (const size of [4, 16]) {
      const report = new GeneratorSim({ size }).run({ load: { kind: "max" }, count: 500 }, echo);
      expectSound(report);
      expect(report.receive.accepted).toBe(500);
    }
  });

  it("takes nothing any more: the trial is given up, and what was not sent is blocked, once", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ count: 1000 });
    for (let turn = 0; turn < 10_000_000 && !sim.done; turn++) {
      sim.job.step();
      sim.nowNs += 10_000;
    }
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.cutShort).toBe("stuck");
    expect(report.transmit.intended).toBe(1000);
    expect(report.transmit.blocked).toBe(1000);
    expect(report.transmit.late).toBe(0);
    expect(report.transmit.blockedNs).toBeGreaterThan(5e9);
  });

  it("never goes quiet: it is not waited for, and the trial says so", () => {
    const sim = new GeneratorSim();
    sim.turnNs = 10_000;
    let last: Uint8Array[] = [];
    const report = sim.run({ load: { kind: "paced", pps: 10_000 }, count: 100 }, (frames, queue) => {
      if (frames.length > 0) last = frames;
      return (frames.length > 0 ? frames : last).map((frame) => ({ queue, frame }));
    });
    expect(report.neverQuiet).toBe(true);
    expect(report.receive.accepted).toBe(100);
  });

  it("chatters: what is not ours keeps no trial from ending", () => {
    let n = 0;
    const sim = new GeneratorSim();
    sim.turnNs = 10_000;
    const report = sim.run({ load: { kind: "paced", pps: 10_000 }, count: 100 }, (frames, queue) => {
      const stranger = new Uint8Array(64).fill(n++ & 0xff);
      return [...frames, stranger].map((frame) => ({ queue, frame }));
    });
    expect(report.neverQuiet).toBe(false);
    expect(report.receive.accepted).toBe(100);
    expect(report.receive.foreign).toBeGreaterThan(1000);
    expect(report.receive.queues[0]?.packets).toBe(100 + report.receive.foreign);
  });

  it("is told from the generator's own catching up", () => {
    const sim = new GeneratorSim({ size: 64 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8 });
    const stallNs = sim.nowNs + 20e6;
    while (sim.nowNs < stallNs) sim.turn(echo);
    // The generator is behind by 2,000 frames; the device takes one frame in twenty turns, too slow for catching up.
    sim.nowNs += 20e6;
    for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
      sim.job.step();
      if (turn % 3 === 0) sim.turn((frames, queue) => frames.map((frame) => ({ queue, frame })));
    }
    expectSound(sim.report());
    expect(sim.report().transmit.blockedOwn).toBeLessThanOrEqual(2_100);
  });

  /** 20 ms of traffic, 20 ms in which neither side does anything, then a device that takes nothing. */
  const behind = (changes: Partial<TrialSpec>): GeneratorSim => {
    const sim = new GeneratorSim({ size: 64 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8, ...changes });
    const stallNs = sim.nowNs + 20e6;
    while (sim.nowNs < stallNs) sim.turn(echo);
    sim.nowNs += 20e6;
    const frozenNs = sim.nowNs + 10e6;
    for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
      if (sim.nowNs >= frozenNs) sim.turn(echo);
      else {
        sim.job.step();
        sim.nowNs += sim.turnNs;
      }
    }
    return sim;
  };

  const half = (name: string) => trafficStream({ name, size: fixedSize(64), rate: { kind: "pps", pps: 50_000 } });
  const two = trafficSpec([half("a"), half("b")]);

  it.each([
    ["one stream", defaultTraffic],
    ["two streams", two],
  ])("is given up when it can be of no use, where that was asked for: %s", (_, stream) => {
    const whole = behind({ stream }).report();
    expect(whole.transmit.cutShort).toBe(null);
    expect(whole.transmit.blockedOwn).toBeGreaterThan(1_000);
    expect(whole.transmit.windowNs).toBeGreaterThan(99e6);
    const short = behind({ stream, endsWhenShort: true }).report();
    expectSound(short);
    expect(short.transmit.cutShort).toBe("short");
    // 0.1 % of 10,000, noticed at the end of a turn.
    expect(short.transmit.blockedOwn).toBeGreaterThan(10);
    expect(short.transmit.blockedOwn).toBeLessThanOrEqual(10 + 32);
    expect(short.transmit.windowNs).toBeLessThan(41e6);
    const { sent, blocked, missed, intended } = { sent: short.receive.accepted, ...short.transmit };
    expect(sent + blocked + missed).toBe(intended);
  });

  it("sends back numbers that were never sent, with a right sum: corrupt, and nothing else is disturbed", () => {
    const neutral = changing(
      (n) => n === 10,
      (frame) => {
        const view = new DataView(frame.buffer, frame.byteOffset);
        const end = frame.length;
        // Swap two 16-bit words of the sequence: the sum stays, the number does not.
        const low = view.getUint16(end - 12, true);
        view.setUint16(end - 12, view.getUint16(end - 10, true), true);
        view.setUint16(end - 10, low, true);
        return frame;
      },
    );
    const report = new GeneratorSim().run({ count: 1000 }, neutral);
    expectSound(report);
    expect(report.receive.corrupt).toBe(1);
    expect(report.receive.accepted).toBe(999);
    expect(report.receive.lostRanges).toEqual([[10, 10]]);
    expect(Histogram.fromData(report.receive.latency!).count).toBe(999);
  });

  it("counts a damaged copy as damaged, and it takes nothing from its original", () => {
    let n = 0;
    const report = new GeneratorSim().run({ size: fixedSize(256), integrity: true, count: 100 }, (frames, queue) =>
      frames.flatMap((frame) => {
        if (n++ !== 5) return [{ queue, frame }];
        const copy = frame.slice();
        copy[80] ^= 1;
        return [
          { queue, frame },
          { queue, frame: copy },
        ];
      }),
    );
    expect(report.receive).toMatchObject({ received: 101, accepted: 100, duplicate: 0, corrupt: 1, lostRanges: [] });
  });
});
