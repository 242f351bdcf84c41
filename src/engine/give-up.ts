/** When a trial is not worth its time any more: its verdict could only be that the generator was the limit. */
import { tolerances } from "../stats/verdict.js";
import type { TrialOrder } from "./trial-order.js";

/** `slots`: frames that the schedule has in all. Infinity: the trial goes on whatever happens. */
export function mostOwnBlocked({ endsWhenShort, count }: TrialOrder, slots: number): number {
  return endsWhenShort === true && count === null ? slots * tolerances.rateShare : Number.POSITIVE_INFINITY;
}
