/** One lane of a SequenceTable, with the longest window. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/random.js";
import { SequenceTable, sequenceCodes } from "../../src/stats/sequence-table.js";
import { Reference, step } from "../support/sequence-reference.js";

const window = 65_536;
const rangesKept = 100;
const oneLane = (): SequenceTable => new SequenceTable(1, { rangesKept });

/** A table with these frames accepted in this order. */
function tableOf(indexes: Iterable<number>): SequenceTable {
  const table = oneLane();
  for (const index of indexes) table.accept(0, index);
  return table;
}

const upTo = (first: number, end: number, by = 1): number[] =>
  Array.from({ length: Math.ceil((end - first) / by) }, (_, k) => first + k * by);

function compare(indexes: readonly number[], end: number): void {
  const table = oneLane();
  const reference = new Reference(0, window);
  expect(indexes.find((index) => table.accept(0, index) !== reference.accept(index))).toBeUndefined();
  expect(table.next(0)).toBe(reference.next);
  expect(table.accepted(0)).toBe(reference.seen.size);
  expect(table.duplicate(0)).toBe(reference.duplicate);
  expect(table.tooOld(0)).toBe(reference.tooOld);
  expect(table.reordered(0)).toBe(reference.reordered);
  const ranges = reference.lostRanges(end);
  expect(table.finish(0, end)).toEqual({
    lost: ranges.reduce((sum, [from, to]) => sum + (to - from + 1), 0),
    ranges: ranges.slice(0, rangesKept),
    more: Math.max(0, ranges.length - rangesKept),
    last: ranges.at(-1)?.[1] ?? null,
    longest: ranges.reduce((most, [from, to]) => Math.max(most, to - from + 1), 0),
  });
  const extent = table.extent([0]);
  if (reference.extents.length === 0) expect(extent).toBeNull();
  else if (extent?.unknown === 0) {
    expect(extent.max).toBe(Math.max(...reference.extents));
    expect(extent.mean).toBeCloseTo(reference.extents.reduce((a, b) => a + b, 0) / reference.extents.length, 9);
  }
}

const starts = fc.constantFrom(0, 1, 31, 65_530, 2 ** 31 - 40, 2 ** 32 - 40, 2 ** 40 + 17, 2 ** 52);
describe("One lane against the obvious way", () => {
  it("agrees on loss, duplicates, reordering and jumps, and a jump to any start", () => {
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 300 }), fc.nat(50), (first, steps, tail) => {
        let highest = first - 1;
        const indexes = steps.map((by) => {
          const index = Math.max(0, highest + by);
          highest = Math.max(highest, index);
          return index;
        });
        compare(indexes, highest + 1 + tail);
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
    compare(indexes, first + count);
  });

  it("takes a run at once as it takes its frames one by one", () => {
    const run = fc.tuple(fc.integer({ min: -40, max: 80 }), fc.integer({ min: 1, max: 70_000 }));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
        const [together, single] = [oneLane(), oneLane()];
        for (const [gap, count] of runs) {
          const index = Math.max(0, single.next(0) + gap);
          expect(together.accept(0, index)).toBe(single.accept(0, index));
          together.acceptRun(0, count);
          for (let k = 0; k < count; k++) single.accept(0, single.next(0));
        }
        const end = single.next(0) + 3;
        expect(together.next(0)).toBe(single.next(0));
        expect(together.accepted(0)).toBe(single.accepted(0));
        expect(together.finish(0, end)).toEqual(single.finish(0, end));
        expect(together.extent([0])).toEqual(single.extent([0]));
      }),
      { numRuns: 30 },
    );
  });
});

describe("one lane", () => {
  it("counts a frame that was only swapped with its neighbour as reordered by one", () => {
    const table = tableOf([0, 1, 3, 2, 4]);
    expect(table.reordered(0)).toBe(1);
    expect(table.extent([0])).toEqual({ max: 1, mean: 1, unknown: 0 });
    expect(table.finish(0, 5)).toEqual({ lost: 0, ranges: [], more: 0, last: null, longest: 0 });
  });

  it("tells duplicates as far back as the window, and says tooOld before it", () => {
    const table = tableOf(upTo(0, window + 1));
    expect(table.window).toBe(window);
    expect(table.accept(0, 1)).toBe(sequenceCodes.duplicate);
    expect(table.accept(0, 0)).toBe(sequenceCodes.tooOld);
  });

  it("says tooOld of a late frame whose loss was final, and keeps it lost", () => {
    const table = tableOf(upTo(1, window + 1));
    expect(table.accept(0, window + 1)).toBe(sequenceCodes.inOrder);
    expect(table.accept(0, 0)).toBe(sequenceCodes.tooOld);
    expect(table.finish(0, window + 2)).toEqual({ lost: 1, ranges: [[0, 0]], more: 0, last: 0, longest: 1 });
  });

  it("can be asked at any time without changing", () => {
    const table = tableOf([0, 2]);
    expect(table.finish(0, 10)).toEqual(table.finish(0, 10));
    expect(table.finish(0, 0).lost).toBe(1);
    expect(table.accept(0, 1)).toBe(sequenceCodes.reordered);
    expect(table.finish(0, 3).lost).toBe(0);
  });

  it("knows no extent of frames older than the last 1,024 gaps, and says how many", () => {
    const table = tableOf([...upTo(1, 4100, 2), 0, 4098]);
    expect(table.reordered(0)).toBe(2);
    expect(table.extent([0])).toEqual({ max: 2, mean: 2, unknown: 1 });
  });

  it("keeps the first hundred ranges, and counts all", () => {
    const account = tableOf(upTo(1, 2000, 2)).finish(0, 2000);
    expect(account.lost).toBe(1000);
    expect(account.ranges).toHaveLength(100);
    expect(account.ranges[99]).toEqual([198, 198]);
    expect(account.more).toBe(900);
  });
});
