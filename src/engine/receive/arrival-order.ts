/**
 * In which order frames of one lane arrived that two workers saw. A worker learns of a frame that came in elsewhere after
 * others, whenever it arrived. So a number that closes a gap is out of order only where the frame that opened the gap
 * arrived before it: by the stamps of both, where the kernel made them, or where this worker saw both itself. Else the
 * order is not known, and the frame counts as one whose order is not known.
 */

import type { SequenceTable } from "../../stats/sequence-table.js";

/** The last gaps of each lane: first missing number, the number that opened it, when that one arrived, and who saw it. */
const cell = { from: 0, to: 1, arrivalNs: 2, isOwn: 3, count: 4 } as const;
const gapsInAll = 2 ** 16;
const mostGaps = 256;
const leastGaps = 4;

/** Times of the frame that is accepted. A call that hands over doubles makes garbage; trial-clock.ts says why. */
export const seenCell = { latencyNs: 0, arrivalNs: 1, count: 2 } as const;

export interface ArrivalOrder {
  /** Frames that closed a gap, and whose place in the order is not known. */
  readonly unknown: number;
  /** Frames of ours came in elsewhere: they are accepted when they are told, so which frames came next to each other is not known. */
  readonly hasOthers: boolean;
  /**
   * As the table's accept, of a frame that came in here (`isOwn`) or elsewhere, with its times (seenCell). `isStamped`: the
   * kernel says when it arrived.
   */
  accept(
    table: SequenceTable,
    lane: number,
    index: number,
    seen: Float64Array,
    isOwn: boolean,
    isStamped: boolean,
  ): number;
}

/** All frames come in here: they arrived in the order in which they are seen. */
export const observedOrder: ArrivalOrder = {
  unknown: 0,
  hasOthers: false,
  accept: (table, lane, index) => table.accept(lane, index),
};

export class OrderOfSeveral implements ArrivalOrder {
  unknown = 0;
  hasOthers = false;
  readonly #kept: number;
  readonly #gaps: Float64Array;
  /** By lane: how many there were. */
  readonly #opened: Int32Array;

  constructor(lanes: number) {
    this.#kept = Math.min(mostGaps, Math.max(leastGaps, Math.floor(gapsInAll / lanes)));
    this.#gaps = new Float64Array(lanes * this.#kept * cell.count);
    this.#opened = new Int32Array(lanes);
  }

  accept(
    table: SequenceTable,
    lane: number,
    index: number,
    seen: Float64Array,
    isOwn: boolean,
    isStamped: boolean,
  ): number {
    if (!isOwn) this.hasOthers = true;
    const next = table.next(lane);
    const arrivalNs = seen[seenCell.arrivalNs];
    if (index > next) this.#open(lane, next, index, arrivalNs, isOwn);
    const inPlace = table.isAwaited(lane, index) && !this.#isReordered(lane, index, arrivalNs, isOwn, isStamped);
    return inPlace ? table.acceptInPlace(lane, index) : table.accept(lane, index);
  }

  /** Number `to` came, and `from` was the next one. `isOwn`: it came in here. */
  #open(lane: number, from: number, to: number, arrivalNs: number, isOwn: boolean): void {
    const at = this.#place(lane, this.#opened[lane]++);
    this.#gaps[at + cell.from] = from;
    this.#gaps[at + cell.to] = to;
    this.#gaps[at + cell.arrivalNs] = arrivalNs;
    this.#gaps[at + cell.isOwn] = isOwn ? 1 : 0;
  }

  /** A missing number came. true: a greater one arrived before it. `isStamped`: arrivals are the kernel's stamps. */
  #isReordered(lane: number, index: number, arrivalNs: number, isOwn: boolean, isStamped: boolean): boolean {
    const at = this.#gapOf(lane, index);
    if (at >= 0 && isStamped) return this.#gaps[at + cell.arrivalNs] < arrivalNs;
    if (at >= 0 && isOwn && this.#gaps[at + cell.isOwn] !== 0) return true;
    this.unknown++;
    return false;
  }

  #place(lane: number, gap: number): number {
    return (lane * this.#kept + (gap % this.#kept)) * cell.count;
  }

  /** −1: it was too long ago. */
  #gapOf(lane: number, index: number): number {
    const last = this.#opened[lane] - 1;
    for (let gap = last; gap >= 0 && gap > last - this.#kept; gap--) {
      const at = this.#place(lane, gap);
      if (this.#gaps[at + cell.from] <= index && index < this.#gaps[at + cell.to]) return at;
    }
    return -1;
  }
}
