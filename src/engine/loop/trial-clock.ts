/**
 * The time of a trial, kept for all that work in it. In a typed array, for two things that V8 does with the doubles of
 * a loop that polls millions of times a second: one that is handed to, or comes back from, a function that it does not
 * inline goes on the heap, and the collector then stops the loop twenty times a second; and a field of whole numbers
 * that outgrows 2^31 (2.1 s of nanoseconds) makes it throw away all code that knows the object, in the middle of a trial.
 */
const cell = { now: 0, epoch: 1, turned: 2, stoodStill: 3 } as const;

export class TrialClock {
  readonly #cells = new Float64Array(4);
  readonly #nowNs: () => number;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** The trial begins in so many ns; until then the clock reads less than 0. */
  begin(leadNs = 0): void {
    this.#cells[cell.epoch] = this.#nowNs() + leadNs;
    this.#cells[cell.now] = -leadNs;
    this.#cells[cell.turned] = -leadNs;
    this.#cells[cell.stoodStill] = 0;
  }

  /** Looks at the clock at the beginning of a turn of the loop, and keeps the longest time since the one before. */
  turn(): void {
    const cells = this.#cells;
    const nowNs = this.#nowNs() - cells[cell.epoch];
    const sinceNs = nowNs - cells[cell.turned];
    if (sinceNs > cells[cell.stoodStill]) cells[cell.stoodStill] = sinceNs;
    cells[cell.turned] = nowNs;
    cells[cell.now] = nowNs;
  }

  /** The longest time between two turns so far. */
  get stoodStillNs(): number {
    return this.#cells[cell.stoodStill];
  }

  /** Looks at the clock: `nowNs` is what it says until the next look. */
  read(): void {
    this.#cells[cell.now] = this.#nowNs() - this.#cells[cell.epoch];
  }

  /** Since the trial began, at the last look. */
  get nowNs(): number {
    return this.#cells[cell.now];
  }

  /** When it began, by the clock that all threads share. */
  get epochNs(): number {
    return this.#cells[cell.epoch];
  }
}
