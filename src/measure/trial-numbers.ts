/**
 * Gives out the ids of a run's trials. Every trial, warm-up and learning run takes the next id, beginning with the
 * run's. A frame therefore says which run and which trial it belongs to (stream/frames/signature.ts).
 */
import type { TrialSpec } from "../engine/loop/index.js";
import { trialAfter } from "../stream/frames/signature.js";

export class TrialNumbers {
  readonly #runId: number;
  #given = 0;

  constructor(runId: number) {
    this.#runId = runId;
  }

  /** The next number, never given before in this run. */
  next(): Required<Pick<TrialSpec, "trial" | "trialsBefore">> {
    const trialsBefore = this.#given++;
    return { trial: trialAfter(this.#runId, trialsBefore), trialsBefore };
  }

  /** Others gave out so many by now. */
  skipTo(given: number): void {
    this.#given = Math.max(this.#given, given);
  }
}
