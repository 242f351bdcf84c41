import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrialReport } from "../../../src/engine/loop/trial-report.js";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import { Histogram } from "../../../src/stats/histogram.js";
import { checkEquations } from "../../../src/stats/index.js";
import { defaultStreamSpec, streamSpec } from "../../../src/stream/spec.js";
import { fixedSize, simpleImix } from "../../../src/units.js";
import { baseOrder, type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

const sentOf = ({ transmit }: TrialReport): number =>
  transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);

/** The equations of every trial, from the report alone. */
function expectSound(report: TrialReport): void {
  const { transmit, receive } = report;
  const sent = sentOf(report);
  const { intended, late, missed, blocked } = transmit;
  const { received, accepted, duplicate, reordered, corrupt, tooOld, stale, foreign } = receive;
  const lost = sent - accepted - corrupt;
  expect(
    checkEquations({
      ...{ intended, late, missed, blocked, sent, received, accepted, lost },
      ...{ duplicate, reordered, corrupt, tooOld, stale, foreign },
    }),
  ).toEqual([]);
}

/** Passes on everything but what `drop` says, by a frame's number in the order of arrival. */
const dropping = (drop: (n: number) => boolean): Device => {
  let n = 0;
  return (frames, queue) => frames.filter(() => !drop(n++)).map((frame) => ({ queue, frame }));
};

/** Applies a change to the frames with these numbers. */
const changing = (which: (n: number) => boolean, change: (frame: Uint8Array) => Uint8Array): Device => {
  let n = 0;
  return (frames, queue) => frames.map((frame) => ({ queue, frame: which(n++) ? change(frame) : frame }));
};

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
    const elapsedNs = (settlesWhole: boolean): number =>
      new GeneratorSim().run({ count: 100, settleNs: 2e9, settlesWhole }, echo, 10_000_000).elapsedNs;
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
    const stream = streamSpec({ ip: 6, sizes: [fixedSize(66)] });
    const report = new GeneratorSim().run({ stream, size: fixedSize(66), count: 500 }, echo);
    expect(report.receive.accepted).toBe(500);
    expect(report.receive.latency).toBeNull();
  });
});

describe("the generator's own floor", () => {
  it("is measured for frames of every size", () => {
    for (const frameBytes of [64, 1518, 9018]) {
      const order = { ...baseOrder, trial: 0, size: fixedSize(frameBytes) };
      const floorNs = new GeneratorSim().command({ kind: "floor", spec: order });
      expect(floorNs).toBeGreaterThan(0);
      expect(floorNs).toBeLessThan(10_000);
    }
  });
});

