/**
 * From the 32 bits of a number that a frame carries to the transmit queue that it was sent on, and its index there. The
 * j-th frame of a stream on queue q carries start + j · Q + q.
 */
import type { SequenceRange } from "../../stats/run-collector.js";
import type { SequenceTable } from "../../stats/sequence-table.js";

const cell = { queue: 0, index: 1, count: 2 } as const;

export class SequenceNumbers {
  readonly #table: SequenceTable;
  readonly #queues: number;
  readonly #start: number;
  /** Doubles in a typed array; trial-clock.ts says why. */
  readonly #found = new Float64Array(cell.count);

  constructor(table: SequenceTable, queues: number, start: number) {
    this.#table = table;
    this.#queues = queues;
    this.#start = start;
  }

  /** The number of a stream's next frame on a transmit queue; `firstLane`: the stream's lane of queue 0. */
  expected(firstLane: number, queue: number): number {
    return this.#table.next(firstLane + queue) * this.#queues + this.#start + queue;
  }

  /** Finds the frame with this number, which came in on queue `q`: `queue` and `index` say where it was sent. */
  find(firstLane: number, q: number, wire: number): void {
    const queues = this.#queues;
    let queue = q < queues ? q : 0;
    let expected = this.expected(firstLane, queue);
    // `| 0` reduces the exact difference modulo 2^32 to the nearest: the sequence unwrapped.
    let ahead = (wire - expected) | 0;
    if (ahead % queues !== 0) {
      // It came back on another queue than it was sent on: find the one it was sent on.
      queue = remainder(expected + ahead - this.#start, queues);
      expected = this.expected(firstLane, queue);
      ahead = (wire - expected) | 0;
    }
    this.#found[cell.queue] = queue;
    this.#found[cell.index] = this.#table.next(firstLane + queue) + ahead / queues;
  }

  /** The place in its stream of a frame that another worker numbered, which is about as far as we are. */
  near(firstLane: number, wire: number): number {
    const expected = this.expected(firstLane, 0);
    return Math.max(0, expected - this.#start + ((wire - expected) | 0));
  }

  get queue(): number {
    return this.#found[cell.queue];
  }

  /** Negative: no frame of this trial can have the number. */
  get index(): number {
    return this.#found[cell.index];
  }

  /** Ranges of indices on a transmit queue, in the numbers that their frames carry. */
  rangesOf(ranges: readonly SequenceRange[], queue: number): SequenceRange[] {
    const numberOf = (index: number): number => this.#start + index * this.#queues + queue;
    return ranges.map(([from, to]) => [numberOf(from), numberOf(to)]);
  }
}

/** Never negative. */
const remainder = (value: number, by: number): number => ((value % by) + by) % by;
