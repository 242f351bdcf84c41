/** The reference of sequence analysis: the obvious way, with a set of all numbers seen. */
import fc from "fast-check";
import type { ReorderRuns, RunFigures } from "../../src/stats/reordering.js";
import { sequenceCodes } from "../../src/stats/sequence-table.js";

/** The obvious way: remember everything. */
export class Reference {
  readonly arrivals: number[] = [];
  readonly seen = new Set<number>();
  duplicate = 0;
  tooOld = 0;
  reordered = 0;
  readonly extents: number[] = [];
  /** Arrivals greater than all before them, by their place: the first that is greater than a number is one of them. */
  private readonly highest: number[] = [];
  next: number;

  constructor(
    readonly first: number,
    readonly window: number,
  ) {
    this.next = first;
  }

  accept(index: number): number {
    if (index < this.first || index < this.next - this.window) {
      this.tooOld += 1;
      return sequenceCodes.tooOld;
    }
    if (this.seen.has(index)) {
      this.duplicate += 1;
      return sequenceCodes.duplicate;
    }
    this.seen.add(index);
    this.arrivals.push(index);
    if (index >= this.next) {
      this.highest.push(this.arrivals.length - 1);
      this.next = index + 1;
      return sequenceCodes.inOrder;
    }
    this.reordered += 1;
    // RFC 4737 §4.2.1: arrival distance to the first that came with a greater number.
    this.extents.push(this.arrivals.length - 1 - this.firstGreater(index));
    return sequenceCodes.reordered;
  }

  /** The place of the first arrival that is greater. */
  private firstGreater(index: number): number {
    let [from, to] = [0, this.highest.length - 1];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.arrivals[this.highest[middle]!]! > index) to = middle;
      else from = middle + 1;
    }
    return this.highest[from]!;
  }

  /** All arrivals as a string of letters, cut where they change. */
  reorderRuns(): ReorderRuns {
    let highest = -1;
    const letters = this.arrivals.map((index) => {
      const isLate = index < highest;
      highest = Math.max(highest, index);
      return isLate ? "r" : "i";
    });
    const figures = (letter: string): RunFigures => {
      const lengths = (letters.join("").match(new RegExp(`${letter}+`, "g")) ?? []).map(({ length }) => length);
      return { count: lengths.length, frames: lengths.reduce((a, b) => a + b, 0), max: Math.max(0, ...lengths) };
    };
    return { reordered: figures("r"), free: figures("i") };
  }

  lostRanges(end: number): [number, number][] {
    const sorted = [...this.seen].sort((a, b) => a - b);
    const ranges: [number, number][] = [];
    let expected = this.first;
    for (const index of [...sorted, Math.max(end, this.next)]) {
      if (index > expected) ranges.push([expected, index - 1]);
      expected = index + 1;
    }
    return ranges;
  }
}

/** Steps from the highest number: mostly on, sometimes back, sometimes far. */
export const step = fc.oneof(
  { weight: 20, arbitrary: fc.constant(1) },
  { weight: 6, arbitrary: fc.integer({ min: 2, max: 100 }) },
  { weight: 8, arbitrary: fc.integer({ min: -200, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536, 65_537, -65_534, -65_535, -65_536, 131_073, 2 ** 33) },
);
