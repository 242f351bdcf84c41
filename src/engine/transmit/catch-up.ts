/**
 * How many overdue frames may leave now. Departure times are never re-based: after a stall frames are overdue. Some leave at
 * once, and then 1.1 × the rate, so that catching up does not flood the device.
 */
const catchUpRate = 1.1;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { frames: 0, atNs: 1, count: 2 } as const;

export class CatchUp {
  readonly #cells = new Float64Array(cell.count);

  /** `frames`: that may leave at first. */
  constructor(frames: number) {
    this.#cells[cell.frames] = frames;
  }

  get frames(): number {
    return this.#cells[cell.frames];
  }

  /** Time has gone on. `most`: as many are kept for later. */
  refill(nowNs: number, pps: number, most: number): void {
    const cells = this.#cells;
    const gained = ((nowNs - cells[cell.atNs]) * pps * catchUpRate) / 1e9;
    cells[cell.frames] = Math.min(most, cells[cell.frames] + gained);
    cells[cell.atNs] = nowNs;
  }

  /** No more than so many may leave at once now. */
  limit(most: number): void {
    if (this.#cells[cell.frames] > most) this.#cells[cell.frames] = most;
  }

  spend(frames: number): void {
    this.#cells[cell.frames] -= frames;
  }
}
