/** How a trial stands while it runs, from the counters that its threads keep. */
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";

/** A trial while it runs: frames, and ns since its start. */
export interface TrialProgress {
  readonly phase: "sending" | "settling" | "done";
  readonly published: number;
  readonly received: number;
  readonly accepted: number;
  readonly corrupt: number;
  readonly missing: number;
  readonly elapsedNs: number;
}

/** null: no trial has run yet. */
export function progressOf(page: Float64Array): TrialProgress | null {
  const now = page[counter.phase];
  if (now === phase.idle) return null;
  return {
    phase: now === phase.sending ? "sending" : now === phase.settling ? "settling" : "done",
    published: page[counter.published],
    received: page[counter.received],
    accepted: page[counter.accepted],
    corrupt: page[counter.corrupt],
    missing: page[counter.missing],
    elapsedNs: page[counter.elapsedNs],
  };
}
