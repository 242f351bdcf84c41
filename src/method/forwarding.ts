/**
 * The forwarding test: for each frame size, frames go through the DUT and back. By default each size gets two trials.
 * `forwarding` sends an exact count at a low rate, and all of it must come back intact. `rate` sends for one second at
 * max.
 */
import { PktgenError } from "../errors.js";
import { openLabBench } from "../measure/bench.js";
import type { MeasureRequest } from "../measure/measurer.js";
import { type RunHooks, type RunPlan, type TrialChoice, withRings } from "../measure/plan.js";
import { checkPlan } from "../measure/plan-check.js";
import type { RunResult, Trial } from "../result/run-result.js";
import { faultReason, type Reason, withReasons } from "../stats/cause.js";
import { offeredPps } from "../stream/departures/loads.js";
import { type FrameSize, formatRate, meanFrameBytes, type Rate, ratePps } from "../units.js";
import { judgeTrials } from "./method-verdict.js";

/** The default pair of trials. */
const forwardingCount = 10_000;
const forwardingPps = 10_000;
const rateDurationNs = 1e9;
/** All trials of a run, in order. Pure. */
export function plannedTrials(plan: RunPlan): MeasureRequest[] {
  const perSize = (size: FrameSize): MeasureRequest[] => {
    if (plan.trials === "default") {
      const forwarding = { size, phase: "forwarding", rateText: "10kpps", pps: forwardingPps } as const;
      return [
        { ...forwarding, durationNs: Number.POSITIVE_INFINITY, count: forwardingCount },
        { size, phase: "rate", rateText: "max", pps: null, durationNs: rateDurationNs, count: null },
      ];
    }
    const { durationNs, count } = plan.trials;
    const { rate, pps } = rateOf(plan, plan.trials, size);
    return [
      {
        size,
        phase: "rate",
        rateText: formatRate(rate),
        pps: Number.isFinite(pps) ? pps : null,
        durationNs: count === null ? (durationNs ?? rateDurationNs) : Number.POSITIVE_INFINITY,
        count,
      },
    ];
  };
  return plan.sizes.flatMap((size) => Array.from({ length: plan.repeat }, () => perSize(size)).flat());
}

/** Streams at their own rates come to another rate for each size, where these are of bits. */
function rateOf(
  { ownRates, stream, lineRateBps }: RunPlan,
  { rate, durationNs }: Exclude<TrialChoice, "default">,
  size: FrameSize,
): { readonly rate: Rate; readonly pps: number } {
  if (ownRates !== true) return { rate, pps: ratePps(rate, meanFrameBytes(size), lineRateBps) };
  const pps = offeredPps(stream, size, { kind: "own", lineRateBps }, durationNs);
  return { rate: { kind: "pps", pps }, pps };
}

/**
 * Runs the plan. Rejects with a PktgenError where it cannot begin. What ends the run later stands in the reasons of the
 * last trial, and the results until then are returned. `open`: what it measures on.
 */
export async function runForwarding(asked: RunPlan, hooks: RunHooks, open = openLabBench): Promise<RunResult> {
  checkPlan(asked);
  const started = new Date();
  const isSet = asked.trials !== "default" && asked.trials.rate.kind !== "max";
  const plan = { ...asked, dut: withRings(asked.dut, isSet ? "atSetRate" : "atMax") };
  const planned = plannedTrials(plan);
  await using bench = await open(plan, hooks, planned.length);
  const trials: Trial[] = [];
  try {
    if (planned.length > 0 && plan.warmupNs > 0) await bench.warmUp(planned[0]!);
    for (const [index, next] of planned.entries()) {
      if (hooks.signal.aborted && trials.length > 0) break;
      const directions = await bench.trial(next, index);
      trials.push(...directions);
      for (const trial of directions) hooks.onTrial?.(trial);
      const ended = await bench.ended();
      if (ended === null) continue;
      endEarly(trials, planned.length - index - 1, ended);
      break;
    }
  } catch (error) {
    // Nothing measured is lost because a later trial could not begin.
    if (trials.length === 0 || !(error instanceof PktgenError)) throw error;
    endInvalid(trials, `the run ended: ${error.toLine()}`);
  }
  const document = await bench.document(trials, started);
  return bench.advised({ ...document, ...judgeTrials(document.trials) });
}

/** The last trial says which trials did not run. */
function endEarly(trials: Trial[], left: number, { text }: Reason): void {
  if (left === 0 || trials.length === 0) return;
  endInvalid(trials, `${left} further ${left === 1 ? "trial was" : "trials were"} not run: ${text}`);
}

function endInvalid(trials: Trial[], text: string): void {
  trials[trials.length - 1] = withReasons(trials[trials.length - 1], "invalid", [faultReason(text)]);
}
