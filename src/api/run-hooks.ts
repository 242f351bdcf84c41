/** What a plan needs before it runs in a program: CPUs that are there, and hooks that are all set. */
import type { RunHooks, RunPlan } from "../measure/plan.js";
import { allowedCores } from "../options/allowed-cores.js";
import { checkCoresAllowed } from "../options/option-values.js";
import { neverAborted } from "./never-aborted.js";
import type { LibraryHooks } from "./request.js";

export const runHooks = ({ signal, ...hooks }: LibraryHooks): RunHooks => ({
  ...hooks,
  signal: signal ?? neverAborted(),
});

/** @throws PktgenError (2) for CPUs that this process may not use. */
export function planChecked(plan: RunPlan): RunPlan {
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  return plan;
}
