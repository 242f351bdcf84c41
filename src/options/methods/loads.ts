/** Loads that methods are given as rates. Pure. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { checkSchedulable } from "../../stream/departures/schedule.js";
import { type FrameSize, meanFrameBytes, type Rate, ratePps } from "../../units.js";

/** In frames per second for one size. Throws a usage error for max, and for a rate that no schedule has. */
export function loadPps(rate: Rate, where: string, meanBytes: number, lineRateBps: number | null): number {
  const pps = ratePps(rate, meanBytes, lineRateBps, where);
  if (Number.isFinite(pps)) {
    checkSchedulable(pps, where);
    return pps;
  }
  throw usageError("max is no load that could be held", { where, accepted: "a rate, e.g. 100kpps" });
}

/** The load of each size; null where no rate is given. Throws now for a size that cannot have it. */
export function loadOfSizes(
  rate: Rate | undefined,
  where: string,
  { sizes, lineRateBps }: RunPlan,
): ((size: FrameSize) => number) | null {
  if (rate === undefined) return null;
  const of = (size: FrameSize): number => loadPps(rate, where, meanFrameBytes(size), lineRateBps);
  for (const size of sizes) of(size);
  return of;
}

/** The one size of the plan. Throws a usage error with `accepted` where there are several. */
export function onlySize({ sizes }: RunPlan, accepted: string): FrameSize {
  const [size] = sizes;
  if (size !== undefined && sizes.length === 1) return size;
  throw usageError(`${sizes.length} sizes`, { where: "--sizes", accepted });
}
