/** The frame that is held back so that others overtake it. There is one at a time. Time is an argument. */

/** A frame held back goes on after this long, overtaken or not: nothing stays behind at the end of a trial. */
export const reorderPatienceNs = 100_000_000;

export class HeldFrame {
  isThere = false;
  bytes = 0;
  flags = 0;
  /** Frames that have overtaken it. */
  overtakenBy = 0;
  /** How many frames are to overtake it. */
  readonly #extent: number;
  /** When it goes on, overtaken or not. A double that stays where it is. */
  readonly #untilNs = new Float64Array(1);

  constructor(extent: number) {
    this.#extent = extent;
  }

  hold(bytes: number, flags: number, nowNs: number): void {
    this.isThere = true;
    this.bytes = bytes;
    this.flags = flags;
    this.#untilNs[0] = nowNs + reorderPatienceNs;
    this.overtakenBy = 0;
  }

  /** Does the frame that is held leave now? */
  isDue(nowNs: number): boolean {
    return this.overtakenBy >= this.#extent || nowNs >= this.#untilNs[0];
  }

  /** When it leaves if nothing overtakes it. */
  dueNs(): number {
    return this.#untilNs[0];
  }
}
