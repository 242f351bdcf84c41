/** Runs of numbers, told in ascending order: the first ones, how many there are, and the longest. */

/** Inclusive, in the caller's sequence numbers. */
export type SequenceRange = [from: number, to: number];

/** What was lost of a lane. */
export interface LaneLoss {
  /** Numbers of 0 … endExclusive − 1 that were never accepted. */
  readonly lost: number;
  /** The first runs of them, ascending. */
  readonly ranges: readonly SequenceRange[];
  /** Runs beyond those. */
  readonly more: number;
  /** The last one of all; null: none is lost. */
  readonly last: number | null;
  /** Numbers of the longest run; 0: none is lost. */
  readonly longest: number;
}

/** What was told before. */
export interface RunsSoFar {
  readonly ranges: SequenceRange[];
  readonly runs: number;
  /** Where the last one ended, and how long it is. */
  readonly end: number;
  readonly length: number;
  readonly longest: number;
}

const none: RunsSoFar = { ranges: [], runs: 0, end: -2, length: 0, longest: 0 };

/** Keeps the first runs. Runs that touch are one. */
export class RunCollector {
  readonly ranges: SequenceRange[];
  /** Numbers that were told here. */
  numbers = 0;
  runs: number;
  end: number;
  longest: number;
  /** Its first number; −1: it was told before. */
  longestFrom = -1;
  #length: number;
  readonly #kept: number;

  constructor(kept: number, { ranges, runs, end, length, longest }: RunsSoFar = none) {
    this.#kept = kept;
    this.ranges = [...ranges];
    this.runs = runs;
    this.end = end;
    this.#length = length;
    this.longest = longest;
  }

  /** Runs beyond those kept. */
  get more(): number {
    return this.runs - this.ranges.length;
  }

  add(from: number, to: number): void {
    const grows = this.end === from - 1;
    const numbers = to - from + 1;
    this.end = to;
    this.numbers += numbers;
    this.#length = numbers + (grows ? this.#length : 0);
    if (this.#length > this.longest) {
      this.longest = this.#length;
      this.longestFrom = to - this.#length + 1;
    }
    if (!grows) {
      this.runs += 1;
      if (this.runs <= this.#kept) this.ranges.push([from, to]);
    } else if (this.runs <= this.#kept) this.ranges[this.runs - 1][1] = to;
  }
}
