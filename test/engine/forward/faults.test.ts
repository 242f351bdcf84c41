/** The fault stage of a forwarder drops, damages, doubles and reorders as asked. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultSpec } from "../../../src/engine/forward/fault-spec.js";
import { reorderPatienceNs } from "../../../src/engine/forward/held.js";
import { FaultMeter, frameBytes, maxBufferBytes, type Out } from "./fault-rig.js";

/** Frames that arrive behind a later one (RFC 4737 §3.3), copies and damaged frames aside. */
function reorderedAt(receiver: readonly Out[]): number[] {
  let next = 0;
  const late: number[] = [];
  for (const { sequence, copy, valid } of receiver) {
    if (copy || !valid) continue;
    if (sequence < next) late.push(sequence);
    else next = sequence + 1;
  }
  return late;
}

describe("a stage without faults", () => {
  it("passes frames unchanged, in order and at once", () => {
    const bench = new FaultMeter({}).run(500);
    expect(bench.sequences()).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(bench.out.every(({ valid, bytes, copy }) => valid && bytes === frameBytes && !copy)).toBe(true);
    expect(bench.stage.inside()).toBe(0);
  });

  it("keeps its storage in a ring that wraps", () => {
    const bench = new FaultMeter({});
    const slots = bench.stage.room();
    for (let round = 0; round < 5; round++) {
      bench.nowNs += 1000;
      bench.in(slots - 3);
      expect(bench.stage.room()).toBe(3);
      bench.send();
    }
    expect(bench.sequences()).toEqual(Array.from({ length: 5 * (slots - 3) }, (_, i) => i));
  });

  it("drops a frame that its storage cannot hold", () => {
    const bench = new FaultMeter({});
    bench.stage.burst(1, 0, bench.nowNs);
    expect(bench.stage.take(64, maxBufferBytes + 1, bench.nowNs)).toBe(false);
  });
});

describe("counts", () => {
  it.each([1, 10, 137])("corrupts exactly %i frames, each found by its signature, none taken for foreign", (count) => {
    const bench = new FaultMeter({ corrupt: { kind: "count", frames: count } }).run(8 * count + 200);
    const damaged = bench.out.filter(({ valid }) => !valid);
    expect(damaged).toHaveLength(count);
    expect(bench.stage.injected().corrupted).toBe(count);
    expect(bench.out.slice(0, 8 * count).filter(({ valid }) => !valid)).toHaveLength(count);
  });

  it("leaves the trial of a damaged frame alone", () => {
    const bench = new FaultMeter({ corrupt: { kind: "ratio", ratio: 1 } }).run(2000);
    for (const { content, valid } of bench.out) {
      expect(valid).toBe(false);
      expect(content.slice(2 * (frameBytes - 18), 2 * (frameBytes - 15))).toBe("707401");
    }
  });

  it("shares a count among the queues, none lost in the division", () => {
    const corrupted = [0, 1, 2].map((queue) => {
      const bench = new FaultMeter({ corrupt: { kind: "count", frames: 10 } }, 1, queue, 3).run(500);
      return bench.stage.injected().corrupted;
    });
    expect(corrupted).toEqual([4, 3, 3]);
  });

  it("gives a choice that found no room to the next frame", () => {
    const bench = new FaultMeter({ corrupt: { kind: "count", frames: 5 }, duplicate: { kind: "count", frames: 5 } });
    let turn = 0;
    for (let i = 0; i < 400; i++) {
      bench.nowNs += 1000;
      bench.in(1);
      bench.send(() => turn++ % 5 < 2);
    }
    expect(bench.out.filter(({ valid }) => !valid)).toHaveLength(5);
    expect(bench.out.filter(({ copy }) => copy)).toHaveLength(5);
    expect(bench.refused).toBeGreaterThan(200);
  });

  it("begins anew with a reset", () => {
    const bench = new FaultMeter({ corrupt: { kind: "count", frames: 3 } }).run(100);
    bench.stage.reset(2);
    expect(bench.stage.injected().corrupted).toBe(0);
    bench.run(100);
    expect(bench.stage.injected().corrupted).toBe(3);
    expect(bench.out.filter(({ valid }) => !valid)).toHaveLength(6);
  });
});

