/**
 * What became of the frames of one stream on one queue: lost, duplicate, reordered (RFC 4737), judged on every frame
 * in constant memory. The last 65,536 sequence numbers are one bit each; what leaves that window unseen is lost.
 *
 *      next − 65536                                  next − 1   next
 *          │ 1 1 1 0 1 1 1 1 1 1 1 1 0 0 1 1 1 1 1 1 1 1 │ ?
 *            1: accepted, or before the first number; 0: missing. The bit of number i is bit i mod 65536.
 */

/** What `accept` found. */
export const sequenceCodes = { inOrder: 0, reordered: 1, duplicate: 2, tooOld: 3 } as const;

export type SequenceCode = (typeof sequenceCodes)[keyof typeof sequenceCodes];

/** How far back a duplicate is told from a frame that is too old to say. */
export const duplicateWindow = 65_536;

const slotMask = duplicateWindow - 1;
const wordCount = duplicateWindow / 32;
const allOnes = -1;
/** Gaps remembered for extents. */
const gapSlots = 1024;
/** Ranges of lost numbers kept for the report. */
export const lostRangesKept = 100;

/** Inclusive, in the caller's sequence numbers; with stride s every s-th number of it. */
export type SequenceRange = [from: number, to: number];

export interface LostFrames {
  /** Numbers of [first, endExclusive) that were never accepted. */
  readonly lost: number;
  /** The first 100 runs of them, in ascending order, neighbours merged. */
  readonly ranges: SequenceRange[];
  /** False when there were more runs than that. */
  readonly complete: boolean;
  /** The index (not the caller's number) of the last one; null: none is lost. */
  readonly last: number | null;
}

/**
 * Reordering extent (RFC 4737 §4.2.1): how many accepted frames earlier the first frame with a greater number
 * arrived. Extents are unknown for frames of gaps older than the last 1,024.
 */
export interface ReorderExtent {
  readonly max: number;
  readonly mean: number;
  readonly unknown: number;
}

/** Doubles, in one typed array: a class field would change its representation (and cost a deopt) when it passes 2^31. */
const cell = {
  first: 0,
  next: 1,
  /** Numbers below `next` not accepted so far, finally lost ones included. */
  missing: 2,
  /** Clear bits in the window. */
  holes: 3,
  duplicate: 4,
  tooOld: 5,
  reordered: 6,
  extentMax: 7,
  extentSum: 8,
  extentCount: 9,
  gaps: 10,
  count: 11,
} as const;

export interface SequenceOptions {
  /** The caller's number of index i is base + i × stride: frame i of a stream goes to queue i mod Q. */
  readonly base?: number;
  readonly stride?: number;
}

export class SequenceTracker {
  readonly #cells = new Float64Array(cell.count);
  readonly #bits = new Int32Array(wordCount);
  /** Ring of gaps: the first number missing, and which arrival (count of accepted frames) opened it. */
  readonly #gaps = new Float64Array(gapSlots * 2);
  readonly #base: number;
  readonly #stride: number;
  readonly #lost = new RangeList();

  constructor(options: SequenceOptions = {}) {
    this.#base = options.base ?? 0;
    this.#stride = options.stride ?? 1;
    this.reset(0);
  }

  /** Forgets everything; the first frame expected has index `firstIndex`, 0 … 2^53. */
  reset(firstIndex: number): void {
    this.#cells.fill(0);
    this.#cells[cell.first] = firstIndex;
    this.#cells[cell.next] = firstIndex;
    this.#bits.fill(allOnes);
    this.#lost.clear();
  }

  /** The index after the highest seen: what is expected now. */
  get next(): number {
    return this.#cells[cell.next];
  }

  /** Frames accepted, each number once. */
  get accepted(): number {
    return this.#cells[cell.next] - this.#cells[cell.first] - this.#cells[cell.missing];
  }

  /** Of the accepted ones: frames that came after one with a greater number (RFC 4737 §3.3). */
  get reordered(): number {
    return this.#cells[cell.reordered];
  }

  get duplicate(): number {
    return this.#cells[cell.duplicate];
  }

  /** Frames below the window, or below the first number: nobody can tell any more whether they came before. */
  get tooOld(): number {
    return this.#cells[cell.tooOld];
  }

  /** Numbers below `next` that have not come (yet). */
  get missing(): number {
    return this.#cells[cell.missing];
  }

  /** Takes note of the frame with this index and says what it is. Hot. */
  accept(index: number): SequenceCode {
    const cells = this.#cells;
    // While nothing in the window is missing, no bit changes.
    if (index === cells[cell.next] && cells[cell.holes] === 0) {
      cells[cell.next] = index + 1;
      return sequenceCodes.inOrder;
    }
    return this.#acceptSlow(index);
  }

  /** As `accept` of `count` numbers in a row, the first of which is `next`: all in order. */
  acceptRun(count: number): void {
    const cells = this.#cells;
    if (cells[cell.holes] === 0) {
      cells[cell.next] += count;
      return;
    }
    for (let i = 0; i < count; i++) this.accept(cells[cell.next]);
  }

