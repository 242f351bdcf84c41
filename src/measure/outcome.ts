/** What a trial can be used for: did it measure the device, or did something else get in the way? Pure. */
import type { Trial } from "../result/run-result.js";
import { type Cause, classOf, faultReason, type Reason, reasonsOf } from "../stats/cause.js";
import { badOf, excusableOf, isWithin, lossShareOf, offeredOf } from "../stats/loss.js";

export type TrialUse =
  | { readonly kind: "measured"; readonly lossRatio: number }
  /**
   * The generator did not offer the load. `easier`: the load was easier only by its number of frames. What broke at it
   * is broken.
   */
  | { readonly kind: "short"; readonly offeredPps: number; readonly easier: boolean; readonly why: Reason }
  /** The figures cannot be used, and another attempt may do better. `disturbed`: only the machine was the reason. */
  | { readonly kind: "unusable"; readonly why: Reason; readonly disturbed: boolean };

/** What is to be measured. `times` needs frames that left when they were due. */
export type Wanted = "loss" | "times";

/**
 * Every frame was offered, and the machine disturbed the trial by a known amount. The goals are answered where the loss
 * is within them: the device did it on a worse day. They are answered, too, where the loss is beyond them by more than
 * that amount.
 */
function answersGoals(trials: readonly Trial[], reasons: readonly Reason[], lossGoals: readonly number[]): boolean {
  const isKnown = reasons.every(({ cause }) => cause === "late" || cause === "steal");
  if (!isKnown || lossGoals.length === 0) return false;
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  const [bad, offered] = [sum(badOf), sum(offeredOf)];
  const least = bad - sum(excusableOf);
  return lossGoals.every((goal) => isWithin(bad, offered, goal) || (least > 0 && !isWithin(least, offered, goal)));
}

/** What the machine did, or the scheduler: another attempt may be without it. */
const disturbances: readonly Cause[] = ["steal", "speed", "stood still", "apart"];

/**
 * `trials`: the directions of one trial. `lossGoals`: loss ratios that the trial only has to lie above or below. Empty:
 * its figures are the result.
 */
export function useOf(trials: readonly Trial[], lossGoals: readonly number[] = [], wanted: Wanted = "loss"): TrialUse {
  const invalid = trials.filter(({ verdict }) => verdict === "invalid");
  const reasons = invalid.flatMap(reasonsOf).filter(({ cause }) => classOf(cause) !== "device");
  const untimely = wanted === "times" ? trials.find((trial) => trial.untimely !== undefined)?.untimely : undefined;
  if (invalid.length === 0 || (reasons.length > 0 && answersGoals(trials, reasons, lossGoals))) {
    if (untimely !== undefined) return { kind: "unusable", why: { cause: "late", text: untimely }, disturbed: true };
    return { kind: "measured", lossRatio: lossShareOf(trials) };
  }
  const unsound = reasons.find(({ cause }) => classOf(cause) === "unsound");
  // A disturbed machine makes a short generator too: then the load may be offered another time.
  const short = reasons.find(
    ({ cause }) => cause === "late" || (classOf(cause) === "generator" && cause !== "stood still"),
  );
  const disturbed = reasons.some(({ cause }) => disturbances.includes(cause));
  if (short === undefined || unsound !== undefined || disturbed) {
    const why = unsound ?? reasons[0] ?? faultReason("invalid");
    return { kind: "unusable", why, disturbed: unsound === undefined };
  }
  const offered = trials.map((trial) => (offeredOf(trial) * 1e9) / Math.max(1, trial.durationNs));
  const easier = reasons.every(({ cause }) => cause === "load");
  return { kind: "short", offeredPps: Math.min(...offered), easier, why: short };
}
