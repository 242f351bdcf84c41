/**
 * What became of the frames of thousands of streams: as SequenceTracker, in one array each for everything, so that
 * memory is the same whatever is lost. A lane is one stream on one transmit queue; the more lanes there are, the
 * shorter are its window, its memory of gaps and its list of lost numbers, and what did not fit is counted.
 *
 * A bit of the window is 1 where a number is missing: while none is, nothing is written but the next number.
 */
import type { ReorderExtent, SequenceRange } from "./sequence.js";
import { sequenceCodes } from "./sequence.js";

const { inOrder, reordered, duplicate, tooOld } = sequenceCodes;
/** All windows together: 32 MiB. */
const windowBytes = 2 ** 25;
const longestWindow = 65_536;
const shortestWindow = 256;
/** Gaps remembered for extents, and lost ranges kept: of all lanes together, and of one at most and at least. */
const gapsInAll = 2 ** 19;
const mostGaps = 1024;
const leastGaps = 4;
const rangesInAll = 2 ** 19;
const mostRanges = 16;
const leastRanges = 2;

export interface LaneLoss {
  /** Numbers of 0 … endExclusive − 1 that were never accepted. */
  readonly lost: number;
  /** The first runs of them, ascending. */
  readonly ranges: readonly SequenceRange[];
  /** Runs beyond those. */
  readonly more: number;
  /** The last one of all; null: none is lost. */
  readonly last: number | null;
}

export class SequenceTable {
  /** Numbers back to which a duplicate is told from a frame that is too old to say. */
  readonly window: number;
  /** Lost ranges kept of each lane. */
  readonly rangesKept: number;
  readonly #missingBits: Int32Array;
  readonly #next: Float64Array;
  readonly #missing: Float64Array;
  /** Missing numbers in the window. */
  readonly #holes: Float64Array;
  readonly #duplicate: Float64Array;
  readonly #reordered: Float64Array;
  readonly #tooOld: Float64Array;
  readonly #gapsKept: number;
  /** Per lane a ring of gaps: the first number missing, and which arrival opened it. */
  readonly #gaps: Float64Array;
  readonly #gapCount: Float64Array;
  readonly #extentMax: Float64Array;
  readonly #extentSum: Float64Array;
  readonly #extentCount: Float64Array;
  /** Per lane: from, to (inclusive) of lost numbers; how many runs there were, and where the last one ended. */
  readonly #ranges: Float64Array;
  readonly #runs: Float64Array;
  readonly #runEnd: Float64Array;

  /** `bytes`: for all windows together. */
  constructor(lanes: number, bytes = windowBytes) {
    const share = 2 ** Math.floor(Math.log2((bytes * 8) / lanes));
    this.window = between(shortestWindow, share, longestWindow);
    this.#gapsKept = between(leastGaps, Math.floor(gapsInAll / lanes), mostGaps);
    this.rangesKept = between(leastRanges, Math.floor(rangesInAll / lanes), mostRanges);
    this.#missingBits = new Int32Array((lanes * this.window) / 32);
    this.#gaps = new Float64Array(lanes * this.#gapsKept * 2);
    this.#ranges = new Float64Array(lanes * this.rangesKept * 2);
    const cells = (): Float64Array => new Float64Array(lanes);
    this.#next = cells();
    this.#missing = cells();
    this.#holes = cells();
    this.#duplicate = cells();
    this.#reordered = cells();
    this.#tooOld = cells();
    this.#gapCount = cells();
    this.#extentMax = cells();
    this.#extentSum = cells();
    this.#extentCount = cells();
    this.#runs = cells();
    this.#runEnd = cells().fill(-2);
  }

  /** The index after the highest seen. */
  next(lane: number): number {
    return this.#next[lane];
  }

  accepted(lane: number): number {
    return this.#next[lane] - this.#missing[lane];
  }

  missing(lane: number): number {
    return this.#missing[lane];
  }

  duplicate(lane: number): number {
    return this.#duplicate[lane];
  }

  reordered(lane: number): number {
    return this.#reordered[lane];
  }

  tooOld(lane: number): number {
    return this.#tooOld[lane];
  }

  /** Takes note of frame `index` (from 0) of a lane and says what it is: one of sequenceCodes. Hot. */
  accept(lane: number, index: number): number {
    if (index === this.#next[lane] && this.#holes[lane] === 0) {
      this.#next[lane] = index + 1;
      return inOrder;
    }
    return this.#acceptSlow(lane, index);
  }

