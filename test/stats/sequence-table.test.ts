/** Many sequences in one table, against the obvious way. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/random.js";
import { reorderRunsOf } from "../../src/stats/reordering.js";
import { SequenceTable } from "../../src/stats/sequence-table.js";
import { Reference, step } from "../support/sequence-reference.js";

/** What three lanes of a table say after these arrivals, lane by lane, and what is obviously so. */
function compare(bytes: number, lanes: readonly (readonly number[])[], tail: number): void {
  const table = new SequenceTable(lanes.length, { bytes });
  const references = lanes.map(() => new Reference(0, table.window));
  const longest = Math.max(...lanes.map(({ length }) => length));
  for (let k = 0; k < longest; k++) {
    for (const [lane, indexes] of lanes.entries()) {
      const index = indexes[k];
      if (index === undefined) continue;
      const [is, expected] = [table.accept(lane, index), references[lane].accept(index)];
      // Asked only where they differ: an assertion for each takes longer than all the rest.
      if (is !== expected) expect({ lane, index, code: is }).toEqual({ lane, index, code: expected });
    }
  }
  for (const [lane, reference] of references.entries()) {
    const end = reference.next + tail;
    const ranges = reference.lostRanges(end);
    expect(table.next(lane)).toBe(reference.next);
    expect(table.accepted(lane)).toBe(reference.seen.size);
    expect(table.missing(lane)).toBe(reference.next - reference.seen.size);
    expect(table.duplicate(lane)).toBe(reference.duplicate);
    expect(table.tooOld(lane)).toBe(reference.tooOld);
    expect(table.reordered(lane)).toBe(reference.reordered);
    expect(table.finish(lane, end)).toEqual({
      lost: ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0),
      ranges: ranges.slice(0, table.rangesKept),
      more: Math.max(0, ranges.length - table.rangesKept),
      last: ranges.at(-1)?.[1] ?? null,
      longest: ranges.reduce((most, [from, to]) => Math.max(most, to - from + 1), 0),
    });
    expect(table.reorderRuns([lane])).toEqual(reference.reorderRuns());
    const extent = table.extent([lane]);
    if (reference.extents.length === 0) expect(extent).toBeNull();
    else if (extent?.unknown === 0) {
      expect(extent.max).toBe(Math.max(...reference.extents));
      expect(extent.mean).toBeCloseTo(reference.extents.reduce((a, b) => a + b, 0) / reference.extents.length, 9);
    }
  }
}

const arrivals = fc.array(step, { maxLength: 200 }).map((steps) => {
  let highest = -1;
  return steps.map((by) => {
    const index = Math.max(0, highest + by);
    highest = Math.max(highest, index);
    return index;
  });
});

describe("SequenceTable against the obvious way", () => {
  // 2^25 bytes: windows of 65,536; 128 bytes: of 256, so that losses leave them all the time.
  it.each([2 ** 25, 128, 1024])("agrees, each lane for itself, with %i bytes of windows", (bytes) => {
    fc.assert(
      fc.property(fc.tuple(arrivals, arrivals, arrivals), fc.nat(50), (lanes, tail) => compare(bytes, lanes, tail)),
      { numRuns: 100 },
    );
  });

  it("agrees on long runs whose losses leave the window", () => {
    const random = seededRandom(4);
    const lane = (): number[] => {
      const indexes: number[] = [];
      for (let i = 0; i < 6_000; i++) {
        const chance = random.below(400);
        if (chance === 0) i += random.below(600);
        if (chance < 4) continue;
        if (chance < 8) indexes.push(i);
        if (chance < 12) indexes.splice(indexes.length - Math.min(indexes.length, random.below(40)), 0, i);
        else indexes.push(i);
      }
      return indexes;
    };
    compare(128, [lane(), lane(), lane()], 7);
  });
});

