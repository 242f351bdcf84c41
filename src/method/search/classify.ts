/**
 * What the trials at one load say about a goal (RFC 9971, draft-ietf-bmwg-mlrsearch-15, §6 and appendices A and B). A
 * load is a lower bound when it holds the goal for every possible outcome of the missing trials. It is an upper bound
 * when it would not hold the goal even if they all went well. Else it is undecided.
 */

/** One trial at the load in question. */
export interface LoadTrial {
  readonly durationNs: number;
  readonly lossRatio: number;
}

/** What a goal, or a coarser step towards it, asks of a load. */
export interface LoadCriterion {
  /** Loss above this is high loss. 0 ≤ lossRatio < 1 */
  readonly lossRatio: number;
  /** Share of the time that may have high loss at a lower bound. 0 ≤ exceedRatio < 1 */
  readonly exceedRatio: number;
  /** Shorter trials are short: they can speak against a load, never for it. */
  readonly trialNs: number;
  /** Trials of at least `trialNs` at one load that settle the matter, together. */
  readonly durationSumNs: number;
}

export type LoadClass = "lower" | "upper" | "undecided";

interface LoadSums {
  readonly fullLow: number;
  readonly fullHigh: number;
  readonly shortLow: number;
  readonly shortHigh: number;
}

function sumsOf(trials: readonly LoadTrial[], { lossRatio, trialNs }: LoadCriterion): LoadSums {
  const sum = (full: boolean, high: boolean): number =>
    trials
      .filter((trial) => trial.durationNs >= trialNs === full && trial.lossRatio > lossRatio === high)
      .reduce((total, { durationNs }) => total + durationNs, 0);
  return {
    fullLow: sum(true, false),
    fullHigh: sum(true, true),
    shortLow: sum(false, false),
    shortHigh: sum(false, true),
  };
}

export function classifyLoad(trials: readonly LoadTrial[], criterion: LoadCriterion): LoadClass {
  const { fullLow, fullHigh, shortLow, shortHigh } = sumsOf(trials, criterion);
  const { exceedRatio, durationSumNs } = criterion;
  // Short trials with low loss weigh against those with high loss, as far as the exceed ratio lets them.
  const balance = (shortLow * exceedRatio) / (1 - exceedRatio);
  const high = fullHigh + Math.max(0, shortHigh - balance);
  const whole = Math.max(durationSumNs, fullLow + high);
  const tolerated = whole * exceedRatio;
  // A sum of equal durations may miss the threshold by the dust of doubles.
  const atMost = (value: number): boolean => value <= tolerated + whole * 1e-9;
  const asIfTheRestWereBad = whole - fullLow;
  if (atMost(asIfTheRestWereBad)) return "lower";
  return atMost(high) ? "undecided" : "upper";
}

/** The loss ratio that all but the tolerated part of the time stayed at or below; 1 where trials are missing. */
export function quantileLossRatio(trials: readonly LoadTrial[], criterion: LoadCriterion): number {
  const full = trials
    .filter(({ durationNs }) => durationNs >= criterion.trialNs)
    .sort((a, b) => a.lossRatio - b.lossRatio);
  const measured = full.reduce((sum, { durationNs }) => sum + durationNs, 0);
  const whole = Math.max(criterion.durationSumNs, measured);
  let left = whole * (1 - criterion.exceedRatio);
  let lossRatio = full[0]?.lossRatio ?? 1;
  for (const trial of full) {
    if (left <= whole * 1e-9) return lossRatio;
    lossRatio = trial.lossRatio;
    left -= trial.durationNs;
  }
  return left > whole * 1e-9 ? 1 : lossRatio;
}
