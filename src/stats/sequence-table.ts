/**
 * What became of the frames of one or of thousands of streams: lost, duplicate, reordered (RFC 4737), judged on every
 * frame in constant memory. A lane is one stream on one transmit queue. The last 65,536 sequence numbers of a lane are
 * one bit each; what leaves that window unseen is lost. The more lanes there are, the shorter are the window, the memory
 * of gaps and the list of lost numbers of each; what did not fit is counted.
 *
 *      next − 65536                                  next − 1   next
 *          │ 0 0 0 1 0 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0 0 │ ?
 *            0: accepted, or before the first number; 1: missing. The bit of number i is bit i mod 65536.
 *
 * While no number is missing, nothing is written but the next number. It lies in the row that the rest of a frame's
 * account is in (lane-rows.ts), and is negative while one is missing: one look at it says both.
 */
import { LaneRows } from "./lane-rows.js";
import { type ReorderExtent, ReorderRunCounter, type ReorderRuns } from "./reordering.js";
import { type LaneLoss, RunCollector, type SequenceRange } from "./run-collector.js";
import { sequenceCell } from "./sequence-cells.js";

/** What `accept` found. */
export const sequenceCodes = { inOrder: 0, reordered: 1, duplicate: 2, tooOld: 3 } as const;

const { inOrder, reordered, duplicate, tooOld } = sequenceCodes;
const cell = sequenceCell;
/** Ranges of lost numbers in the report of one stream. */
export const lostRangesKept = 100;
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

/** Which numbers of a lane were accepted, as far as they are known one by one. */
export interface LaneAccepted {
  /** The index after the highest seen. */
  readonly next: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly tooOld: number;
  /** The first runs of indices below `next` that were not accepted, and how many runs there are beyond them. */
  readonly missing: readonly SequenceRange[];
  readonly missingMore: number;
  /** Numbers of the longest of all these runs; absent: not told. */
  readonly missingLongest?: number;
  /** The same as bits: bit i of the words is index i. Absent: the window has not held all of them. */
  readonly missingBits?: Uint32Array;
}

export interface SequenceTableOptions {
  /** For all windows together. */
  readonly bytes?: number;
  /** The longest window of a lane, in numbers: a power of two. */
  readonly longest?: number;
  /** The rows that the next numbers lie in; absent: the table's own. */
  readonly rows?: Pick<LaneRows, "next" | "setNext">;
  /** `sequenceCells` doubles a lane, which others may read; absent: the table's own. */
  readonly cells?: Float64Array;
  /** Lost ranges kept of each lane, where there are few lanes. */
  readonly rangesKept?: number;
  /** False: nobody will ask for `reorderRuns`. */
  readonly countsRuns?: boolean;
}

export class SequenceTable {
  /** How far back a duplicate can be told from a frame that is too old. */
  readonly window: number;
  /** Lost ranges that each lane keeps. */
  readonly rangesKept: number;
  readonly #reorderRuns: ReorderRunCounter | null;
  readonly #rows: Pick<LaneRows, "next" | "setNext">;
  readonly #missingBits: Int32Array;
  /** The cells of each lane that only losses, duplicates and reordering change, next to each other (`cell`). */
  readonly #cells: Float64Array;
  readonly #missingInAll = new Float64Array(1);
  readonly #gapsKept: number;
  /** Per lane a ring of gaps: the first missing number, and which arrival opened the gap. */
  readonly #gaps: Float64Array;
  /** Per lane: from, to (inclusive) of lost numbers. */
  readonly #ranges: Float64Array;

