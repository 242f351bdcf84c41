/**
 * Reset, RFC 2544 §26.6 as RFC 6201 updates it: frames of the least size at the throughput, and a reset in the middle.
 * The result is the time from the last frame before the reset to the first one after it (RFC 6201 §4.1.2, time stamps).
 * It is also the frames that the reset cost, as a time (frame loss). The measurer knows what is reset, and how.
 */

import type { MeasureRequest, Measurer } from "../../measure/measurer.js";
import type { Reset, Trial } from "../../result/run-result.js";
import { classOf, type Judged, judgedBy, notMeasured, type Reason, reasonsOf } from "../../stats/cause.js";
import { type FrameSize, formatRate, frameSizeName, meanFrameBytes } from "../../units.js";
import type { Rfc2544Settings } from "./settings.js";
import { spreadOf } from "./spread.js";

const attempts = 3;

type ResetTrial = Reset["trials"][number];

/** The least of the sizes that are tested (§26.6). */
export const leastSize = (sizes: readonly FrameSize[]): FrameSize | undefined =>
  [...sizes].sort((a, b) => meanFrameBytes(a) - meanFrameBytes(b))[0];

export async function reset(
  measurer: Measurer,
  settings: Rfc2544Settings,
  size: FrameSize,
  pps: number,
): Promise<Reset> {
  const { beforeNs, withinNs, repeats, how } = settings.reset;
  const request: MeasureRequest = {
    ...{ size, phase: "reset", pps, count: null, resetAtNs: beforeNs },
    rateText: formatRate({ kind: "pps", pps }),
    durationNs: beforeNs + withinNs,
  };
  const about = { frameBytes: frameSizeName(size), pps, how, withinNs };
  const trials: ResetTrial[] = [];
  for (let repeat = 0; repeat < repeats && measurer.ended() === null; repeat++) {
    const found = await resetTrial(measurer, request);
    if ("cause" in found) return { ...about, ...summary(trials), ...judgedBy("invalid", [found]) };
    trials.push(found);
  }
  return { ...about, ...summary(trials), ...judged(trials, withinNs) };
}

/** What a trial found, or why no trial could be used. */
async function resetTrial(measurer: Measurer, request: MeasureRequest): Promise<ResetTrial | Reason> {
  let why = notMeasured("no trial came to its end");
  for (let attempt = 0; attempt < attempts; attempt++) {
    const trials = await measurer.measure(request);
    const unusable = whyUnusable(trials);
    if (unusable === null) return foundIn(trials);
    why = unusable;
    if (measurer.ended() !== null) break;
  }
  return why;
}

/** Starting a device takes CPU time, which the generator may feel. Late frames spoil a rate, but not this time. */
function whyUnusable(trials: readonly Trial[]): Reason | null {
  const reasons = trials.flatMap((trial) => (trial.verdict === "invalid" ? reasonsOf(trial) : []));
  return reasons.find(({ cause }) => classOf(cause) === "unsound") ?? null;
}

/** Of several directions, the one that was silent longest. Pure. */
export function foundIn(trials: readonly Trial[]): ResetTrial {
  const lossNs = trials.map(({ lost, blocked, blockedOwn = 0, requested }) =>
    requested.pps === null ? 0 : ((lost + blocked - blockedOwn) * 1e9) / requested.pps,
  );
  const silences = trials.map(({ silence }) => silence ?? null);
  const isBack = trials.every(({ reset: done }) => done?.forwardsAgain === true);
  const times = silences.map((silence) => (silence === null ? 0 : silence.toNs - silence.fromNs));
  return {
    resetNs: isBack ? Math.max(...times) : null,
    byLossNs: isBack ? Math.max(...lossNs) : null,
    tookNs: Math.max(...trials.map(({ reset: done }) => done?.tookNs ?? 0)),
  };
}

function summary(trials: readonly ResetTrial[]): Pick<Reset, "trials" | "spread"> {
  return { trials: [...trials], spread: spreadOf(trials.flatMap(({ resetNs }) => resetNs ?? [])) };
}

function judged(trials: readonly ResetTrial[], withinNs: number): Judged {
  if (trials.length === 0) return judgedBy("invalid", [notMeasured("no trial came to its end")]);
  const never = trials.filter(({ resetNs }) => resetNs === null).length;
  if (never === 0) return judgedBy("pass", []);
  const within = `within ${Number((withinNs / 1e9).toPrecision(6))} s`;
  const text = `nothing came back ${within} of the reset, in ${never} of ${trials.length} trials`;
  return judgedBy("fail", [{ cause: "none came back", text }]);
}
