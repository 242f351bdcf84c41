/** Frames of each size, sent and waited for, and what their trials must show. */
import type { Trial } from "../../result/run-result.js";
import { failedCheck, withReasons } from "../../stats/cause.js";
import { frameSizeName } from "../../units.js";
import { failedTrafficChecks } from "../checks.js";
import type { TrafficResult } from "../traffic.js";
import type { Deed } from "./deed.js";

export const send: Deed<"send"> = async (lab, { traffic, check }, step) => {
  const trials: Trial[] = [];
  for (const size of traffic.sizes) {
    lab.devices.checkAlive();
    const result = await lab.generator.send(traffic, size);
    trials.push(lab.keepTrial(step, judged(result, failedTrafficChecks(check, result)), String(frameSizeName(size))));
    if (lab.setup.signal.aborted) break;
  }
  return { trials };
};

/** A trial with the plan's own checks: what fails them is no pass, and what is invalid stays so. */
function judged({ trial }: TrafficResult, failed: readonly string[]): Trial {
  if (failed.length === 0) return trial;
  const verdict = trial.verdict === "pass" ? "fail" : trial.verdict;
  return withReasons(trial, verdict, failed.map(failedCheck));
}
