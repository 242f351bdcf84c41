/**
 * The last gaps in sequence numbers, each with the departure time of the frame behind it. They tell when the last lost
 * frame had left. The memory is constant. A lane is one queue, or one stream on one queue.
 */

const kept = 4_096;

export class GapLog {
  readonly #lanes = new Int32Array(kept);
  readonly #behind = new Float64Array(kept);
  readonly #departed = new Float64Array(kept);
  #count = 0;

  /** Frame `index`, which left at `departedNs`, came before others that had left earlier. */
  note(lane: number, index: number, departedNs: number): void {
    const at = this.#count++ % kept;
    this.#lanes[at] = lane;
    this.#behind[at] = index;
    this.#departed[at] = departedNs;
  }

  /**
   * Departure time of the first frame behind number `index`. A later frame counts where that one came out of order, or
   * where its gap is older than the last 4,096. null: there is none.
   */
  departedBehind(lane: number, index: number): number | null {
    let behind = Number.POSITIVE_INFINITY;
    let departedNs: number | null = null;
    for (let at = 0; at < Math.min(this.#count, kept); at++) {
      if (this.#lanes[at] !== lane || this.#behind[at] <= index || this.#behind[at] >= behind) continue;
      behind = this.#behind[at];
      departedNs = this.#departed[at];
    }
    return departedNs;
  }
}

/** The latest of several lanes' moments; null where one of them is not known. */
export function latestOf(moments: readonly (number | null)[]): number | null {
  return moments.reduce((latest, moment) => (latest === null || moment === null ? null : Math.max(latest, moment)), 0);
}
