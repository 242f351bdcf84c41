/** Places of flows that all agents of a session have alike, and the numbers of their starts. */
import { SessionError } from "../../session/index.js";

export class FlowPlaces {
  readonly #free: number[];
  readonly #starts: Float64Array;

  constructor(capacity: number) {
    this.#free = Array.from({ length: capacity }, (_, k) => capacity - 1 - k);
    this.#starts = new Float64Array(capacity);
  }

  /** @throws SessionError full */
  take(count: number): readonly number[] {
    if (count > this.#free.length) {
      const what = `the session has room for ${this.#free.length} more flows, and these are ${count}`;
      throw new SessionError("full", what, { hint: "remove flows that are no longer needed" });
    }
    return this.#free.splice(this.#free.length - count, count).reverse();
  }

  give(slots: readonly number[]): void {
    this.#free.push(...slots.toReversed());
  }

  /** The next start of whichever flow has it, from 1. */
  nextStart(slot: number): number {
    this.#starts[slot]! += 1;
    return this.#starts[slot]!;
  }
}
