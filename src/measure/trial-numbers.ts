/**
 * The ids of a run's trials, one after the other from the run's own: every trial, warm-up and learning run takes the
 * next, so that a frame says which run and which trial it is of (stream/frames/signature.ts).
 */
import type { TrialSpec } from "../engine/loop/trial-spec.js";
import { trialAfter } from "../stream/frames/signature.js";

export class TrialNumbers {
  readonly #runId: number;
  #given = 0;

  constructor(runId: number) {
    this.#runId = runId;
  }

  /** Of an order: never given before in this run. */
  next(): Required<Pick<TrialSpec, "trial" | "trialsBefore">> {
    const trialsBefore = this.#given++;
    return { trial: trialAfter(this.#runId, trialsBefore), trialsBefore };
  }
}
