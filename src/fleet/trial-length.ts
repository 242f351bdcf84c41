/** How long a trial takes on each agent, from its request. Pure. */
import type { MeasureRequest } from "../measure/measurer.js";

/** Infinity: until it is stopped, or until its count is out at a rate that nobody knows. */
export function lastsNsOf({ durationNs, count, pps, resetAtNs }: MeasureRequest, settleNs: number): number {
  if (resetAtNs !== undefined || (count !== null && pps === null)) return Number.POSITIVE_INFINITY;
  const sendsNs = count === null || pps === null ? durationNs : (count * 1e9) / pps;
  return sendsNs + settleNs;
}