describe("the schedule", () => {
  it("intends rate times duration, and sends it all", () => {
    const report = new GeneratorSim().run({ load: { kind: "paced", pps: 12_345 }, count: null, durationNs: 1e8 }, echo);
    expect(report.transmit.intended).toBe(1235);
    expect(sentOf(report)).toBe(1235);
    expect(report.transmit.late).toBe(0);
    expect(report.transmit.missed).toBe(0);
  });

  it("sends single frames per second at their time", () => {
    const sim = new GeneratorSim();
    sim.turnNs = 1e6;
    const report = sim.run({ load: { kind: "paced", pps: 2 }, count: 5 }, echo);
    expect(sentOf(report)).toBe(5);
    expect(report.transmit.lastNs).toBeGreaterThanOrEqual(2e9);
    expect(report.transmit.lastNs).toBeLessThan(2.002e9);
  });

  it("counts what a stall made late, and catches up at 1.1 times the rate and 32 at once, never re-based", () => {
    const sim = new GeneratorSim({ size: 1024 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 5e8 });
    let mostAtOnce = 0;
    let sent = 0;
    for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
      // A stall of 10 ms in the middle: 1,000 frames become overdue.
      if (turn === 100_000) sim.nowNs += 10e6;
      sim.turn((frames, queue) => {
        mostAtOnce = Math.max(mostAtOnce, frames.length);
        sent += frames.length;
        return frames.map((frame) => ({ queue, frame }));
      });
    }
    const report = sim.report();
    expect(sent).toBe(50_000);
    expect(mostAtOnce).toBeLessThanOrEqual(32);
    // At 1.1 × the rate a backlog of 1,000 frames takes 10,000 frames to work off.
    expect(report.transmit.late).toBeGreaterThan(8_000);
    expect(report.transmit.late).toBeLessThan(11_100);
    expect(report.transmit.missed).toBe(0);
    expect(report.transmit.pacing?.lagMaxNs).toBeGreaterThan(9.9e6);
  });

  it("misses what the time ran out for", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8 });
    const halfway = sim.after(5e7);
    while (sim.nowNs < halfway) sim.turn(echo);
    sim.nowNs += 1e9;
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) sim.turn(echo);
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.intended).toBe(10_000);
    expect(report.transmit.missed).toBeGreaterThanOrEqual(4_999);
    expect(report.transmit.missed).toBeLessThanOrEqual(5_001);
    expect(report.receive.accepted).toBe(sentOf(report));
  });

  it("blocks what finds no free slot, as on a line: it is gone, and the device's fault", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8 });
    const startNs = sim.nowNs;
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) {
      const frozen = sim.nowNs - startNs >= 20e6 && sim.nowNs - startNs < 40e6;
      if (frozen) {
        sim.job.step();
        sim.nowNs += sim.turnNs;
      } else sim.turn(echo);
    }
    const report = sim.report();
    expectSound(report);
    // 20 ms of 100 kpps less the 256 frames that the ring took.
    expect(report.transmit.blocked).toBeGreaterThan(1_740);
    expect(report.transmit.blocked).toBeLessThan(1_750);
    expect(report.transmit.blockedOwn).toBe(0);
    expect(report.transmit.blockedNs).toBeGreaterThan(17e6);
    expect(report.transmit.blockedNs).toBeLessThan(18e6);
    expect(report.receive.accepted).toBe(sentOf(report));
  });

  it("says blocked of what the peer never took", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ load: { kind: "max" }, count: 1000 });
    for (let turn = 0; turn < 10_000_000 && !sim.done; turn++) {
      sim.job.step();
      sim.nowNs += 10_000;
    }
    const report = sim.report();
    expectSound(report);
    expect(sentOf(report)).toBe(0);
    expect(report.transmit.blocked).toBe(1000);
    expect(report.transmit.cutShort).toBe("stuck");
  });

  it("stops at once when told to, with what was sent accounted for", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: Number.POSITIVE_INFINITY });
    const stopNs = sim.after(30e6);
    while (sim.nowNs < stopNs) sim.turn(echo);
    const sentBefore = sim.counters[generatorCounter.published];
    sim.command({ kind: "stop" });
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) sim.turn(echo);
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.cutShort).toBe("stopped");
    expect(sentOf(report)).toBeGreaterThanOrEqual(sentBefore);
    expect(report.receive.accepted).toBe(sentOf(report));
    expect(sentOf(report)).toBeGreaterThan(2_990);
    expect(sentOf(report)).toBeLessThan(3_010);
  });

  it("ends the trial when the peer goes", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e9 });
    for (let turn = 0; turn < 10_000; turn++) sim.turn(echo);
    sim.job.attach(0, null);
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) {
      sim.job.step();
      sim.nowNs += 10_000;
    }
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.cutShort).toBe("peer gone");
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
    ["one stream", defaultStreamSpec],
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

