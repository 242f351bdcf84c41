/** What a trial is good for: did it measure the device, or did something else get in the way? Pure. */
import type { Trial } from "../report/result.js";
import { disturbedReason, generatorReason } from "../stats/verdict.js";

export type TrialUse =
  | { readonly kind: "measured"; readonly lossRatio: number }
  /** The generator did not offer the load. */
  | { readonly kind: "short"; readonly offeredPps: number; readonly why: string }
  /** The figures cannot be used, and another attempt may do better. */
  | { readonly kind: "unusable"; readonly why: string };

/** Frames on offer that found no free slot by the device's doing. */
const refusedOf = ({ blocked, blockedOwn }: Trial): number => blocked - (blockedOwn ?? 0);

/** Of the frames on offer in all directions, those that did not come back whole. */
export function lossRatioOf(trials: readonly Trial[]): number {
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  const offered = sum((trial) => trial.sent + refusedOf(trial));
  const bad = sum((trial) => trial.lost + trial.corrupt + refusedOf(trial));
  return offered === 0 ? 0 : bad / offered;
}

/** `trials`: the directions of one trial. */
export function useOf(trials: readonly Trial[]): TrialUse {
  const invalid = trials.filter(({ verdict }) => verdict === "invalid");
  if (invalid.length === 0) return { kind: "measured", lossRatio: lossRatioOf(trials) };
  const reasons = invalid.flatMap(({ reasons: all }) => all);
  const short = reasons.find((reason) => reason.startsWith(generatorReason));
  const other = reasons.find((reason) => !reason.startsWith(generatorReason) && !reason.startsWith(disturbedReason));
  // A disturbed machine makes a short generator too: then the load may be offered another time.
  const disturbed = reasons.some((reason) => reason.startsWith(disturbedReason));
  if (short === undefined || other !== undefined || disturbed) {
    return { kind: "unusable", why: other ?? reasons[0] ?? "invalid" };
  }
  const offered = trials.map((trial) => ((trial.sent + refusedOf(trial)) * 1e9) / Math.max(1, trial.durationNs));
  return { kind: "short", offeredPps: Math.min(...offered), why: short };
}
