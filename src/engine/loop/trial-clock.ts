/**
 * The time of a trial, for all that work in it. It lies in a typed array because of two habits of V8, in a loop that
 * polls millions of times a second. A double that a call hands over or returns goes on the heap, unless V8 inlines the
 * call; the collector then stops the loop twenty times a second. And when a field of whole numbers outgrows 2^31 (2.1 s
 * of nanoseconds), V8 throws away all code that knows the object, in the middle of a trial.
 */
const cell = { now: 0, epoch: 1, turned: 2, stoodStill: 3 } as const;

export class TrialClock {
  readonly #cells = new Float64Array(4);
  readonly #nowNs: () => number;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** The trial begins in `leadNs`. Until then the clock reads less than 0. */
  begin(leadNs = 0): void {
    this.#cells[cell.epoch] = this.#nowNs() + leadNs;
    this.#cells[cell.now] = -leadNs;
    this.#cells[cell.turned] = -leadNs;
    this.#cells[cell.stoodStill] = 0;
  }

  /** The trial begins, or has begun, at this time of the clock that all threads share. */
  beginAt(epochNs: number): void {
    this.#cells[cell.epoch] = epochNs;
    this.read();
    this.#cells[cell.turned] = this.#cells[cell.now];
    this.#cells[cell.stoodStill] = 0;
  }

  /** Reads the clock at the beginning of a turn of the loop, and keeps the longest time between two turns. */
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

  /** Reads the clock: `nowNs` keeps what it says. */
  read(): void {
    this.#cells[cell.now] = this.#nowNs() - this.#cells[cell.epoch];
  }

  /** Instead of being read: takes the time of another one, and when it began. */
  follow(nowNs: number, epochNs: number): void {
    this.#cells[cell.now] = nowNs;
    this.#cells[cell.epoch] = epochNs;
  }

  /** The time since the trial began, at the last read. */
  get nowNs(): number {
    return this.#cells[cell.now];
  }

  /** When it began, by the clock that all threads share. */
  get epochNs(): number {
    return this.#cells[cell.epoch];
  }
}
