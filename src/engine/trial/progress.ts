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
  /** Frames that left late. */
  readonly late: number;
  /** Changes of its load that were made. */
  readonly turns: number;
  /** Its time 0 by the clock that all threads share. */
  readonly beganAtNs: number;
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
    late: page[counter.late],
    turns: page[counter.turns],
    beganAtNs: page[counter.beganAtNs],
    elapsedNs: page[counter.elapsedNs],
  };
}

/** Of several threads: the trial sends as long as one of them does. */
export function sumOfProgress(parts: readonly (TrialProgress | null)[]): TrialProgress | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  const sum = (of: (part: TrialProgress) => number): number => known.reduce((total, part) => total + of(part), 0);
  const isOne = (word: TrialProgress["phase"]): boolean => known.some((part) => part.phase === word);
  return {
    phase: isOne("sending") ? "sending" : isOne("settling") ? "settling" : "done",
    published: sum(({ published }) => published),
    received: sum(({ received }) => received),
    accepted: sum(({ accepted }) => accepted),
    corrupt: sum(({ corrupt }) => corrupt),
    missing: sum(({ missing }) => missing),
    late: sum(({ late }) => late),
    // All of them are told the same.
    turns: Math.max(...known.map(({ turns }) => turns)),
    beganAtNs: known[0]!.beganAtNs,
    elapsedNs: Math.max(...known.map(({ elapsedNs }) => elapsedNs)),
  };
}
