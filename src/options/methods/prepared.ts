/** A method, decided: its plan, what the result says of it, and the run. */
import { usageError } from "../../errors.js";
import type { RunHooks, RunPlan } from "../../measure/plan.js";
import type { Profile } from "../../profile/index.js";
import type { Method, RunResult } from "../../result/run-result.js";
import { isPlain } from "../../stream/spec.js";
import type { RunOptions } from "../run-options.js";
import { planRun } from "../run-plan.js";

export interface PreparedMethod {
  readonly plan: RunPlan;
  /** As far as it is known before the run: the lab decides how long trials settle. */
  readonly method: (settleNs: number) => Method;
  readonly run: (hooks: RunHooks) => Promise<RunResult>;
}

/** Trials that a method's document keeps. */
export const keptTrials = 10_000;

/**
 * The plan of a method's run; `sizes`: where none are given. @throws PktgenError (2) for the first option that cannot be.
 */
export function planMethod(options: RunOptions, profile: Profile | null, sizes: string, commandLine: string): RunPlan {
  const plan = planRun(
    // A method decides the load: streams' own rates are no more than shares of it.
    profile === null ? { ...options, sizes: options.sizes ?? sizes } : { ...options, rate: "max" },
    profile,
    commandLine,
  );
  const scheduled = isPlain(plan.stream)
    ? undefined
    : plan.stream.streams.find(({ schedule }) => schedule.kind !== "continuous");
  if (scheduled === undefined) return plan;
  throw usageError(`stream "${scheduled.name}" has a schedule, and the load of a method is its own to decide`, {
    where: "--profile",
    accepted: "streams without a schedule; their rates or weights are shares of the load",
  });
}
