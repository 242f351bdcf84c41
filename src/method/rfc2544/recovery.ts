/**
 * System recovery, RFC 2544 §26.5: 110 % of the throughput for a minute, then, at time A, half of that. Time B is when
 * the last frame was lost, and recovery takes B − A. Loss is known frame by frame, so B is known to one gap between
 * frames. A frame that the device refused counts as lost.
 */

import type { MeasureRequest, Measurer } from "../../measure/measurer.js";
import { useOf } from "../../measure/outcome.js";
import type { Recovery, Trial } from "../../result/run-result.js";
import { type Judged, judgedBy, notMeasured, type Reason } from "../../stats/cause.js";
import { lossShareOf } from "../../stats/loss.js";
import { meanPps, type RateStep } from "../../stream/departures/steps.js";
import { type FrameSize, formatRate, frameSizeName } from "../../units.js";
import { linePps } from "../search-run.js";
import type { Rfc2544Settings } from "./settings.js";
import { spreadOf } from "./spread.js";

/** Of the throughput, §26.5. */
const overloadShare = 1.1;
/** Of the overload, §26.5. */
const recoveryShare = 0.5;
const attempts = 3;

/** What recovery starts from: a size's throughput, and whether more than it can be offered. */
export interface Throughput {
  readonly pps: number;
  /** The device was the limit: above this rate it loses frames. */
  readonly byDevice: boolean;
}

export async function recovery(
  measurer: Measurer,
  settings: Rfc2544Settings,
  size: FrameSize,
  throughput: Throughput,
): Promise<Recovery> {
  const { overloadNs, afterNs, repeats } = settings.recovery;
  const line = linePps(size, settings.lineRateBps);
  const overloadPps = Number(Math.min(throughput.pps * overloadShare, line).toPrecision(12));
  const steps: readonly RateStep[] = [
    { pps: overloadPps, durationNs: overloadNs },
    { pps: overloadPps * recoveryShare, durationNs: afterNs },
  ];
  const about = {
    frameBytes: frameSizeName(size),
    throughputPps: throughput.pps,
    ...{ overloadPps, overloadNs, afterPps: overloadPps * recoveryShare, afterNs },
  };
  const note = whyNot(throughput, settings.isSigned(size));
  if (note !== null) return { ...about, ...summary([]), ...judgedBy("pass", []), note };
  const found: { recoveryNs: number | null; lossRatio: number }[] = [];
  for (let repeat = 0; repeat < repeats && measurer.ended() === null; repeat++) {
    const trials = await overloaded(measurer, requestOf(size, steps));
    if ("cause" in trials) return { ...about, ...summary(found), ...judgedBy("invalid", [trials]) };
    found.push({ recoveryNs: recoveryNsOf(trials, steps), lossRatio: lossShareOf(trials) });
  }
  return { ...about, ...summary(found), ...judged(found, afterNs) };
}

/** null: recovery can be measured. */
function whyNot({ byDevice }: Throughput, isSigned: boolean): string | null {
  if (!isSigned) return "not measured: frames too small for a number, so that nobody can tell when one was lost";
  return byDevice ? null : "not measured: nothing above the throughput can be offered, the device was not its limit";
}

const requestOf = (size: FrameSize, steps: readonly RateStep[]): MeasureRequest => ({
  ...{ size, steps, phase: "recovery", pps: meanPps(steps), count: null },
  rateText: steps.map(({ pps }) => formatRate({ kind: "pps", pps })).join(", then "),
  durationNs: steps.reduce((sum, { durationNs }) => sum + durationNs, 0),
});

/** A trial that can be used, or why there is none. */
async function overloaded(measurer: Measurer, request: MeasureRequest): Promise<readonly Trial[] | Reason> {
  let why = notMeasured("no trial came to its end");
  for (let attempt = 0; attempt < attempts; attempt++) {
    const trials = await measurer.measure(request);
    const use = useOf(trials);
    if (use.kind === "measured") return trials;
    why = use.why;
    if (measurer.ended() !== null) break;
  }
  return why;
}

/** B − A of the direction that took longest; null: it still lost frames at the end, or has no numbers to tell by. */
export function recoveryNsOf(trials: readonly Trial[], [overload, after]: readonly RateStep[]): number | null {
  const times = trials.map(({ lossUntilNs = null }) =>
    // Behind the last frame that was lost the next one left a gap later.
    lossUntilNs === null ? null : Math.max(0, lossUntilNs - 1e9 / after.pps - overload.durationNs),
  );
  return times.some((ns) => ns === null) ? null : Math.max(...(times as number[]));
}

function summary(
  found: readonly { recoveryNs: number | null; lossRatio: number }[],
): Pick<Recovery, "trialsNs" | "lossRatio" | "spread"> {
  const trialsNs = found.map(({ recoveryNs }) => recoveryNs);
  return {
    trialsNs,
    lossRatio: found.length === 0 ? 0 : found.reduce((sum, { lossRatio }) => sum + lossRatio, 0) / found.length,
    spread: spreadOf(trialsNs.filter((ns) => ns !== null)),
  };
}

function judged(
  found: readonly { recoveryNs: number | null; lossRatio: number }[],
  afterNs: number,
): Judged & Pick<Recovery, "note"> {
  if (found.length === 0) return judgedBy("invalid", [notMeasured("no trial came to its end")]);
  const never = found.filter(({ recoveryNs }) => recoveryNs === null).length;
  const seconds = Number((afterNs / 1e9).toPrecision(6));
  if (never > 0) {
    const text = `frames were still lost after ${seconds} s at half the load, in ${never} of ${found.length} trials`;
    return judgedBy("fail", [{ cause: "lost", text }]);
  }
  const without = found.every(({ lossRatio }) => lossRatio === 0);
  return { ...judgedBy("pass", []), ...(without ? { note: "the overload cost no frame" } : {}) };
}
