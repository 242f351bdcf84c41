/**
 * How much of what is overdue may leave now. Departure times are never re-based: after a stall frames are overdue. Some leave
 * at once, and then 1.1 × the rate, so that catching up does not flood the device. A trial counts frames. A session counts ns
 * of its schedule: its flows have rates that change, and how many frames come due in a time follows from the schedule alone.
 */
const catchUpRate = 1.1;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { left: 0, atNs: 1, count: 2 } as const;

export class CatchUp {
  readonly #cells = new Float64Array(cell.count);

  /** `left`: what may leave at first. */
  constructor(left: number) {
    this.#cells[cell.left] = left;
  }

  /** May be less than 0: more has left already. */
  get left(): number {
    return this.#cells[cell.left];
  }

  /** Time has gone on. `perSecond`: what comes due; `most`: as much is kept for later. */
  refill(nowNs: number, perSecond: number, most: number): void {
    const cells = this.#cells;
    const gained = ((nowNs - cells[cell.atNs]) * perSecond * catchUpRate) / 1e9;
    cells[cell.left] = Math.min(most, cells[cell.left] + gained);
    cells[cell.atNs] = nowNs;
  }

  /** No more than so much may leave at once now. */
  limit(most: number): void {
    if (this.#cells[cell.left] > most) this.#cells[cell.left] = most;
  }

  spend(amount: number): void {
    this.#cells[cell.left] -= amount;
  }
}
