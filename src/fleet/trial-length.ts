/** How long a trial takes on each agent, from its request. Pure. */
import type { FlowRole } from "../engine/loop/index.js";
import type { MeasureRequest } from "../measure/measurer.js";

/** Infinity: until it is stopped, or until its count is out at a rate that nobody knows. */
export function lastsNsOf({ durationNs, count, pps, resetAtNs }: MeasureRequest, settleNs: number): number {
  if (resetAtNs !== undefined || (count !== null && pps === null)) return Number.POSITIVE_INFINITY;
  const sendsNs = count === null || pps === null ? durationNs : (count * 1e9) / pps;
  return sendsNs + settleNs;
}

/** No agent's own clock or count ends it. Who only receives ends by what its senders say, where nobody knows how long it takes. */
export const endsByStopOnly = ({ durationNs, count, pps }: MeasureRequest, flow: FlowRole | undefined): boolean =>
  count === null ? !Number.isFinite(durationNs) : flow?.sends === false && pps === null;
