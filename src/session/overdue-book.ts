/**
 * How many frames of a flow had left a settling time ago: those of them that did not come are lost, though nothing came after
 * them. Otherwise a flow none of whose frames come would have them all under way until it stops.
 */
import type { TableFlow } from "./flow-table.js";

/** Moments of a flow, each with what had left by then: a little more of them than a settling time has. */
const momentsKept = 11;
const momentsInTime = 10;
/** Readers come at even times, give or take a little: their moments count as a settling time old from here on. */
const oldFrom = 0.95;
const at = { generation: 0, noted: 1, moments: 2, doubles: 2 + 2 * momentsKept } as const;

export class OverdueBook {
  readonly #settleNs: number;
  /** By slot. */
  readonly #cells: Float64Array;
  readonly #owners: (TableFlow | undefined)[] = [];

  constructor(capacity: number, settleNs: number) {
    this.#settleNs = settleNs;
    this.#cells = new Float64Array(capacity * at.doubles);
  }

  /** Frames that had left a settling time before now. `sent` have now, and are noted. */
  leftBefore(flow: TableFlow, generation: number, sent: number, nowNs: number): number {
    const cells = this.#cells;
    const from = flow.slot * at.doubles;
    if (this.#owners[flow.slot] !== flow || cells[from + at.generation] !== generation) {
      this.#owners[flow.slot] = flow;
      cells[from + at.generation] = generation;
      cells[from + at.noted] = 0;
    }
    this.#note(from, sent, nowNs);
    const noted = cells[from + at.noted]!;
    for (let k = noted - 1; k >= Math.max(0, noted - momentsKept); k--) {
      const moment = this.#moment(from, k);
      if (nowNs - cells[moment]! >= oldFrom * this.#settleNs) return cells[moment + 1]!;
    }
    return 0;
  }

  #note(from: number, sent: number, nowNs: number): void {
    const cells = this.#cells;
    const noted = cells[from + at.noted]!;
    const isSoon = noted > 0 && nowNs - cells[this.#moment(from, noted - 1)]! < this.#settleNs / momentsInTime;
    if (isSoon) return;
    const moment = this.#moment(from, noted);
    cells[moment] = nowNs;
    cells[moment + 1] = sent;
    cells[from + at.noted] = noted + 1;
  }

  #moment(from: number, k: number): number {
    return from + at.moments + 2 * (k % momentsKept);
  }
}
