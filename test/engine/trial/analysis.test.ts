/** What the receiver finds in every frame: loss, duplicates, order, damage, strangers and latency. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "../../../src/stats/histogram.js";
import { fixedSize } from "../../../src/units.js";
import { type Device, GeneratorSim } from "../../support/generator-sim.js";
import { plain } from "../../support/plain.js";
import { changing, expectSound } from "./sound-trial.js";

/** Passes on everything but what `drop` says, by a frame's number in the order of arrival. */
const dropping = (drop: (n: number) => boolean): Device => {
  let n = 0;
  return (frames, queue) => frames.filter(() => !drop(n++)).map((frame) => ({ queue, frame }));
};

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
    expect(report.receive.reorderRuns?.reordered).toEqual({ count: 1, frames: 1, max: 1 });
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
    const tagged = plain({ vlan: 5, sizes: [fixedSize(68)] });
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
          const report = new GeneratorSim({ queues, format }).run({ count, settleNs: 5e6 }, (frames, queue) => {
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

describe("the longest run of lost frames", () => {
  it("is that of one queue, and a frame that came late closes the run that it was missing in", () => {
    const outOf = (drop: (n: number) => boolean): number | undefined =>
      new GeneratorSim().run({}, dropping(drop)).receive.longestLost;
    expect(outOf((n) => n === 17 || (n >= 100 && n < 110))).toBe(10);
    expect(outOf((n) => n >= 990)).toBe(10);
    expect(outOf(() => true)).toBe(1000);
    expect(outOf(() => false)).toBe(0);
    let n = 0;
    let held: Uint8Array | null = null;
    const late = new GeneratorSim().run({}, (frames, queue) =>
      frames.flatMap((frame) => {
        const number = n++;
        if (number === 104) held = frame.slice();
        if (number >= 100 && number < 110) return [];
        // What closes the run comes twice: a copy changes nothing.
        const back = number === 200 && held !== null ? [frame, held, held.slice()] : [frame];
        return back.map((each) => ({ queue, frame: each }));
      }),
    );
    expectSound(late);
    expect(late.receive).toMatchObject({ longestLost: 5, reordered: 1, duplicate: 1 });
  });

  it("is told of each of several queues", () => {
    const device: Device = (frames, queue) => (queue === 1 ? [] : frames.map((frame) => ({ queue, frame })));
    const report = new GeneratorSim({ queues: 2 }).run({ count: 10 }, device);
    expect(report.receive.longestLost).toBe(5);
  });
});
