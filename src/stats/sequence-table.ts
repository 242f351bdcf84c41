/**
 * What became of the frames of thousands of streams: as SequenceTracker, with a window that is shorter the more there
 * are, in one array each for everything. A lane is one stream on one transmit queue.
 */
import { sequenceCodes } from "./sequence.js";

const { inOrder, reordered, duplicate, tooOld } = sequenceCodes;
/** All windows together: 32 MiB. */
const windowBytes = 2 ** 25;
const longestWindow = 65_536;
const shortestWindow = 256;

export class SequenceTable {
  /** Numbers back to which a duplicate is told from a frame that is too old to say. */
  readonly window: number;
  readonly #bits: Int32Array;
  readonly #next: Float64Array;
  readonly #missing: Float64Array;
  readonly #duplicate: Float64Array;
  readonly #reordered: Float64Array;
  readonly #tooOld: Float64Array;

  constructor(lanes: number) {
    const share = 2 ** Math.floor(Math.log2((windowBytes * 8) / lanes));
    this.window = Math.min(longestWindow, Math.max(shortestWindow, share));
    this.#bits = new Int32Array((lanes * this.window) / 32);
    this.#next = new Float64Array(lanes);
    this.#missing = new Float64Array(lanes);
    this.#duplicate = new Float64Array(lanes);
    this.#reordered = new Float64Array(lanes);
    this.#tooOld = new Float64Array(lanes);
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
    const next = this.#next[lane];
    const window = this.window;
    const first = (lane * window) >>> 5;
    const slot = index & (window - 1);
    const word = first + (slot >>> 5);
    const bit = 1 << (slot & 31);
    if (index === next) {
      this.#bits[word] |= bit;
      this.#next[lane] = next + 1;
      return inOrder;
    }
    if (index > next) {
      this.#skip(first, next, index);
      this.#bits[word] |= bit;
      this.#missing[lane] += index - next;
      this.#next[lane] = index + 1;
      return inOrder;
    }
    if (index < next - window) {
      this.#tooOld[lane] += 1;
      return tooOld;
    }
    if ((this.#bits[word] & bit) !== 0) {
      this.#duplicate[lane] += 1;
      return duplicate;
    }
    this.#bits[word] |= bit;
    this.#missing[lane] -= 1;
    this.#reordered[lane] += 1;
    return reordered;
  }

  /** Clears the bits of from … to − 1: they are missing. */
  #skip(firstWord: number, from: number, to: number): void {
    const window = this.window;
    if (to - from >= window) {
      this.#bits.fill(0, firstWord, firstWord + window / 32);
      return;
    }
    for (let index = from; index < to; index++) {
      const slot = index & (window - 1);
      this.#bits[firstWord + (slot >>> 5)] &= ~(1 << (slot & 31));
    }
  }
}