describe("SequenceTable", () => {
  it("does constant work for a jump of any length", () => {
    const table = new SequenceTable(2);
    table.accept(1, 0);
    table.accept(1, 2 ** 51);
    expect(table.finish(1, 2 ** 51 + 1)).toEqual({
      lost: 2 ** 51 - 1,
      ranges: [[1, 2 ** 51 - 1]],
      more: 0,
      last: 2 ** 51 - 1,
      longest: 2 ** 51 - 1,
    });
    expect(table.finish(0, 5)).toEqual({ lost: 5, ranges: [[0, 4]], more: 0, last: 4, longest: 5 });
  });

  it("keeps the first ranges of a lane and counts the others, the one that is open at the end too", () => {
    const table = new SequenceTable(1);
    for (let i = 1; i < 200; i += 2) table.accept(0, i);
    expect(table.finish(0, 205)).toMatchObject({ lost: 105, more: 101 - table.rangesKept });
    expect(table.finish(0, 205).ranges.at(-1)).toEqual([2 * table.rangesKept - 2, 2 * table.rangesKept - 2]);
  });

  it("has less of everything for more lanes, and never nothing", () => {
    const few = new SequenceTable(10);
    const many = new SequenceTable(300_000);
    expect([few.window, few.rangesKept]).toEqual([65_536, 16]);
    expect([many.window, many.rangesKept]).toEqual([512, 2]);
  });

  it("says number by number what it saw, while its window holds all of them", () => {
    const table = new SequenceTable(2, { bytes: 64 });
    const wide = new SequenceTable(2, { bytes: 2 ** 20, longest: 2 ** 17 });
    for (const one of [table, wide]) for (const index of [0, 1, 4, 4, 255]) one.accept(1, index);
    const seen = {
      next: 256,
      accepted: 4,
      duplicate: 1,
      tooOld: 0,
      missing: [
        [2, 3],
        [5, 254],
      ],
      missingMore: 0,
      missingLongest: 250,
    };
    const missingBits = Uint32Array.of(0xffff_ffec, ...Array<number>(6).fill(0xffff_ffff), 0x7fff_ffff);
    expect(table.seen(1)).toEqual({ ...seen, missingBits });
    expect(wide.seen(1)).toEqual({ ...seen, missingBits });
    for (const one of [table, wide]) one.accept(1, 256);
    expect(table.seen(1)).toEqual({ ...seen, next: 257, accepted: 5 });
    expect(wide.seen(1).missingBits).toEqual(Uint32Array.of(...missingBits, 0));
    expect([table.window, wide.window]).toEqual([256, 2 ** 17]);
  });

  it("has the extent of several lanes together", () => {
    const table = new SequenceTable(3);
    for (const index of [0, 1, 3, 2]) table.accept(0, index);
    for (const index of [1, 2, 3, 0]) table.accept(2, index);
    expect(table.extent([0, 1, 2])).toEqual({ max: 3, mean: 2, unknown: 0 });
    expect(table.extent([1])).toBeNull();
  });

  it("has the runs of several lanes together, and none of a lane that was reset", () => {
    const table = new SequenceTable(3);
    const arrivals = [0, 1, 2, 6, 7, 3, 4, 4, 5, 8, 11, 9, 12, 10];
    for (const index of arrivals) table.accept(0, index);
    for (const index of [0, 1]) table.accept(2, index);
    // 0 1 2 6 7 | 3 4 5 | 8 11 | 9 | 12 | 10: the second 4 is a copy.
    const runs = { reordered: { count: 3, frames: 5, max: 3 }, free: { count: 3, frames: 8, max: 5 } };
    expect(table.reorderRuns([0])).toEqual(runs);
    expect(reorderRunsOf(table.reorderRuns([0]))).toEqual({
      reorderedRuns: { count: 3, mean: 5 / 3, max: 3 },
      reorderingFreeRuns: { count: 3, mean: 8 / 3, max: 5 },
    });
    expect(table.reorderRuns([0, 1, 2])).toEqual({ ...runs, free: { count: 4, frames: 10, max: 5 } });
    expect(reorderRunsOf(table.reorderRuns([1, 2]))).toEqual({ reorderedRuns: null, reorderingFreeRuns: null });
    expect(reorderRunsOf(undefined)).toEqual({});
    table.reset(0);
    for (const index of [1, 0]) table.accept(0, index);
    expect(table.reorderRuns([0])).toEqual({
      reordered: { count: 1, frames: 1, max: 1 },
      free: { count: 1, frames: 1, max: 1 },
    });
  });

  it("counts all else where nobody asks for runs", () => {
    const [counting, without] = [new SequenceTable(2), new SequenceTable(2, { countsRuns: false })];
    for (const index of [0, 1, 2, 6, 7, 3, 4, 4, 5, 8, 11, 9, 12, 10]) {
      expect(without.accept(1, index)).toBe(counting.accept(1, index));
    }
    expect(without.seen(1)).toEqual(counting.seen(1));
    expect(without.extent([1])).toEqual(counting.extent([1]));
    expect(() => without.reorderRuns([1])).toThrow(/no runs/);
    without.reset(1);
    expect(without.accepted(1)).toBe(0);
  });
});
