/**
 * The time of a trial, kept for all that work in it. In a typed array, for two things that V8 does with the doubles of
 * a loop that polls millions of times a second: one that is handed to, or comes back from, a function that it does not
 * inline goes on the heap, and the collector then stops the loop twenty times a second; and a field of whole numbers
 * that outgrows 2^31 (2.1 s of nanoseconds) makes it throw away all code that knows the object, in the middle of a trial.
 */
const cell = { now: 0, epoch: 1 } as const;

export class TrialClock {
  readonly #cells = new Float64Array(2);
  readonly #nowNs: () => number;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** The trial begins in so many ns; until then the clock reads less than 0. */
  begin(leadNs = 0): void {
    this.#cells[cell.epoch] = this.#nowNs() + leadNs;
    this.#cells[cell.now] = -leadNs;
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
