/** The CPUs that this process may run on, without loading libc for it. */
import type { RunPlan } from "../measure/plan.js";
import { fieldOf, parseCpuList, readKernelFile } from "../sys/host.js";
import { checkCoresAllowed } from "./option-values.js";

export const allowedCores = (): number[] =>
  parseCpuList(fieldOf(readKernelFile("/proc/self/status"), "Cpus_allowed_list"));

/** @throws PktgenError (2) for CPUs that this process may not use. */
export function planChecked(plan: RunPlan): RunPlan {
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  return plan;
}