describe("the analysis of every frame", () => {
  it("finds loss, with its ranges", () => {
    const report = new GeneratorSim().run(
      {},
      dropping((n) => n === 17 || (n >= 100 && n < 110)),
    );
    expectSound(report);
    expect(report.receive.accepted).toBe(989);
    expect(report.receive.lostRanges).toEqual([
      [17, 17],
      [100, 109],
    ]);
  });

  it("names lost ranges in the stream's numbers, per queue", () => {
    const device: Device = (frames, queue) => (queue === 1 ? [] : frames.map((frame) => ({ queue, frame })));
    const report = new GeneratorSim({ queues: 2 }).run({ startSequence: 1000, count: 10 }, device);
    expect(report.receive.acceptedByQueue).toEqual([5, 0]);
    expect(report.receive.lostRanges).toEqual([[1001, 1009]]);
  });

  it("tells duplicates, reordered and corrupt frames apart", () => {
    let n = 0;
    let held: Uint8Array | null = null;
    const report = new GeneratorSim().run({}, (frames, queue) =>
      frames.flatMap((frame) => {
        const number = n++;
        const back: Uint8Array[] = [frame];
        if (number === 50) back.push(frame.slice());
        if (number === 60) {
          held = frame.slice();
          return [];
        }
        if (number === 65 && held !== null) back.push(held);
        if (number === 70) frame[frame.length - 3] ^= 0x10;
        return back.map((each) => ({ queue, frame: each }));
      }),
    );
    expectSound(report);
    expect(report.receive.duplicate).toBe(1);
    expect(report.receive.reordered).toBe(1);
    expect(report.receive.reorderExtent?.max).toBe(5);
    expect(report.receive.corrupt).toBe(1);
    expect(report.receive.corruptKinds).toEqual({ signature: 1, padded: 0, trimmed: 0, payload: 0 });
    expect(report.receive.firstCorrupt).toHaveLength(1);
    expect(report.receive.accepted).toBe(999);
  });

  it("names padding and trimming", () => {
    const longer = (frame: Uint8Array): Uint8Array => Uint8Array.from([...frame, 0, 0, 0, 0]);
    const padded = new GeneratorSim().run(
      {},
      changing((n) => n < 5, longer),
    );
    expect(padded.receive.corruptKinds).toEqual({ signature: 0, padded: 5, trimmed: 0, payload: 0 });
    expectSound(padded);
    const shorter = (frame: Uint8Array): Uint8Array => frame.slice(0, -6);
    const trimmed = new GeneratorSim().run(
      { size: fixedSize(128) },
      changing((n) => n < 5, shorter),
    );
    expect(trimmed.receive.corruptKinds).toEqual({ signature: 0, padded: 0, trimmed: 5, payload: 0 });
    expectSound(trimmed);
  });

  it("accepts frames whose MACs and TTL were rewritten and a VLAN tag pushed or popped", () => {
    const pushed = (frame: Uint8Array): Uint8Array =>
      Uint8Array.from([...frame.slice(6, 12), ...frame.slice(0, 6), 0x81, 0x00, 0x00, 0x05, ...frame.slice(12)]);
    const report = new GeneratorSim().run(
      {},
      changing(() => true, pushed),
    );
    expect(report.receive.accepted).toBe(1000);
    const popped = (frame: Uint8Array): Uint8Array => Uint8Array.from([...frame.slice(0, 12), ...frame.slice(16)]);
    const tagged = streamSpec({ vlan: 5, sizes: [fixedSize(68)] });
    const untagged = new GeneratorSim().run(
      { stream: tagged, size: fixedSize(68) },
      changing(() => true, popped),
    );
    expect(untagged.receive.accepted).toBe(1000);
  });

  it("with integrity, finds a changed payload byte; without, does not look", () => {
    const damaged = (frame: Uint8Array): Uint8Array => {
      frame[80] ^= 1;
      return frame;
    };
    const device = (): Device => changing((n) => n === 3, damaged);
    const looked = new GeneratorSim().run({ size: fixedSize(256), integrity: true }, device());
    expectSound(looked);
    expect(looked.receive.corruptKinds.payload).toBe(1);
    expect(looked.receive.accepted).toBe(999);
    const notLooked = new GeneratorSim().run({ size: fixedSize(256) }, device());
    expect(notLooked.receive.accepted).toBe(1000);
  });

  it("keeps an earlier trial's frames apart as stale, and what is not ours as foreign", () => {
    const sim = new GeneratorSim();
    const kept: Uint8Array[] = [];
    sim.run({ trial: 1, count: 10 }, (frames, queue) => {
      kept.push(...frames.map((frame) => frame.slice()));
      return frames.map((frame) => ({ queue, frame }));
    });
    let first = true;
    const report = sim.run({ trial: 2, count: 100 }, (frames, queue) => {
      const back = frames.map((frame) => ({ queue, frame }));
      if (!first || frames.length === 0) return back;
      first = false;
      const stranger = new Uint8Array(90).fill(0xab);
      return [...back, ...kept.map((frame) => ({ queue, frame })), { queue, frame: stranger }];
    });
    expectSound(report);
    expect(report.receive.stale).toBe(10);
    expect(report.receive.foreign).toBe(1);
    expect(report.receive.firstForeign[0]?.bytes).toBe(90);
    expect(report.receive.accepted).toBe(100);
  });

  it("judges order per queue: frames that come back on other queues are in order still", () => {
    const crossed: Device = (frames, queue) => frames.map((frame) => ({ queue: 1 - queue, frame }));
    const report = new GeneratorSim({ queues: 2 }).run({}, crossed);
    expect(report.receive.accepted).toBe(1000);
    expect(report.receive.reordered).toBe(0);
  });

  it("measures latency from the departure that was, and from the one intended", () => {
    const sim = new GeneratorSim();
    const delayed: { queue: number; frame: Uint8Array; dueNs: number }[] = [];
    const report = sim.run({ load: { kind: "paced", pps: 10_000 }, count: 500 }, (frames, queue, nowNs) => {
      for (const frame of frames) delayed.push({ queue, frame: frame.slice(), dueNs: nowNs + 500_000 });
      const due = delayed.filter(({ dueNs }) => dueNs <= nowNs);
      delayed.splice(0, due.length);
      return due;
    });
    const latency = Histogram.fromData(report.receive.latency!);
    expect(latency.count).toBe(500);
    expect(latency.min).toBeGreaterThanOrEqual(499_000);
    expect(latency.max).toBeLessThanOrEqual(503_000);
    const intended = Histogram.fromData(report.receive.latencyIntended!);
    expect(intended.min).toBeGreaterThanOrEqual(latency.min);
    expect(report.receive.ipdv).not.toBeNull();
  });

  it("knows no lag of frames after which 65,536 others have left, and gives them none of another's", () => {
    const frames = 70_000;
    const waiting: { queue: number; frame: Uint8Array }[] = [];
    let taken = 0;
    const holdsAll: Device = (came, queue) => {
      taken += came.length;
      waiting.push(...came.map((frame) => ({ queue, frame: Uint8Array.from(frame) })));
      return taken < frames ? [] : waiting.splice(0, 64);
    };
    const sim = new GeneratorSim({ size: 1024 });
    const report = sim.run({ count: frames, load: { kind: "paced", pps: 1e6 }, settleNs: 1e9 }, holdsAll);
    expect(report.receive.accepted).toBe(frames);
    expect(Histogram.fromData(report.receive.latency!).count).toBe(frames);
    expect(Histogram.fromData(report.receive.latencyIntended!).count).toBe(65_536);
  });

  it("adds up under any mixture of loss, duplication, reordering, corruption and strangers", () => {
    const fate = fc.constantFrom("pass", "pass", "pass", "drop", "twice", "hold", "damage", "stranger");
    fc.assert(
      fc.property(
        fc.array(fate, { minLength: 50, maxLength: 300 }),
        fc.constantFrom(1, 2, 3),
        fc.constantFrom("split", "packed"),
        (fates, queues, format) => {
          const truth = { drop: 0, twice: 0, hold: 0, damage: 0, stranger: 0 };
          const held: { queue: number; frame: Uint8Array }[] = [];
          let n = 0;
          const count = fates.length;
          const report = new GeneratorSim({ queues, format }).run({ count }, (frames, queue) => {
            const back: { queue: number; frame: Uint8Array }[] = [];
            for (const frame of frames) {
              const what = fates[n++];
              if (what !== "pass") truth[what]++;
              if (what === "drop") continue;
              if (what === "hold") {
                held.push({ queue, frame: frame.slice() });
                continue;
              }
              if (what === "damage") frame[frame.length - 1] ^= 0x40;
              back.push({ queue, frame });
              if (what === "twice") back.push({ queue, frame: frame.slice() });
              if (what === "stranger") back.push({ queue, frame: new Uint8Array(64).fill(n) });
            }
            // What was held comes at the very end.
            if (n === count) back.push(...held.splice(0));
            return back;
          });
          expectSound(report);
          expect(report.receive.accepted).toBe(count - truth.drop - truth.damage);
          expect(report.receive.duplicate).toBe(truth.twice);
          expect(report.receive.corrupt).toBe(truth.damage);
          expect(report.receive.foreign).toBe(truth.stranger);
          expect(report.receive.reordered).toBeLessThanOrEqual(truth.hold);
        },
      ),
      { numRuns: 60 },
    );
  });
});
