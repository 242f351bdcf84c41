/** When a trial gives up: its verdict could only be that the generator was the limit. */
import { usualTolerances } from "../../tolerances.js";
import type { TrialSpec } from "../loop/index.js";

/** `slots`: frames that the schedule has in all. Infinity: the trial goes on whatever happens. */
export function mostOwnBlocked({ endsWhenShort, rateTolerance, count }: TrialSpec, slots: number): number {
  if (endsWhenShort !== true || count !== null) return Number.POSITIVE_INFINITY;
  return slots * (rateTolerance ?? usualTolerances.rateShare);
}
