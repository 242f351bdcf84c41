/** Keeps what a live view shows: how the open trial stood in each of the last intervals, and the trials that ended. Pure. */
import type { Trial } from "../result/run-result.js";
import type { LiveHistory, LiveModel } from "./live-view.js";
import type { Progress } from "./progress.js";

/** Wider terminals show no more. */
const mostIntervals = 400;
const mostTrials = 100;

const nothing: LiveHistory = { txPps: [], rxPps: [], lostPps: [] };

export class LiveRun {
  readonly #trials: Trial[] = [];
  #progress: Progress | null = null;
  #history = nothing;

  progress(now: Progress): void {
    const last = this.#progress;
    const isSame = last !== null && last.trial === now.trial && last.elapsedNs <= now.elapsedNs;
    const from = isSame ? last : { sent: 0, lost: 0, elapsedNs: 0 };
    const seconds = (now.elapsedNs - from.elapsedNs) / 1e9;
    const each = (frames: number): number => (seconds > 0 ? Math.max(0, frames / seconds) : 0);
    const before = isSame ? this.#history : nothing;
    const added = (values: readonly number[], value: number): readonly number[] =>
      [...values, value].slice(-mostIntervals);
    this.#history = {
      txPps: added(before.txPps, each(now.sent - from.sent)),
      rxPps: added(before.rxPps, now.rxPps),
      lostPps: added(before.lostPps, each(now.lost - from.lost)),
    };
    this.#progress = now;
  }

  trial(ended: Trial): void {
    this.#trials.push(ended);
    if (this.#trials.length > mostTrials) this.#trials.shift();
    this.#progress = null;
    this.#history = nothing;
  }

  /** The rest of the model is the screen's. */
  model(): Pick<LiveModel, "progress" | "history" | "trials"> & { readonly state: "opening" | "running" | "waiting" } {
    const { stage } = this.#progress ?? { stage: "" };
    const state = this.#progress === null ? "opening" : stage === "" ? "running" : "waiting";
    return { state, progress: this.#progress, history: this.#history, trials: this.#trials };
  }
}
