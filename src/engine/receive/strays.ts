/**
 * Frames that come in at another worker than the one that sent them: a device spreads frames over its queues as it
 * likes. The worker that sent them is their home, and has their sequence numbers. Whoever finds such a frame writes down
 * what it saw, in memory that both share, and the home counts it. So every stream has one account, whoever received.
 *
 *     box of (finder, home):  control  head · tail          records  direction · stream · number · arrival · latency · …
 */

/** What is known of a stray. Times are in ns since the trial's start, which all workers share. */
export const strayCell = {
  direction: 0,
  stream: 1,
  number: 2,
  arrivalNs: 3,
  latencyNs: 4,
  bytes: 5,
  /** 1: the kernel stamped its arrival. */
  stamped: 6,
  count: 7,
} as const;

/** A home that has no CPU for 10 ms misses none at 6 Mpps. */
const boxRecords = 2 ** 16;
const controlBytes = 64;
const word = { head: 0, tail: 1 } as const;

/** By finder and home; null: finder and home are one. Plain data for threads. */
export type StrayMemory = readonly (readonly (SharedArrayBuffer | null)[])[];

export const strayMemory = (workers: number): StrayMemory =>
  Array.from({ length: workers }, (_, finder) =>
    Array.from({ length: workers }, (__, home) =>
      finder === home ? null : new SharedArrayBuffer(controlBytes + 8 * strayCell.count * boxRecords),
    ),
  );

/** One writer, one reader. */
export class StrayBox {
  readonly #control: Int32Array;
  readonly #records: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, controlBytes / 4);
    this.#records = new Float64Array(memory, controlBytes);
  }

  /** false: there is no room. */
  put(
    direction: number,
    stream: number,
    number: number,
    arrivalNs: number,
    latencyNs: number,
    bytes: number,
    stamped: number,
  ): boolean {
    const head = this.#control[word.head];
    if (((head - Atomics.load(this.#control, word.tail)) | 0) >= boxRecords) return false;
    const records = this.#records;
    const at = (head & (boxRecords - 1)) * strayCell.count;
    records[at + strayCell.direction] = direction;
    records[at + strayCell.stream] = stream;
    records[at + strayCell.number] = number;
    records[at + strayCell.arrivalNs] = arrivalNs;
    records[at + strayCell.latencyNs] = latencyNs;
    records[at + strayCell.bytes] = bytes;
    records[at + strayCell.stamped] = stamped;
    Atomics.store(this.#control, word.head, (head + 1) | 0);
    return true;
  }

  /** Hands over each record, as a place in `records`. Returns how many there were. */
  take(each: (records: Float64Array, at: number) => void): number {
    const tail = this.#control[word.tail];
    const count = (Atomics.load(this.#control, word.head) - tail) | 0;
    if (count === 0) return 0;
    for (let k = 0; k < count; k++) each(this.#records, ((tail + k) & (boxRecords - 1)) * strayCell.count);
    Atomics.store(this.#control, word.tail, (tail + count) | 0);
    return count;
  }
}

/** The boxes of one worker. */
export class StrayBoxes {
  /** By home. */
  readonly #out: readonly (StrayBox | null)[];
  readonly #in: readonly StrayBox[];

  constructor(memory: StrayMemory, worker: number) {
    const box = (shared: SharedArrayBuffer | null): StrayBox | null => (shared === null ? null : new StrayBox(shared));
    this.#out = memory[worker]!.map(box);
    this.#in = memory.map((homes) => box(homes[worker]!)).filter((each) => each !== null);
  }

  /** Workers that can be told. */
  get workers(): number {
    return this.#out.length;
  }

  to(home: number): StrayBox | null {
    return this.#out[home] ?? null;
  }

  take(each: (records: Float64Array, at: number) => void): number {
    let taken = 0;
    for (let b = 0; b < this.#in.length; b++) taken += this.#in[b].take(each);
    return taken;
  }
}