  /** The account of a lane up to `endExclusive`, the index after the last one sent. Changes nothing. */
  finish(lane: number, endExclusive: number): LaneLoss {
    const next = this.#next[lane];
    const end = Math.max(next, endExclusive);
    const kept = Math.min(this.#runs[lane], this.rangesKept);
    const ranges = Array.from({ length: kept }, (_, k): SequenceRange => {
      const at = (lane * this.rangesKept + k) * 2;
      return [this.#ranges[at], this.#ranges[at + 1]];
    });
    const list = { ranges, runs: this.#runs[lane], end: this.#runEnd[lane] };
    if (this.#holes[lane] > 0) this.#addWindow(lane, list);
    if (end > next) this.#addRange(list, next, end - 1);
    return {
      lost: this.#missing[lane] + end - next,
      ranges,
      more: list.runs - ranges.length,
      last: list.runs === 0 ? null : list.end,
    };
  }

  /** Of several lanes together; null when nothing was reordered, or no extent is known. */
  extent(lanes: readonly number[]): ReorderExtent | null {
    const sum = (of: Float64Array): number => lanes.reduce((total, lane) => total + of[lane], 0);
    const known = sum(this.#extentCount);
    if (known === 0) return null;
    return {
      max: lanes.reduce((most, lane) => Math.max(most, this.#extentMax[lane]), 0),
      mean: sum(this.#extentSum) / known,
      unknown: sum(this.#reordered) - known,
    };
  }

  #acceptSlow(lane: number, index: number): number {
    const next = this.#next[lane];
    if (index >= next) {
      if (index > next) {
        this.#openGap(lane, next);
        this.#slideTo(lane, next, index);
      }
      this.#leave(lane, index);
      this.#next[lane] = index + 1;
      return inOrder;
    }
    if (index < next - this.window) {
      this.#tooOld[lane] += 1;
      return tooOld;
    }
    const word = this.#wordOf(lane, index);
    const bit = 1 << (index & 31);
    if ((this.#missingBits[word] & bit) === 0) {
      this.#duplicate[lane] += 1;
      return duplicate;
    }
    this.#missingBits[word] &= ~bit;
    this.#holes[lane] -= 1;
    this.#missing[lane] -= 1;
    this.#reordered[lane] += 1;
    this.#measureExtent(lane, index);
    return reordered;
  }

  #wordOf(lane: number, index: number): number {
    // `&` takes a double's low 32 bits (ECMAScript ToInt32), so this holds up to 2^53.
    return ((lane * this.window) >>> 5) + ((index & (this.window - 1)) >>> 5);
  }

  /** Moves the window's end from `next` up to `index`: what leaves it below is final, what enters is missing. */
  #slideTo(lane: number, next: number, index: number): void {
    this.#missing[lane] += index - next;
    // Constant work however far the jump: after a whole window nothing of the old one is left.
    const stop = Math.min(index, next + this.window);
    this.#holes[lane] += stop - next;
    for (let i = next; i < stop; ) {
      const word = this.#wordOf(lane, i);
      if ((i & 31) === 0 && stop - i >= 32 && this.#missingBits[word] === 0) {
        this.#missingBits[word] = -1;
        i += 32;
      } else {
        this.#leave(lane, i);
        this.#missingBits[word] |= 1 << (i & 31);
        i++;
      }
    }
    if (index > stop) this.#noteLost(lane, next, index - this.window - 1);
  }

  /** Number `entering` takes the place of the one a window below, which is lost now if it never came. */
  #leave(lane: number, entering: number): void {
    const word = this.#wordOf(lane, entering);
    const bit = 1 << (entering & 31);
    if ((this.#missingBits[word] & bit) === 0) return;
    this.#missingBits[word] &= ~bit;
    this.#holes[lane] -= 1;
    this.#noteLost(lane, entering - this.window, entering - this.window);
  }

  /** Ranges come in ascending order, so that only the last one can grow. */
  #noteLost(lane: number, from: number, to: number): void {
    const runs = this.#runs[lane];
    const grows = this.#runEnd[lane] === from - 1;
    this.#runEnd[lane] = to;
    const at = (lane * this.rangesKept + (grows ? runs - 1 : runs)) * 2;
    if (!grows) this.#runs[lane] = runs + 1;
    if ((grows ? runs : runs + 1) > this.rangesKept) return;
    if (!grows) this.#ranges[at] = from;
    this.#ranges[at + 1] = to;
  }

  #addWindow(lane: number, list: RangeList): void {
    const next = this.#next[lane];
    for (let index = Math.max(0, next - this.window); index < next; ) {
      const bits = this.#missingBits[this.#wordOf(lane, index)];
      if ((index & 31) === 0 && bits === 0) {
        index += 32;
        continue;
      }
      if ((bits & (1 << (index & 31))) !== 0) this.#addRange(list, index, index);
      index++;
    }
  }

  #addRange(list: RangeList, from: number, to: number): void {
    const grows = list.end === from - 1;
    list.end = to;
    if (!grows) {
      list.runs += 1;
      if (list.runs <= this.rangesKept) list.ranges.push([from, to]);
    } else if (list.runs <= this.rangesKept) list.ranges[list.runs - 1][1] = to;
  }

  /** Remembers that the numbers from `next` on were missing when the coming frame arrived. */
  #openGap(lane: number, next: number): void {
    const at = (lane * this.#gapsKept + (this.#gapCount[lane] % this.#gapsKept)) * 2;
    this.#gaps[at] = next;
    this.#gaps[at + 1] = this.accepted(lane) + 1;
    this.#gapCount[lane] += 1;
  }

  /** RFC 4737 §4.2.1, as SequenceTracker. */
  #measureExtent(lane: number, index: number): void {
    const count = this.#gapCount[lane];
    const at = (gap: number): number => (lane * this.#gapsKept + (gap % this.#gapsKept)) * 2;
    // Gaps are in ascending order of numbers: the newest one that starts at or below the index is the one.
    let low = Math.max(0, count - this.#gapsKept);
    let high = count - 1;
    if (this.#gaps[at(low)] > index) return;
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      if (this.#gaps[at(middle)] <= index) low = middle;
      else high = middle - 1;
    }
    const extent = this.accepted(lane) - this.#gaps[at(low) + 1];
    this.#extentSum[lane] += extent;
    this.#extentCount[lane] += 1;
    if (extent > this.#extentMax[lane]) this.#extentMax[lane] = extent;
  }
}

interface RangeList {
  readonly ranges: SequenceRange[];
  runs: number;
  end: number;
}

const between = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));