  constructor(lanes: number, options: SequenceTableOptions = {}) {
    const { bytes = windowBytes, rows = new LaneRows(lanes), rangesKept = mostRanges, countsRuns = true } = options;
    this.#rows = rows;
    const share = 2 ** Math.floor(Math.log2((bytes * 8) / lanes));
    this.window = between(shortestWindow, share, options.longest ?? longestWindow);
    this.#gapsKept = between(leastGaps, Math.floor(gapsInAll / lanes), mostGaps);
    this.rangesKept = rangesKeptOf(lanes, rangesKept);
    this.#missingBits = new Int32Array((lanes * this.window) / 32);
    this.#gaps = new Float64Array(lanes * this.#gapsKept * 2);
    this.#reorderRuns = countsRuns ? new ReorderRunCounter(lanes) : null;
    this.#ranges = new Float64Array(lanes * this.rangesKept * 2);
    this.#cells = options.cells ?? new Float64Array(lanes * cell.count);
    for (let at = cell.runEnd; at < this.#cells.length; at += cell.count) this.#cells[at] = -2;
  }

  /** The index after the highest seen. */
  next(lane: number): number {
    const next = this.#rows.next(lane);
    return next < 0 ? -1 - next : next;
  }

  accepted(lane: number): number {
    return this.next(lane) - this.missing(lane);
  }

  missing(lane: number): number {
    return this.#cells[lane * cell.count + cell.missing];
  }

  /** Of all lanes. */
  get missingInAll(): number {
    return this.#missingInAll[0];
  }

  /** Forgets all of a lane: its numbers begin again. */
  reset(lane: number): void {
    const row = lane * cell.count;
    if (this.#cells[row + cell.holes] > 0) {
      const from = (lane * this.window) / 32;
      this.#missingBits.fill(0, from, from + this.window / 32);
    }
    this.#missingInAll[0] -= this.#cells[row + cell.missing];
    this.#cells.fill(0, row, row + cell.count);
    this.#cells[row + cell.runEnd] = -2;
    this.#reorderRuns?.reset(lane);
    this.#rows.setNext(lane, 0);
  }

  duplicate(lane: number): number {
    return this.#cells[lane * cell.count + cell.duplicate];
  }

  reordered(lane: number): number {
    return this.#cells[lane * cell.count + cell.reordered];
  }

  tooOld(lane: number): number {
    return this.#cells[lane * cell.count + cell.tooOld];
  }

  /** Counts frame `index` (from 0) of a lane and says what it is: one of sequenceCodes. Hot. */
  accept(lane: number, index: number): number {
    if (index === this.#rows.next(lane)) {
      this.#rows.setNext(lane, index + 1);
      return inOrder;
    }
    return this.#acceptSlow(lane, index, true);
  }

  /** As `accept` of a missing number that did not arrive after greater ones: it is not counted as reordered. */
  acceptInPlace(lane: number, index: number): number {
    return this.#acceptSlow(lane, index, false);
  }

  /** Number `index` is below the highest seen, may still come, and has not. */
  isAwaited(lane: number, index: number): boolean {
    const next = this.next(lane);
    return index < next && index >= next - this.window && this.#isMissing(lane, index);
  }

  /** As `accept` of `count` numbers in a row, the first of which is the next one: all in order. */
  acceptRun(lane: number, count: number): void {
    const next = this.#rows.next(lane);
    if (next >= 0) this.#rows.setNext(lane, next + count);
    else for (let i = 0; i < count; i++) this.accept(lane, this.next(lane));
  }

  /** The longest run of numbers of a lane that are missing so far. It looks through the whole window. */
  longestRun(lane: number): { readonly longest: number; readonly longestFrom: number } {
    const list = this.#lostSoFar(lane, [], 0);
    if (this.#cells[lane * cell.count + cell.holes] > 0) this.#addWindow(lane, list);
    return list;
  }

  /** The account of a lane up to `endExclusive`, the index after the last one sent. Changes nothing. */
  finish(lane: number, endExclusive: number): LaneLoss {
    const cells = this.#cells;
    const row = lane * cell.count;
    const next = this.next(lane);
    const end = Math.max(next, endExclusive);
    const kept = Math.min(cells[row + cell.runs], this.rangesKept);
    const ranges = Array.from({ length: kept }, (_, k): SequenceRange => {
      const at = (lane * this.rangesKept + k) * 2;
      return [this.#ranges[at], this.#ranges[at + 1]];
    });
    const list = this.#lostSoFar(lane, ranges, this.rangesKept);
    if (cells[row + cell.holes] > 0) this.#addWindow(lane, list);
    if (end > next) list.add(next, end - 1);
    return {
      lost: cells[row + cell.missing] + (end - next),
      ranges: list.ranges,
      more: list.more,
      last: list.runs === 0 ? null : list.end,
      longest: list.longest,
    };
  }

  /** Which numbers of a lane were accepted, to be compared with what others accepted of it. */
  seen(lane: number): LaneAccepted {
    const next = this.next(lane);
    const { ranges: missing, more: missingMore, longest: missingLongest } = this.finish(lane, next);
    const bits = next <= this.window ? { missingBits: this.#bitsBelow(lane, next) } : {};
    const [accepted, duplicates, late] = [this.accepted(lane), this.duplicate(lane), this.tooOld(lane)];
    const account = { next, accepted, duplicate: duplicates, tooOld: late };
    return { ...account, missing, missingMore, missingLongest, ...bits };
  }

  #bitsBelow(lane: number, end: number): Uint32Array {
    const from = (lane * this.window) / 32;
    return Uint32Array.from(this.#missingBits.subarray(from, from + Math.ceil(end / 32)));
  }

  /** Of several lanes together; null when nothing was reordered, or no extent is known. */
  extent(lanes: readonly number[]): ReorderExtent | null {
    const sum = (which: number): number =>
      lanes.reduce((total, lane) => total + this.#cells[lane * cell.count + which], 0);
    const known = sum(cell.extentCount);
    if (known === 0) return null;
    return {
      max: lanes.reduce((most, lane) => Math.max(most, this.#cells[lane * cell.count + cell.extentMax]), 0),
      mean: sum(cell.extentSum) / known,
      unknown: sum(cell.reordered) - known,
    };
  }

  /** Not where they are not counted. */
  reorderRuns(lanes: readonly number[]): ReorderRuns {
    if (this.#reorderRuns === null) throw new Error("this table counts no runs");
    return this.#reorderRuns.of(lanes, this.accepted.bind(this), this.reordered.bind(this));
  }

  /** `isLate`: a number below the highest seen arrived after that. */
  #acceptSlow(lane: number, index: number, isLate: boolean): number {
    const next = this.next(lane);
    if (index >= next) {
      if (index === next && !this.#isMissing(lane, index)) {
        // Still missing is what was: nothing leaves the window.
        this.#rows.setNext(lane, -2 - index);
        return inOrder;
      }
      if (index > next) {
        this.#openGap(lane, next);
        this.#slideTo(lane, next, index);
      }
      this.#leave(lane, index);
      this.#setNext(lane, index + 1);
      return inOrder;
    }
    const cells = this.#cells;
    const row = lane * cell.count;
    if (index < next - this.window) {
      cells[row + cell.tooOld] += 1;
      return tooOld;
    }
    if (!this.#isMissing(lane, index)) {
      cells[row + cell.duplicate] += 1;
      return duplicate;
    }
    this.#missingBits[this.#wordOf(lane, index)] &= ~(1 << (index & 31));
    cells[row + cell.holes] -= 1;
    cells[row + cell.missing] -= 1;
    this.#missingInAll[0] -= 1;
    this.#setNext(lane, next);
    if (isLate) {
      cells[row + cell.reordered] += 1;
      const at = this.accepted(lane);
      this.#reorderRuns?.note(lane, at);
      this.#measureExtent(lane, index, at);
    }
    return reordered;
  }

  #setNext(lane: number, next: number): void {
    this.#rows.setNext(lane, this.#cells[lane * cell.count + cell.holes] === 0 ? next : -1 - next);
  }

  #wordOf(lane: number, index: number): number {
    // `&` takes a double's low 32 bits (ECMAScript ToInt32), so this holds up to 2^53.
    return ((lane * this.window) >>> 5) + ((index & (this.window - 1)) >>> 5);
  }

  /** Number `index` of the window, or the one a window below it. */
  #isMissing(lane: number, index: number): boolean {
    return (this.#missingBits[this.#wordOf(lane, index)] & (1 << (index & 31))) !== 0;
  }

  /** Moves the window's end from `next` up to `index`: what leaves it below is final, what enters is missing. */
  #slideTo(lane: number, next: number, index: number): void {
    const cells = this.#cells;
    const row = lane * cell.count;
    cells[row + cell.missing] += index - next;
    this.#missingInAll[0] += index - next;
    // Constant work however far the jump: after a whole window nothing of the old one is left.
    const stop = Math.min(index, next + this.window);
    cells[row + cell.holes] += stop - next;
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

  /** Number `entering` takes the place of the number one window below, which is lost now if it never came. */
  #leave(lane: number, entering: number): void {
    if (!this.#isMissing(lane, entering)) return;
    this.#missingBits[this.#wordOf(lane, entering)] &= ~(1 << (entering & 31));
    this.#cells[lane * cell.count + cell.holes] -= 1;
    this.#noteLost(lane, entering - this.window, entering - this.window);
  }

  /** Ranges come in ascending order, so only the last one can grow. */
  #noteLost(lane: number, from: number, to: number): void {
    const cells = this.#cells;
    const row = lane * cell.count;
    const runs = cells[row + cell.runs];
    const grows = cells[row + cell.runEnd] === from - 1;
    cells[row + cell.runEnd] = to;
    const length = to - from + 1 + (grows ? cells[row + cell.runLength] : 0);
    cells[row + cell.runLength] = length;
    if (length > cells[row + cell.longestRun]) cells[row + cell.longestRun] = length;
    const at = (lane * this.rangesKept + (grows ? runs - 1 : runs)) * 2;
    if (!grows) cells[row + cell.runs] = runs + 1;
    if ((grows ? runs : runs + 1) > this.rangesKept) return;
    if (!grows) this.#ranges[at] = from;
    this.#ranges[at + 1] = to;
  }

  #lostSoFar(lane: number, ranges: SequenceRange[], listed: number): RunCollector {
    const cells = this.#cells;
    const row = lane * cell.count;
    return new RunCollector(listed, {
      ...{ ranges, runs: cells[row + cell.runs], end: cells[row + cell.runEnd] },
      ...{ length: cells[row + cell.runLength], longest: cells[row + cell.longestRun] },
    });
  }

  #addWindow(lane: number, list: RunCollector): void {
    const next = this.next(lane);
    for (let index = Math.max(0, next - this.window); index < next; ) {
      const bits = this.#missingBits[this.#wordOf(lane, index)];
      if ((index & 31) === 0 && bits === 0) {
        index += 32;
        continue;
      }
      if (this.#isMissing(lane, index)) list.add(index, index);
      index++;
    }
  }

  /** Remembers that the numbers from `next` on were missing when the coming frame arrived. */
  #openGap(lane: number, next: number): void {
    const count = this.#cells[lane * cell.count + cell.gaps];
    const at = (lane * this.#gapsKept + (count % this.#gapsKept)) * 2;
    this.#gaps[at] = next;
    this.#gaps[at + 1] = this.accepted(lane) + 1;
    this.#cells[lane * cell.count + cell.gaps] = count + 1;
  }

  /** RFC 4737 §4.2.1, of the `accepted`-th frame of the lane. */
  #measureExtent(lane: number, index: number, accepted: number): void {
    const cells = this.#cells;
    const row = lane * cell.count;
    const count = cells[row + cell.gaps];
    const at = (gap: number): number => (lane * this.#gapsKept + (gap % this.#gapsKept)) * 2;
    // Gaps ascend by number. The wanted one is the newest that starts at or below the index.
    let low = Math.max(0, count - this.#gapsKept);
    let high = count - 1;
    if (this.#gaps[at(low)] > index) return;
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      if (this.#gaps[at(middle)] <= index) low = middle;
      else high = middle - 1;
    }
    const extent = accepted - this.#gaps[at(low) + 1];
    cells[row + cell.extentSum] += extent;
    cells[row + cell.extentCount] += 1;
    if (extent > cells[row + cell.extentMax]) cells[row + cell.extentMax] = extent;
  }
}

/** How many lost ranges of each lane a table of so many lanes keeps. */
export const rangesKeptOf = (lanes: number, most = mostRanges): number =>
  between(leastRanges, Math.floor(rangesInAll / lanes), most);

const between = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));