  /**
   * The final account up to `endExclusive` (the index after the last one sent). Changes nothing, so it can be asked
   * at any time.
   */
  finish(endExclusive: number): LostFrames {
    const { next } = this;
    const end = Math.max(next, endExclusive);
    const ranges = this.#lost.copy();
    if (this.#cells[cell.holes] > 0) {
      for (let index = next - duplicateWindow; index < next; index++) {
        if (!this.#isSet(index)) ranges.add(index, index);
      }
    }
    if (end > next) ranges.add(next, end - 1);
    return {
      lost: this.missing + end - next,
      ranges: ranges.pairs(this.#base, this.#stride),
      complete: ranges.complete,
      last: ranges.last,
    };
  }

  /** Null when nothing was reordered, or no extent is known. */
  extent(): ReorderExtent | null {
    const known = this.#cells[cell.extentCount];
    if (known === 0) return null;
    return {
      max: this.#cells[cell.extentMax],
      mean: this.#cells[cell.extentSum] / known,
      unknown: this.#cells[cell.reordered] - known,
    };
  }

  #acceptSlow(index: number): SequenceCode {
    const cells = this.#cells;
    const distance = index - cells[cell.next];
    if (distance >= 0) {
      if (distance > 0) {
        this.#openGap();
        this.#slideTo(index);
      }
      this.#leave(index - duplicateWindow);
      this.#set(index);
      cells[cell.next] = index + 1;
      return sequenceCodes.inOrder;
    }
    if (distance < -duplicateWindow || index < cells[cell.first]) {
      cells[cell.tooOld] += 1;
      return sequenceCodes.tooOld;
    }
    if (this.#isSet(index)) {
      cells[cell.duplicate] += 1;
      return sequenceCodes.duplicate;
    }
    this.#set(index);
    cells[cell.holes] -= 1;
    cells[cell.missing] -= 1;
    cells[cell.reordered] += 1;
    this.#measureExtent(index);
    return sequenceCodes.reordered;
  }

  /** Remembers that the numbers from next on were missing when the coming frame arrived. */
  #openGap(): void {
    const cells = this.#cells;
    const at = (cells[cell.gaps] % gapSlots) * 2;
    this.#gaps[at] = cells[cell.next];
    this.#gaps[at + 1] = this.accepted + 1;
    cells[cell.gaps] += 1;
  }

  /** Moves the window's end from next up to `index`: what leaves it below is final, what enters is missing. */
  #slideTo(index: number): void {
    const cells = this.#cells;
    const next = cells[cell.next];
    cells[cell.missing] += index - next;
    // Constant work however far the jump: after a whole window nothing of the old one is left.
    const stop = Math.min(index, next + duplicateWindow);
    cells[cell.holes] += stop - next;
    for (let i = next; i < stop; ) {
      i += (i & 31) === 0 && stop - i >= 32 ? this.#clearWord(i) : this.#clearBit(i);
    }
    if (index > stop) {
      // Entered and left at once: numbers that are already a window below `index`.
      this.#lost.add(next, index - duplicateWindow - 1);
    }
  }

  #clearBit(index: number): number {
    this.#leave(index - duplicateWindow);
    this.#bits[(index & slotMask) >>> 5] &= ~(1 << (index & 31));
    return 1;
  }

  /** 32 numbers at once where their predecessors all came, or all didn't. */
  #clearWord(index: number): number {
    const word = (index & slotMask) >>> 5;
    const predecessors = this.#bits[word];
    if (predecessors !== allOnes && predecessors !== 0) return this.#clearBit(index);
    if (predecessors === 0) {
      this.#lost.add(index - duplicateWindow, index - duplicateWindow + 31);
      this.#cells[cell.holes] -= 32;
    }
    this.#bits[word] = 0;
    return 32;
  }

  /** Number `index` leaves the window: it is lost now if it never came. */
  #leave(index: number): void {
    if (this.#isSet(index)) return;
    this.#lost.add(index, index);
    this.#cells[cell.holes] -= 1;
  }

  #measureExtent(index: number): void {
    const cells = this.#cells;
    const gaps = this.#gaps;
    const count = cells[cell.gaps];
    // Gaps are in ascending order of numbers: the newest one that starts at or below the index is the one.
    let low = Math.max(0, count - gapSlots);
    let high = count - 1;
    if (gaps[(low % gapSlots) * 2] > index) return;
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      if (gaps[(middle % gapSlots) * 2] <= index) low = middle;
      else high = middle - 1;
    }
    const extent = this.accepted - gaps[(low % gapSlots) * 2 + 1];
    cells[cell.extentSum] += extent;
    cells[cell.extentCount] += 1;
    if (extent > cells[cell.extentMax]) cells[cell.extentMax] = extent;
  }

  #isSet(index: number): boolean {
    // `&` takes a double's low 32 bits (ECMAScript ToInt32), so this holds up to 2^53 and below 0.
    return (this.#bits[(index & slotMask) >>> 5] & (1 << (index & 31))) !== 0;
  }

  #set(index: number): void {
    this.#bits[(index & slotMask) >>> 5] |= 1 << (index & 31);
  }
}

/** The first runs of lost numbers. They come in ascending order, so that only the last one can grow. */
class RangeList {
  readonly #pairs = new Float64Array(lostRangesKept * 2);
  #length = 0;
  complete = true;
  /** Kept where the list is full, too. */
  last: number | null = null;

  clear(): void {
    this.#length = 0;
    this.complete = true;
    this.last = null;
  }

  add(from: number, to: number): void {
    this.last = to;
    const last = this.#length * 2 - 1;
    if (last > 0 && this.#pairs[last] === from - 1) {
      this.#pairs[last] = to;
    } else if (this.#length < lostRangesKept) {
      this.#pairs[last + 1] = from;
      this.#pairs[last + 2] = to;
      this.#length += 1;
    } else {
      this.complete = false;
    }
  }

  copy(): RangeList {
    const copy = new RangeList();
    copy.#pairs.set(this.#pairs);
    copy.#length = this.#length;
    copy.complete = this.complete;
    copy.last = this.last;
    return copy;
  }

  pairs(base: number, stride: number): SequenceRange[] {
    return Array.from({ length: this.#length }, (_, i) => [
      base + this.#pairs[2 * i] * stride,
      base + this.#pairs[2 * i + 1] * stride,
    ]);
  }
}
