/**
 * Commands from an owner to its loop, through shared memory: the loop does not stand still for them. Each is a record of
 * doubles. The loop takes some in a turn, so that thousands of them make no frame late.
 */

/** Both sides' view of the memory. `counts`: at `written` and `done` commands are counted; they wrap round. */
export interface CommandRecords {
  readonly counts: Int32Array;
  readonly written: number;
  readonly done: number;
  readonly cells: Float64Array;
  /** Doubles of a record. */
  readonly doubles: number;
  /** Records that have room: a power of two. */
  readonly records: number;
}

/** The owner's side. */
export class CommandSender {
  readonly #memory: CommandRecords;
  /** Written in all. */
  #written = 0;

  constructor(memory: CommandRecords) {
    this.#memory = memory;
  }

  /** How many have room now. */
  get room(): number {
    const { counts, done, records } = this.#memory;
    return records - ((this.#written - Atomics.load(counts, done)) | 0);
  }

  /** At most `room` of them. Returns what the loop's count will be when it has done them. */
  send(records: Iterable<readonly number[]>): number {
    const { counts, written, cells, doubles, records: size } = this.#memory;
    for (const record of records) {
      cells.set(record, (this.#written & (size - 1)) * doubles);
      this.#written = (this.#written + 1) | 0;
    }
    Atomics.store(counts, written, this.#written);
    return this.#written;
  }

  isDone(count: number): boolean {
    const { counts, done } = this.#memory;
    return ((Atomics.load(counts, done) - count) | 0) >= 0;
  }
}

/** The loop's side. */
export class CommandReceiver {
  readonly #memory: CommandRecords;
  #done = 0;

  constructor(memory: CommandRecords) {
    this.#memory = memory;
  }

  get isWaiting(): boolean {
    return Atomics.load(this.#memory.counts, this.#memory.written) !== this.#done;
  }

  /** Where the cells of the next command are. */
  get at(): number {
    return (this.#done & (this.#memory.records - 1)) * this.#memory.doubles;
  }

  /** The command is done: its counters are written before. */
  advance(): void {
    this.#done = (this.#done + 1) | 0;
    Atomics.store(this.#memory.counts, this.#memory.done, this.#done);
  }
}
