/** What a trial is good for: did it measure the device, or did something else get in the way? Pure. */
import type { Trial } from "../report/result.js";
import { disturbedReason, generatorReason, lateReason, stealReason } from "../stats/verdict.js";

export type TrialUse =
  | { readonly kind: "measured"; readonly lossRatio: number }
  /** The generator did not offer the load. */
  | { readonly kind: "short"; readonly offeredPps: number; readonly why: string }
  /** The figures cannot be used, and another attempt may do better. `disturbed`: for nothing but what the machine did. */
  | { readonly kind: "unusable"; readonly why: string; readonly disturbed: boolean };

/** Frames on offer that found no free slot by the device's doing. */
const refusedOf = ({ blocked, blockedOwn }: Trial): number => blocked - (blockedOwn ?? 0);

/** Of the frames on offer in all directions, those that did not come back whole. */
export function lossRatioOf(trials: readonly Trial[]): number {
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  const offered = sum((trial) => trial.sent + refusedOf(trial));
  const bad = sum((trial) => trial.lost + trial.corrupt + refusedOf(trial));
  return offered === 0 ? 0 : bad / offered;
}

/**
 * Frames of a trial that may be missing because of us or the machine: those that left late, and so too close to each
 * other, and those due while the hypervisor held a CPU.
 */
const excusable = ({ late, sent, disturbance, durationNs }: Trial): number =>
  late + (sent * (disturbance?.stealMs ?? 0) * 1e6) / Math.max(1, durationNs);

/**
 * Every frame was offered, and the machine got in the way by a known amount: then what all these goals ask is answered
 * nevertheless where the loss is within them (the device did it on a worse day), or beyond them by more than that amount.
 */
function answersGoals(trials: readonly Trial[], reasons: readonly string[], lossGoals: readonly number[]): boolean {
  const known = reasons.every((reason) => reason.startsWith(lateReason) || reason.startsWith(stealReason));
  if (!known || lossGoals.length === 0) return false;
  const most = lossRatioOf(trials);
  const offered = trials.reduce((sum, trial) => sum + trial.sent + refusedOf(trial), 0);
  const excused = trials.reduce((sum, trial) => sum + excusable(trial), 0);
  const least = most - excused / Math.max(1, offered);
  return lossGoals.every((goal) => most <= goal || least > goal);
}

/**
 * `trials`: the directions of one trial. `lossGoals`: loss ratios that all there is to know is on which side of them the
 * trial lies; empty: its figures count themselves.
 */
export function useOf(trials: readonly Trial[], lossGoals: readonly number[] = []): TrialUse {
  const invalid = trials.filter(({ verdict }) => verdict === "invalid");
  const reasons = invalid.flatMap(({ reasons: all }) => all);
  if (invalid.length === 0 || answersGoals(trials, reasons, lossGoals)) {
    return { kind: "measured", lossRatio: lossRatioOf(trials) };
  }
  const short = reasons.find((reason) => reason.startsWith(generatorReason));
  const other = reasons.find((reason) => !reason.startsWith(generatorReason) && !reason.startsWith(disturbedReason));
  // A disturbed machine makes a short generator too: then the load may be offered another time.
  const disturbed = reasons.some((reason) => reason.startsWith(disturbedReason));
  if (short === undefined || other !== undefined || disturbed) {
    return { kind: "unusable", why: other ?? reasons[0] ?? "invalid", disturbed: other === undefined };
  }
  const offered = trials.map((trial) => ((trial.sent + refusedOf(trial)) * 1e9) / Math.max(1, trial.durationNs));
  return { kind: "short", offeredPps: Math.min(...offered), why: short };
}
