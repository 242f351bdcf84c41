/** Search goals, and the coarser steps towards each. */
import type { LoadCriterion } from "./classify.js";

/** What is looked for (RFC 9971 §4.6). */
export interface SearchGoal extends LoadCriterion {
  /** As in reports: `NDR`, `PDR 0.5 %`. */
  readonly name: string;
  /** Trials begin with this length and grow to `trialNs`. */
  readonly initialTrialNs: number;
  /** The bounds are close enough at this distance, as a share of the upper one. */
  readonly width: number;
}

/** One step towards a goal: shorter trials and a greater width than the goal's own, which is the last. */
export interface Target extends LoadCriterion {
  readonly goal: string;
  readonly width: number;
}

/** Coarser steps before the goal itself; each doubles the width. */
const precedingTargets = 2;
/** No step is wider than this: beyond, loads are only guesses. */
const widestShare = 0.5;

/**
 * From coarse to fine; the last is the goal itself. Trial lengths go from the initial one to the final one, duration
 * sums with them, each by equal factors.
 */
export function targetsOf(goal: SearchGoal): Target[] {
  const { name, lossRatio, exceedRatio, initialTrialNs, trialNs, durationSumNs, width } = goal;
  return Array.from({ length: precedingTargets + 1 }, (_, i) => {
    const left = precedingTargets - i;
    const share = i / precedingTargets;
    const between = (from: number, to: number): number => (left === 0 ? to : from * (to / from) ** share);
    return {
      goal: name,
      lossRatio,
      exceedRatio,
      trialNs: Math.round(between(Math.min(initialTrialNs, trialNs), trialNs)),
      durationSumNs: Math.round(between(Math.min(initialTrialNs, durationSumNs), durationSumNs)),
      width: Math.min(widestShare, width * 2 ** left),
    };
  });
}
