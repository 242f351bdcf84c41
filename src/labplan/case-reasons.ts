/** Why a case of a test plan is no pass, for the verdict of the whole plan. Pure. */
import type { CaseResult, StepResult } from "../result/labplan-result.js";
import type { Trial } from "../result/run-result.js";
import { failedCheck, notMeasured, type Reason, reasonsOf } from "../stats/cause.js";

/** Of its steps, and its own. */
export const caseReasons = (one: CaseResult, trials: readonly Trial[]): Reason[] =>
  one.verdict === "pass" ? [] : [...one.steps.flatMap((step) => stepReasons(step, trials)), ...reasonsOf(one)];

/** A step that says nothing itself is no pass by the cause of its trials. `trials`: the whole run's. */
function stepReasons({ number, verdict, ...step }: StepResult, trials: readonly Trial[]): Reason[] {
  if (verdict === "pass") return [];
  if (verdict === "skipped") return [notMeasured(`step ${number} was not done`)];
  if (step.reasons.length > 0) return reasonsOf(step);
  const text = `step ${number} is no pass`;
  const [first = failedCheck(text)] = step.trials.flatMap((i) => reasonsOf(trials[i]!));
  return [{ cause: first.cause, text }];
}
