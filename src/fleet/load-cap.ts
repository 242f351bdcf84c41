/** What an agent sends at most. */
import { usageError } from "../errors.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunPlan } from "../measure/plan.js";
import { offeredPps } from "../stream/departures/loads.js";
import { rateOfShare, type Share } from "../stream/share.js";
import { formatRate } from "../units.js";

/** @throws PktgenError (2): its share of the trial is more than that. null: there is no limit. */
export function checkCap(plan: RunPlan, request: MeasureRequest, share: Share, maxPps: number | null): void {
  const { pps, steps } = request;
  if (maxPps === null) return;
  const accepted = `at most ${formatRate({ kind: "pps", pps: maxPps })} from each agent (--max-rate of the agent)`;
  if (pps === null)
    throw usageError("a trial at max has no limit, and this agent has one", { where: "--rate", accepted });
  const all = Math.max(pps, ownPps(plan, request), ...(steps ?? []).map((step) => step.pps));
  const most = rateOfShare(all, share);
  if (most <= maxPps) return;
  const what = `its share of ${formatRate({ kind: "pps", pps: Number(most.toPrecision(6)) })} is more than it sends`;
  throw usageError(what, { where: "--rate", accepted });
}

/** Streams at their own rates leave at these, whatever the request says. */
const ownPps = ({ ownRates, stream, lineRateBps }: RunPlan, { size, durationNs }: MeasureRequest): number =>
  ownRates === true ? offeredPps(stream, size, { kind: "own", lineRateBps }, durationNs) : 0;
