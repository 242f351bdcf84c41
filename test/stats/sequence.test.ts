/** Loss, duplicates and reordering of one sequence, against the obvious way. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/random.js";
import { duplicateWindow, lostRangesKept, SequenceTracker, sequenceCodes } from "../../src/stats/sequence.js";
import { Reference, step } from "./sequence-reference.js";

function compare(first: number, indexes: readonly number[], end: number): void {
  const tracker = new SequenceTracker();
  tracker.reset(first);
  const reference = new Reference(first, duplicateWindow);
  expect(indexes.find((index) => tracker.accept(index) !== reference.accept(index))).toBeUndefined();
  expect(tracker.next).toBe(reference.next);
  expect(tracker.accepted).toBe(reference.seen.size);
  expect(tracker.duplicate).toBe(reference.duplicate);
  expect(tracker.tooOld).toBe(reference.tooOld);
  expect(tracker.reordered).toBe(reference.reordered);
  const ranges = reference.lostRanges(end);
  const account = tracker.finish(end);
  expect(account.lost).toBe(ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0));
  expect(account.ranges).toEqual(ranges.slice(0, lostRangesKept));
  expect(account.complete).toBe(ranges.length <= lostRangesKept);
  expect(account.last).toBe(ranges.at(-1)?.[1] ?? null);
  const extent = tracker.extent();
  if (reference.extents.length === 0) expect(extent).toBeNull();
  else if (extent?.unknown === 0) {
    expect(extent.max).toBe(Math.max(...reference.extents));
    expect(extent.mean).toBeCloseTo(reference.extents.reduce((a, b) => a + b, 0) / reference.extents.length, 9);
  }
}

const starts = fc.constantFrom(0, 1, 31, 65_530, 2 ** 31 - 40, 2 ** 32 - 40, 2 ** 40 + 17, 2 ** 52);
describe("SequenceTracker against the obvious way", () => {
  it("agrees on loss, duplicates, reordering and jumps, from any start", () => {
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 300 }), fc.nat(50), (first, steps, tail) => {
        let highest = first - 1;
        const indexes = steps.map((by) => {
          const index = highest + by;
          highest = Math.max(highest, index);
          return index;
        });
        compare(first, indexes, highest + 1 + tail);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    [1, 0],
    [2, 2 ** 31 - 100_000],
    [3, 2 ** 32 - 100_000],
  ])("agrees on long runs whose losses leave the window: seed %i, from %i", (seed, first) => {
    const random = seededRandom(seed);
    const indexes: number[] = [];
    const count = 200_000;
    for (let i = 0; i < count; i++) {
      const chance = random.below(4000);
      if (chance === 0) i += random.below(3000);
      if (chance < 4) continue;
      if (chance < 8) indexes.push(first + i);
      if (chance < 12) indexes.splice(indexes.length - Math.min(indexes.length, random.below(40)), 0, first + i);
      else indexes.push(first + i);
    }
    compare(first, indexes, first + count);
  });
});

describe("SequenceTracker", () => {
  it("counts a frame that was only swapped with its neighbour as reordered by one", () => {
    const tracker = new SequenceTracker();
    for (const index of [0, 1, 3, 2, 4]) tracker.accept(index);
    expect(tracker.reordered).toBe(1);
    expect(tracker.extent()).toEqual({ max: 1, mean: 1, unknown: 0 });
    expect(tracker.finish(5)).toEqual({ lost: 0, ranges: [], complete: true, last: null });
  });

  it("tells duplicates as far back as the window, and says tooOld before it", () => {
    const tracker = new SequenceTracker();
    for (let i = 0; i <= duplicateWindow; i++) tracker.accept(i);
    expect(tracker.accept(1)).toBe(sequenceCodes.duplicate);
    expect(tracker.accept(0)).toBe(sequenceCodes.tooOld);
  });

  it("says tooOld of a late frame whose loss was final, and keeps it lost", () => {
    const tracker = new SequenceTracker();
    for (let i = 1; i <= duplicateWindow; i++) tracker.accept(i);
    expect(tracker.accept(duplicateWindow + 1)).toBe(sequenceCodes.inOrder);
    expect(tracker.accept(0)).toBe(sequenceCodes.tooOld);
    expect(tracker.finish(duplicateWindow + 2)).toEqual({ lost: 1, ranges: [[0, 0]], complete: true, last: 0 });
  });

  it("reports ranges in the caller's numbers", () => {
    const tracker = new SequenceTracker({ base: 1, stride: 4 });
    tracker.reset(10);
    for (const index of [10, 11, 14]) tracker.accept(index);
    expect(tracker.finish(16).ranges).toEqual([
      [49, 53],
      [61, 61],
    ]);
  });

  it("does constant work for a jump of any length", () => {
    const tracker = new SequenceTracker();
    tracker.accept(0);
    // A walk over these numbers would not end.
    tracker.accept(2 ** 51);
    const last = 2 ** 51 - 1;
    expect(tracker.finish(2 ** 51 + 1)).toEqual({ lost: last, ranges: [[1, last]], complete: true, last });
  });

  it("can be asked at any time without changing", () => {
    const tracker = new SequenceTracker();
    tracker.accept(0);
    tracker.accept(2);
    expect(tracker.finish(10)).toEqual(tracker.finish(10));
    expect(tracker.finish(0).lost).toBe(1);
    expect(tracker.accept(1)).toBe(sequenceCodes.reordered);
    expect(tracker.finish(3).lost).toBe(0);
  });

  it("knows no extent of frames older than the last 1,024 gaps, and says how many", () => {
    const tracker = new SequenceTracker();
    for (let i = 1; i < 4100; i += 2) tracker.accept(i);
    tracker.accept(0);
    tracker.accept(4098);
    expect(tracker.reordered).toBe(2);
    expect(tracker.extent()).toEqual({ max: 2, mean: 2, unknown: 1 });
  });

  it("keeps the first hundred ranges, and counts all", () => {
    const tracker = new SequenceTracker();
    for (let i = 1; i < 2000; i += 2) tracker.accept(i);
    const account = tracker.finish(2000);
    expect(account.lost).toBe(1000);
    expect(account.ranges).toHaveLength(100);
    expect(account.ranges[99]).toEqual([198, 198]);
    expect(account.complete).toBe(false);
  });

  it("is as new after reset", () => {
    const tracker = new SequenceTracker();
    for (const index of [5, 3, 3, 900_000, 1]) tracker.accept(index);
    tracker.reset(7);
    expect(tracker.accept(7)).toBe(sequenceCodes.inOrder);
    expect([tracker.accepted, tracker.duplicate, tracker.tooOld, tracker.reordered, tracker.missing]).toEqual([
      1, 0, 0, 0, 0,
    ]);
    expect(tracker.extent()).toBeNull();
    expect(tracker.finish(8)).toEqual({ lost: 0, ranges: [], complete: true, last: null });
  });
});
