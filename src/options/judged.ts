/** Thresholds of a request: checked before anything is measured, judged afterwards. */
import type { RunPlan } from "../measure/plan.js";
import { judgeThresholds, withThresholds } from "../method/judge/thresholds.js";
import type { Method, RunResult } from "../result/run-result.js";
import { frameSizeName } from "../units.js";
import { wantedThresholds } from "./threshold-names.js";

/** @throws PktgenError (2) for a threshold of a figure that this run does not have. */
export function judged(
  threshold: string | readonly string[] | undefined,
  { thresholds = [], sizes }: RunPlan,
  method: Method | null,
): (result: RunResult) => RunResult {
  const texts = threshold === undefined ? [] : [threshold].flat();
  const names = sizes.map((size) => String(frameSizeName(size)));
  const wanted = wantedThresholds(texts, thresholds, method, names);
  return (result) => withThresholds(result, judgeThresholds(wanted, result));
}