describe("shares", () => {
  it("loses about that share, and counts each", () => {
    const bench = new FaultMeter({ loss: { kind: "ratio", ratio: 0.1 } }).run(20_000);
    const { lost } = bench.stage.injected();
    expect(bench.out).toHaveLength(20_000 - lost);
    expect(bench.dropped).toBe(lost);
    expect(lost).toBeGreaterThan(1800);
    expect(lost).toBeLessThan(2200);
  });

  it("loses all of 100 % and none of 0 %", () => {
    expect(new FaultMeter({ loss: { kind: "ratio", ratio: 1 } }).run(300).out).toHaveLength(0);
    expect(new FaultMeter({ loss: { kind: "ratio", ratio: 0 } }).run(300).out).toHaveLength(300);
  });

  it("sends a duplicate right behind its original, byte for byte", () => {
    const bench = new FaultMeter({ duplicate: { kind: "ratio", ratio: 0.2 } }).run(2000);
    expect(bench.copies).toBe(bench.stage.injected().duplicated);
    expect(bench.copies).toBeGreaterThan(300);
    bench.out.forEach((frame, i) => {
      if (frame.copy) expect(frame.content).toBe(bench.out[i - 1]!.content);
    });
  });

  it("choices of one fault do not depend on the others", () => {
    const lostWith = (spec: Partial<FaultSpec>): number[] => {
      const bench = new FaultMeter({ loss: { kind: "ratio", ratio: 0.05 }, ...spec }).run(1000);
      const seen = new Set(bench.sequences());
      return Array.from({ length: 1000 }, (_, i) => i).filter((i) => !seen.has(i));
    };
    expect(lostWith({ duplicate: { kind: "ratio", ratio: 0.3 }, delayNs: 5000 })).toEqual(lostWith({}));
  });
});

describe("reordering", () => {
  it.each([1, 3, 7])("holds a chosen frame until the next %i have overtaken it", (extent) => {
    const spec: Partial<FaultSpec> = { reorder: { kind: "count", frames: 4 }, reorderExtent: extent };
    const bench = new FaultMeter(spec).run(200);
    const late = reorderedAt(bench.out);
    expect(late).toHaveLength(4);
    expect(bench.stage.injected().reordered).toBe(4);
    for (const sequence of late) expect(bench.out[sequence + extent]!.sequence).toBe(sequence);
    expect([...bench.sequences()].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("lets a frame go that nobody overtakes, and does not count it", () => {
    const bench = new FaultMeter({ reorder: { kind: "ratio", ratio: 1 } });
    bench.in(1);
    bench.send();
    expect(bench.out).toHaveLength(0);
    expect(bench.stage.inside()).toBe(1);
    expect(bench.stage.nextDueNs()).toBe(bench.nowNs + reorderPatienceNs);
    bench.drain();
    expect(bench.sequences()).toEqual([0]);
    expect(bench.stage.injected().reordered).toBe(0);
  });
});

describe("all together", () => {
  const share = fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant("count" as const), frames: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ kind: fc.constant("ratio" as const), ratio: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
  );
  const spec = fc.record({
    service: fc.option(
      fc.record({ frameNs: fc.integer({ min: 1, max: 5000 }), byteNs: fc.constant(0), overheadBytes: fc.constant(0) }),
    ),
    queueFrames: fc.integer({ min: 1, max: 40 }),
    delayNs: fc.integer({ min: 0, max: 20_000 }),
    loss: share,
    duplicate: share,
    reorder: share,
    reorderExtent: fc.integer({ min: 1, max: 6 }),
    corrupt: share,
    padBytes: fc.integer({ min: 0, max: 8 }),
    trimBytes: fc.constant(0),
    freezeNs: fc.constant(0),
  });
  const schedule = fc.array(
    fc.record({
      gapNs: fc.integer({ min: 0, max: 9000 }),
      frames: fc.integer({ min: 0, max: 40 }),
      room: fc.integer({ min: 0, max: 9 }),
    }),
    { maxLength: 60 },
  );

  function play(
    faults: FaultSpec,
    seed: number,
    steps: readonly { gapNs: number; frames: number; room: number }[],
  ): FaultMeter {
    const bench = new FaultMeter(faults, seed);
    for (const { gapNs, frames, room } of steps) {
      bench.nowNs += gapNs;
      bench.in(Math.min(frames, bench.stage.room()));
      let turn = 0;
      bench.send(() => turn++ % 10 < room);
      const inside = bench.taken + bench.copies - bench.out.length - bench.dropped - bench.refused;
      expect(bench.stage.inside()).toBe(inside);
    }
    return bench.drain();
  }

  it("in + duplicated = out + dropped + inside at all times, and nothing stays inside", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        const bench = play(faults, seed, steps);
        const { lost, policed, duplicated } = bench.stage.injected();
        expect(bench.stage.inside()).toBe(0);
        expect(bench.taken + duplicated).toBe(bench.out.length + bench.dropped + bench.refused);
        expect(bench.dropped).toBe(lost + policed);
        expect(bench.copies).toBe(duplicated);
      }),
      { numRuns: 300 },
    );
  });

  it("what a receiver finds is what was injected, to the frame", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        const bench = play(faults, seed, steps);
        const injected = bench.stage.injected();
        expect(bench.out.filter(({ valid, copy }) => !valid && !copy)).toHaveLength(injected.corrupted);
        expect(bench.out.filter(({ valid, copy }) => !valid && copy)).toHaveLength(0);
        expect(reorderedAt(bench.out)).toHaveLength(injected.reordered);
      }),
      { numRuns: 300 },
    );
  });

  it("the same seed does the same again", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        expect(play(faults, seed, steps).out).toEqual(play(faults, seed, steps).out);
      }),
      { numRuns: 50 },
    );
  });
});
